"""What the commands of single pictures share: where a result goes, and how it is written."""

from __future__ import annotations

from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from adain_nodes.cli.console import err, escape, out

if TYPE_CHECKING:
    from torch import Tensor

    from adain_nodes.baselines.optimisation import Outcome
    from adain_nodes.imaging import Picture


def place_of(context: typer.Context) -> Path:
    """The path of a command's result. Its folder is made now: after minutes of work nobody wants to hear of it.

    Raises OutputError where the folder cannot be made.
    """
    from adain_nodes.batch import weighted
    from adain_nodes.core.files import make_folder, shortened

    settings = context.params
    place = Path(settings["out_path"])
    if not place.suffix or place.is_dir():
        named = [settings[name] for name in ("photo", "picture", "style") if name in settings]
        lists = [value if isinstance(value, list) else [value] for value in named]
        sources = [weighted(str(each))[0] for each in chain(*lists)]
        stem = shortened("_".join(Path(source).stem for source in sources))
        place /= f"{stem}_{context.command.name}.png"
    make_folder(place.parent)
    return place


def transparency(content: Picture, size: int) -> Tensor | None:
    """The photograph's alpha at the size of the result."""
    from adain_nodes.imaging import resize

    return None if content.alpha is None else resize(content.alpha, size)


def write_result(
    context: typer.Context, place: Path, picture: Tensor, alpha: Tensor | None, outcome: Outcome | None = None
) -> None:
    """Write a result with what made it, and say where."""
    from adain_nodes import __version__
    from adain_nodes.imaging import write_image

    settings = {name: str(value) if isinstance(value, Path) else value for name, value in context.params.items()}
    del settings["out_path"]
    about: dict[str, object] = {"version": __version__, "command": context.command.name, **settings}
    if outcome:
        about |= {"iterations_done": len(outcome.losses), "losses": outcome.losses[-1]}
        said = ", ".join(f"{name} {value:.4g}" for name, value in outcome.losses[-1].items())
        ended = "Stopped" if outcome.cancelled else "Done"
        out.print(f"{ended} after {len(outcome.losses)} iterations: {said}", soft_wrap=True)
    for note in write_image(place, picture, alpha=alpha, parameters=about):
        err.print(f"[dim]{escape(note)}[/]", soft_wrap=True)
    out.print(escape(str(place)), soft_wrap=True)
