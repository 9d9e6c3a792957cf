"""One run over a data set: what is not there yet is made, and written down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.dataset.manifest import Row, opened
from adain_nodes.dataset.plan import Item, Job, plan, styles_of

Make: TypeAlias = Callable[[Sequence[Item]], Iterator[Row]]
"""Makes results, in any order: ``workers.in_processes`` or ``cluster.on_ray``, with their settings."""


@dataclass
class Summary:
    """How many results a run made and how many it found; ``failed`` pairs names of pictures with sentences."""

    made: int = 0
    kept: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)


def stylize_dataset(
    job: Job, make: Make, *, progress: Callable[[int, int], None] = lambda done, total: None
) -> Summary:
    """Make what is missing of a data set, and tell ``progress`` how many results of all there are.

    A run that ended, however it ended, goes on where it was when it is called again; what failed is tried again. The
    results depend neither on that nor on who makes them. Raises the errors of ``plan``, ``opened`` and ``make``, and
    InvalidValueError for a target inside the source, where the next run would take results for pictures.
    """
    if job.target.resolve().is_relative_to(job.source.resolve()):
        raise InvalidValueError(f"{job.target} lies inside {job.source}.", "Choose a folder outside of it.")
    styles = styles_of(job)
    items = plan(job, styles)
    with opened(job.target, job.settings(styles)) as manifest:
        waiting = [item for item in items if item.out not in manifest.done]
        summary = Summary(kept=len(items) - len(waiting))
        progress(summary.kept, len(items))
        for done, row in enumerate(make(waiting) if waiting else (), start=summary.kept + 1):
            manifest.add(row)
            if row["error"] is None:
                summary.made += 1
            else:
                summary.failed.append((row["source"], row["error"]))
            progress(done, len(items))
    return summary
