"""`adain styles`: styles as small files to keep and share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adain_nodes.cli import options
from adain_nodes.cli.console import escape, explain_notes, out

app = typer.Typer(help="Save pictures as styles of a few kilobytes, and look at them.", no_args_is_help=True)


@app.command("save")
def save(
    pictures: Annotated[list[str], typer.Argument(metavar="PICTURE[:WEIGHT]…", help="Several are blended.")],
    out_path: Annotated[Path, typer.Option("--out", "-o", help="The file to write, STYLE.safetensors.")],
    mask: Annotated[Path | None, typer.Option(help="Only the white part of this mask is the style.")] = None,
    style_size: options.StyleSize = 512,
    model: options.Model = "lite",
    decoder: options.DecoderFile = None,
    device: options.Device = "auto",
) -> None:
    """Encode pictures once; `--style FILE` then takes the file in their place.

    The file fits the model that made it, and no other.
    """
    from adain_nodes.batch import weighted
    from adain_nodes.core.style_file import save_style

    explain_notes()
    paths, weights = zip(*map(weighted, pictures), strict=True)
    # float32: a style is kept for long, and should not depend on the precision of the machine that saved it.
    transfer = options.load(model, decoder, device, "float32")
    style = transfer.encode_style(paths, weights=weights, mask=mask, size=style_size)
    target = save_style(style, out_path)
    out.print(f"{escape(str(target))} ({target.stat().st_size / 1000:.1f} kB)", soft_wrap=True)


@app.command("show")
def show(files: Annotated[list[Path], typer.Argument(metavar="STYLE.safetensors…")]) -> None:
    """Print what saved styles are: their origin, encoder and statistics."""
    from rich.table import Table

    from adain_nodes.core.style_file import load_style

    for file in files:
        style = load_style(file)
        table = Table(
            title=escape(f"{file}: {style.note or 'no note'}"),
            caption=escape(f"{style.encoder}, {style.convention.name} variance"),
        )
        for heading in ("level", "channels", "mean of the means", "mean of the deviations"):
            table.add_column(heading, justify="left" if heading == "level" else "right")
        for name, level in zip(style.names, style.levels, strict=True):
            numbers = (level.mean.shape[1], f"{level.mean.mean():.3f}", f"{level.std.mean():.3f}")
            table.add_row(escape(name), *map(str, numbers))
        out.print(table)
