"""What a stylised data set consists of: decided file by file, whoever makes it and in whatever order."""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from adain_nodes.core.adain import check_alpha
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.encoding import STYLE_SIZE
from adain_nodes.imaging import MAX_PIXELS, OUTPUT_FORMATS, find_images
from adain_nodes.pipeline import check_preserve_color


@dataclass(frozen=True)
class Job:
    """A tree of pictures and the styles for it; what it says decides every byte of the result but for the machine's.

    Each picture below ``source`` becomes ``copies`` pictures below ``target``, each in one of the ``styles`` (a folder,
    searched with all folders in it) chosen at random, with an alpha between the two of ``alpha``. ``suffix`` is that
    of the results, "" keeps each picture's own where it can be written. Raises InvalidValueError for values out of
    range.
    """

    source: Path
    target: Path
    styles: Path
    copies: int = 1
    alpha: tuple[float, float] = (1.0, 1.0)
    seed: int = 0
    size: int = 0
    style_size: int = STYLE_SIZE
    preserve_color: str = "none"
    suffix: str = ""
    quality: int = 95
    model: str = "lite"
    decoder: str | None = None
    max_pixels: int = MAX_PIXELS

    def __post_init__(self) -> None:
        check_preserve_color(self.preserve_color)
        for alpha in self.alpha:
            check_alpha(alpha)
        if self.alpha[0] > self.alpha[1]:
            raise InvalidValueError(
                f"alpha goes from {self.alpha[0]:g} down to {self.alpha[1]:g}.", "Write the smaller number first."
            )
        if self.copies < 1:
            raise InvalidValueError(f"{self.copies} copies of each picture were asked for.", "Ask for 1 or more.")
        if self.suffix and self.suffix not in OUTPUT_FORMATS:
            raise InvalidValueError(f"{self.suffix!r} is no format.", f"Choose one of {', '.join(OUTPUT_FORMATS)}.")

    def settings(self, styles: Iterable[str]) -> dict[str, Any]:
        """What must not change from one run to the next; of the ``styles`` a digest of their names."""
        names = hashlib.sha256("\n".join(styles).encode()).hexdigest()[:12]
        places = {"source": str(self.source.resolve()), "styles": f"{self.styles.resolve()} ({names})"}
        return (
            {name: value for name, value in asdict(self).items() if name != "target"}
            | places
            | {"alpha": list(self.alpha)}
        )


@dataclass(frozen=True)
class Item:
    """One result: its names below the folders of the job, with slashes, and what was drawn for it."""

    source: str
    out: str
    style: str
    alpha: float
    seed: int


def styles_of(job: Job) -> list[str]:
    """The names of the styles below their folder. Raises ImageError where there is none."""
    return _names(job.styles)


def plan(job: Job, styles: list[str]) -> list[Item]:
    """Every result of a job.

    Each is drawn with a seed of its own, which depends on the job's, the picture's name and the number of the copy
    alone: the result does not depend on what else is made, nor on who makes it when. Raises ImageError where there is
    no picture, and InvalidValueError where two results would have one name.
    """
    items = [_drawn(job, source, copy, styles) for source in _names(job.source) for copy in range(1, job.copies + 1)]
    _check_names(items)
    return items


def _drawn(job: Job, source: str, copy: int, styles: list[str]) -> Item:
    seed = int.from_bytes(hashlib.sha256(f"{job.seed}/{source}/{copy}".encode()).digest()[:4], "big")
    chance = random.Random(seed)
    style, alpha = chance.choice(styles), round(chance.uniform(*job.alpha), 4)
    stem, suffix = os.path.splitext(source)  # noqa: PTH122 - names with slashes, on every system
    number = f"-{copy}" if job.copies > 1 else ""
    kept = suffix if suffix.lower() in OUTPUT_FORMATS else ".png"
    return Item(source, f"{stem}{number}{job.suffix or kept}", style, alpha, seed)


def _names(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in find_images([folder], recursive=True)]


def _check_names(items: Iterable[Item]) -> None:
    """Two results of one name would be one, also where the file system makes no difference between a and A."""
    seen: dict[str, Item] = {}
    for item in items:
        other = seen.setdefault(item.out.casefold(), item)
        if other is not item:
            raise InvalidValueError(
                f"{other.source} and {item.source} would both become {item.out}.",
                "Rename one of them, or choose another format.",
                out=item.out,
            )


def row(item: Item, *, sha256: str | None = None, error: str | None = None) -> Mapping[str, Any]:
    """What the manifest says about a result: how it was made, and its digest, or why it was not."""
    return {**asdict(item), "sha256": sha256, "error": error}
