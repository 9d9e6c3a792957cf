"""`adain dataset`: a whole tree of pictures in random styles."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from adain_nodes.cli import options
from adain_nodes.cli.console import err, escape, out, progress
from adain_nodes.core.errors import InvalidValueError

if TYPE_CHECKING:
    from adain_nodes.dataset.run import Summary

_WORK = "Work"

Styles = Annotated[Path, typer.Option("--styles", "-s", help="The folder of the styles, with all folders in it.")]
Copies = Annotated[int, typer.Option(help="Results for each picture, each in a style of its own.")]
Alpha = Annotated[str, typer.Option(help="How far to go, or two numbers to choose between: 0.5:1.")]
Seed = Annotated[int, typer.Option(help="Another one draws other styles.")]
Format = Annotated[
    Literal["same", "png", "jpg", "webp", "tiff"], typer.Option(help="That of each picture, or one for all results.")
]
Workers = Annotated[
    int,
    options.option("--workers", panel=_WORK, help="Processes, or Ray's actors; 0: one for each core, with Ray one."),
]
Ray = Annotated[
    str,
    options.option("--ray", panel=_WORK, metavar="ADDRESS", help="Work on a Ray cluster: its address, auto or local."),
]


def dataset(
    source: Annotated[Path, typer.Argument(help="The folder of the pictures, with all folders in it.")],
    target: Annotated[Path, typer.Argument(help="The folder of the results, which get the same tree.")],
    styles: Styles,
    copies: Copies = 1,
    alpha: Alpha = "1",
    seed: Seed = 0,
    preserve_color: options.PreserveColor = "none",
    size: options.Size = 0,
    style_size: options.StyleSize = 512,
    format: Format = "same",
    quality: options.Quality = 95,
    max_pixels: options.MaxPixels = 512_000_000,
    model: options.Model = "lite",
    decoder: options.DecoderFile = None,
    device: options.Device = "auto",
    dtype: options.Dtype = "auto",
    workers: Workers = 0,
    ray: Ray = "",
) -> None:
    """Stylise a data set: every picture of a tree in one or several random styles.

    Interrupted, it goes on when the same command is run again. TARGET/manifest.jsonl says of every result what it was
    made of, and of every picture that failed why.
    """
    from adain_nodes.dataset.plan import Job
    from adain_nodes.dataset.run import stylize_dataset

    job = Job(
        source, target, styles, copies, _range(alpha), seed, size, style_size, preserve_color,
        "" if format == "same" else f".{format}", quality, model, decoder, max_pixels,
    )  # fmt: skip
    if ray:
        from adain_nodes.dataset.cluster import on_ray

        make = partial(on_ray, job, address=ray, workers=workers or 1, device=device, dtype=dtype)
    else:
        from adain_nodes.dataset.workers import in_processes

        make = partial(in_processes, job, workers=workers, device=device, dtype=dtype)
    with progress("results") as bar:
        task = bar.add_task("Stylising", total=None)
        summary = stylize_dataset(job, make, progress=lambda done, total: bar.update(task, completed=done, total=total))
    _summarise(summary, target)
    if summary.failed:
        raise typer.Exit(1)


def _summarise(summary: Summary, target: Path) -> None:
    for name, reason in summary.failed:
        err.print(f"[red]Failed:[/] {escape(reason if name in reason else f'{name}: {reason}')}", soft_wrap=True)
    counts = f"{summary.made} made, {summary.kept} there already, {len(summary.failed)} failed"
    out.print(f"{counts}: {escape(str(target))}", soft_wrap=True)


def _range(text: str) -> tuple[float, float]:
    low, _, high = text.partition(":")
    try:
        return float(low), float(high or low)
    except ValueError as error:
        raise InvalidValueError(f"{text!r} is no alpha.", "Write a number, or two with a colon: 0.5:1.") from error
