"""`adain figure`: the paper's figures and its table, with the models that are available here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adain_nodes.cli import options
from adain_nodes.cli.console import err, escape, out, progress, waiting

if TYPE_CHECKING:
    from PIL import Image

app = typer.Typer(help="Make the figures of the paper with the models that are available here.", no_args_is_help=True)

Out = Annotated[Path, typer.Option("--out", "-o", help="A folder for the figure and its table.")]
Models = Annotated[
    list[str], typer.Option("--model", "-m", help="A method, as for `adain evaluate`; repeat it for several.")
]

PICTURES = {
    "alpha": "Figure 7: from the photograph to the style.",
    "interpolation": "Figure 8: between four styles.",
    "color": "Figure 9: a style in the photograph's colours.",
    "regions": "Figure 10: a style of its own for each region.",
}


def _command(name: str, help: str) -> Callable[..., None]:
    def draw(
        out_path: Out = Path("results/figures"),
        size: Annotated[int, typer.Option(help="Side of the square photograph in pixels.")] = 384,
        model: options.Model = "vgg19",
        decoder: options.DecoderFile = None,
        device: options.Device = "auto",
        dtype: options.Dtype = "auto",
    ) -> None:
        from adain_nodes.evaluation.figures.pictures import PICTURES as DRAW

        transfer = options.load(model, decoder, device, dtype)
        with waiting("Drawing …"):
            picture = DRAW[name](transfer, size)
        _save(picture, out_path / f"{name}.jpg")

    draw.__doc__ = help
    return draw


for _name, _help in PICTURES.items():
    app.command(_name)(_command(_name, _help))


@app.command("losses")
def losses(
    content: Annotated[list[str], typer.Option("--content", help="Photographs: files, folders or globs.")],
    style: Annotated[list[str], typer.Option("--style", "-s", help="Styles: files, folders or globs.")],
    out_path: Out = Path("results/figures"),
    model: Models = ["vgg19", "lite", "swap", "wct"],  # noqa: B006 (Typer copies it)
    pairs: Annotated[int, typer.Option(help="How many pairs of a photograph and a style.")] = 8,
    iterations: Annotated[int, typer.Option(help="Of Gatys' method.")] = 300,
    side: Annotated[int, typer.Option(help="Side of the square pictures in pixels.")] = 256,
    device: options.Device = "auto",
    dtype: options.Dtype = "auto",
) -> None:
    """Figure 3: losses of each method, and of Gatys' on its way; takes minutes a pair.

    What was measured is kept in the folder, and not measured again.
    """
    with waiting("Loading …"):
        from adain_nodes.backend import choose_backend
        from adain_nodes.checkpoints.networks import load_encoder
        from adain_nodes.evaluation.figures.losses import ITERATIONS, contenders, measure_losses
        from adain_nodes.evaluation.gallery import Gallery
        from adain_nodes.evaluation.methods import by_label, load_method
        from adain_nodes.evaluation.metrics import LossNetwork
        from adain_nodes.evaluation.store import Store
        from adain_nodes.models.vgg import NORMALISED

        galleries = Gallery.read(content, side), Gallery.read(style, side)
        named = {label: load_method(each, device=device, dtype=dtype) for label, each in by_label(model).items()}
        stops = [*(stop for stop in ITERATIONS if stop < iterations), iterations]
        methods = contenders(named, load_encoder(NORMALISED), stops, choose_backend(device, dtype))
        network = LossNetwork.load(device=device)
    with progress("runs") as bar:
        task = bar.add_task("Measuring", total=None)
        figure = measure_losses(
            methods,
            *galleries,
            pairs,
            network,
            Store(out_path / "kept"),
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    _write(out_path, "losses", figure.markdown(), figure.csv())
    _save(figure.picture(), out_path / "losses.png")


@app.command("speed")
def speed(
    out_path: Out = Path("results/figures"),
    model: Models = ["vgg19", "lite", "swap"],  # noqa: B006
    size: Annotated[
        list[int], typer.Option("--size", help="Side of the square picture in pixels; repeat it for several.")
    ] = [256, 512],  # noqa: B006
    rounds: Annotated[int, typer.Option(help="Repetitions; medians are given.")] = 3,
    iterations: Annotated[
        int, typer.Option(help="Of Gatys' method; from fewer than 500 the time of 500 is estimated.")
    ] = 500,
    device: options.Device = "auto",
) -> None:
    """Table 1: seconds a picture, with and without the encoding of its style."""
    with err.status("Loading …") as status:
        from adain_nodes.evaluation.figures.speed import measure_table

        table = measure_table(
            model,
            sides=size,
            rounds=rounds,
            iterations=iterations,
            device=device,
            progress=lambda name: status.update(f"Measuring {name} …"),
        )
    _write(out_path, "speed", table.markdown(), table.csv())


def _write(folder: Path, name: str, markdown: str, csv: str) -> None:
    """Write a table into files, and show it."""
    from adain_nodes.core.files import make_folder, replace_file

    make_folder(folder)
    replace_file(folder / f"{name}.md", markdown.encode())
    replace_file(folder / f"{name}.csv", csv.encode())
    out.print(markdown, soft_wrap=True, highlight=False, markup=False)


def _save(picture: Image.Image, path: Path) -> None:
    import numpy as np

    from adain_nodes.core.files import make_folder
    from adain_nodes.imaging import to_tensor, write_image

    make_folder(path.parent)
    write_image(path, to_tensor(np.asarray(picture)), quality=85)
    out.print(escape(str(path)), soft_wrap=True)
