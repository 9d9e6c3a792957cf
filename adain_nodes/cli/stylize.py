"""`adain stylize`: photographs × styles, from files into files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from adain_nodes.cli import options
from adain_nodes.cli.console import err, escape, explain_notes, out, progress

if TYPE_CHECKING:
    from adain_nodes.batch import Report, Task
    from adain_nodes.recipe import Cook


def stylize(
    photos: options.Photos,
    style: options.Styles = [],  # noqa: B006 (Typer copies it)
    mask: options.Masks = [],  # noqa: B006
    alpha: options.Alpha = 1.0,
    preserve_color: options.PreserveColor = "none",
    size: options.Size = 0,
    style_size: options.StyleSize = 512,
    out_path: options.Out = Path("results"),
    format: options.Format = "png",
    depth: options.Depth = "8",
    quality: options.Quality = 95,
    lossless: options.Lossless = False,
    recursive: options.Recursive = False,
    skip_existing: options.SkipExisting = False,
    max_pixels: options.MaxPixels = 512_000_000,
    max_memory: options.MaxMemory = 0,
    model: options.Model = "lite",
    decoder: options.DecoderFile = None,
    device: options.Device = "auto",
    dtype: options.Dtype = "auto",
    engine: options.Engine = "torch",
) -> None:
    """Give photographs the style of pictures.

    Every photograph meets every style. Results carry their parameters: `adain repeat RESULT` makes one again.
    """
    from adain_nodes.batch import plan
    from adain_nodes.recipe import Cook

    settings = {
        "alpha": alpha, "preserve_color": preserve_color, "size": size, "style_size": style_size,
        "model": model, "decoder": decoder, "depth": int(depth), "quality": quality, "lossless": lossless,
    }  # fmt: skip
    tasks = plan(photos, style, mask, out_path, f".{format}", recursive=recursive, settings=settings)
    limits = {"max_pixels": max_pixels, "max_memory": max_memory}
    transfer = options.load(model, decoder, device, dtype, engine=engine, **limits)
    execute(tasks, Cook(transfer), skip_existing=skip_existing)


def execute(tasks: list[Task], cook: Cook, *, skip_existing: bool = False) -> None:
    """Run tasks with a progress bar and a summary; exit status 1 when one of them failed."""
    from adain_nodes.batch import run

    explain_notes()
    with progress() as bar:
        total = bar.add_task("Stylising", total=len(tasks))
        report = run(tasks, cook, skip_existing=skip_existing, progress=lambda done: bar.update(total, completed=done))
    summarise(report)
    if report.failed:
        raise typer.Exit(1)


def summarise(report: Report) -> None:
    """What was made, what was said, and what failed and why."""
    for path, note in dict.fromkeys(report.notes):
        err.print(f"[dim]{escape(str(path))}: {escape(note)}[/]", soft_wrap=True)
    for path, reason in report.failed:
        err.print(f"[red]Failed:[/] {escape(reason if str(path) in reason else f'{path}: {reason}')}", soft_wrap=True)
    counts = [f"{len(report.done)} made"]
    counts += [f"{len(report.skipped)} there already"] * bool(report.skipped)
    counts += [f"{len(report.failed)} failed"] * bool(report.failed)
    places = dict.fromkeys(str(path.parent) for path in report.done)
    where = str(report.done[0]) if len(report.done) == 1 else ", ".join(places)
    out.print(f"{', '.join(counts)}{f': {escape(where)}' if where else ''}", soft_wrap=True)
