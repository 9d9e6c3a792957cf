"""`adain demo`: the example pictures, stylised, on one sheet."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adain_nodes.cli import options
from adain_nodes.cli.console import err, escape, out, waiting
from adain_nodes.cli.stylize import execute


def demo(
    out_path: Annotated[Path, typer.Option("--out", "-o", help="The folder for the pictures and their sheet.")] = Path(
        "results/demo"
    ),
    size: Annotated[int, typer.Option("--size", help="Short side of the results in pixels.")] = 384,
    alpha: options.Alpha = 1.0,
    model: options.Model = "lite",
    decoder: options.DecoderFile = None,
    device: options.Device = "auto",
    dtype: options.Dtype = "auto",
) -> None:
    """Stylise the example pictures and lay them out on a contact sheet. Needs no download."""
    from adain_nodes.batch import plan
    from adain_nodes.examples import examples
    from adain_nodes.recipe import Cook

    contents, styles = examples("content"), examples("style")
    settings = {"alpha": alpha, "size": size, "model": model, "decoder": decoder}
    tasks = plan(contents, [styles[0].parent], [], out_path, ".png", settings=settings)
    execute(tasks, Cook(options.load(model, decoder, device, dtype)))
    with waiting("Laying out the sheet …"):
        sheet = _sheet(contents, styles, [task.out for task in tasks], out_path / "contact_sheet.png")
    out.print(f"[bold]Contact sheet: {escape(str(sheet))}[/]", soft_wrap=True)
    err.print("For pictures of your own: `adain app` opens the web page.", soft_wrap=True)


def _sheet(contents: list[Path], styles: list[Path], results: list[Path], target: Path) -> Path:
    """One row a content, one column a style; ``results`` run along the rows."""
    from adain_nodes.examples import title
    from adain_nodes.imaging import contact_sheet, read_image, to_tensor, write_image

    cells = [read_image(path).rgb for path in results]
    rows = [cells[start : start + len(styles)] for start in range(0, len(cells), len(styles))]
    sheet = contact_sheet(
        rows,
        contents=[read_image(path).rgb for path in contents],
        styles=[read_image(path).rgb for path in styles],
        column_labels=[title(path) for path in styles],
    )
    import numpy as np

    write_image(target, to_tensor(np.asarray(sheet)))
    return target
