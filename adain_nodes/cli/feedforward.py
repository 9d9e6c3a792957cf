"""`adain feedforward`: a network that has learnt its styles, applied to a photograph."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adain_nodes.cli import baseline_options as baseline
from adain_nodes.cli import options
from adain_nodes.cli.console import waiting
from adain_nodes.cli.results import place_of, transparency, write_result


def feedforward(
    context: typer.Context,
    photo: baseline.Photo,
    weights: Annotated[Path, typer.Option("--weights", "-w", help="What `adain experiment single-style` wrote.")],
    style: Annotated[
        list[str],
        typer.Option(
            "--style", "-s", metavar="NAME[:WEIGHT]", help="A style that it learnt, or its number; several are blended."
        ),
    ] = [],  # noqa: B006 (Typer copies it)
    size: baseline.Size = 0,
    out_path: baseline.Out = Path("results"),
    device: options.Device = "auto",
    dtype: options.Dtype = "auto",
) -> None:
    """Stylise with a feed-forward network, which has learnt one style or several and needs no style picture."""
    with waiting("Stylising …"):
        from adain_nodes.backend import choose_backend
        from adain_nodes.batch import weighted
        from adain_nodes.checkpoints.networks import load_feedforward
        from adain_nodes.imaging import read_image, resize

        place, backend, content = place_of(context), choose_backend(device, dtype), read_image(photo)
        network = load_feedforward(weights).to(backend.device)
        names, amounts = zip(*map(weighted, style), strict=True) if style else ((), None)
        with backend.running():
            made = network.stylize(backend.place(resize(content.rgb, size)), network.shares(names, amounts))
    write_result(context, place, made, transparency(content, size))
