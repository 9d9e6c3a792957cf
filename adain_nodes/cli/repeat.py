"""`adain repeat`: make a result again from the parameters inside its file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adain_nodes.cli import options
from adain_nodes.cli.console import err, escape
from adain_nodes.cli.stylize import execute


def repeat(
    result: Annotated[Path, typer.Argument(help="A picture that `adain stylize` made.")],
    out_path: Annotated[
        Path | None, typer.Option("--out", "-o", help="Where to; NAME-repeat beside the result unless given.")
    ] = None,
    max_pixels: options.MaxPixels = 512_000_000,
    max_memory: options.MaxMemory = 0,
    device: options.Device = "auto",
) -> None:
    """Make a result again, from the same files with the same settings.

    The files must be where they were, or beside the result, and unchanged.
    """
    from adain_nodes.batch import Task
    from adain_nodes.imaging import read_parameters
    from adain_nodes.recipe import Cook, recipe_of

    parameters = read_parameters(result)
    recipe = recipe_of(parameters, result.parent)
    dtype, limits = str(parameters.get("dtype", "auto")), {"max_pixels": max_pixels, "max_memory": max_memory}
    transfer = options.load(recipe.model, recipe.decoder, device, dtype, **limits)
    if transfer.fingerprint != parameters.get("encoder"):
        err.print(
            f"[yellow]The model has changed:[/] the result was made with {escape(str(parameters.get('encoder')))}, "
            f"this is {escape(transfer.fingerprint)}; expect a different picture.",
            soft_wrap=True,
        )
    target = out_path or result.with_name(f"{result.stem}-repeat{result.suffix}")
    execute([Task(recipe, target)], Cook(transfer))
