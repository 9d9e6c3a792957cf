"""`adain evaluate` and `adain benchmark`: how good, how fast, on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from adain_nodes.cli import options
from adain_nodes.cli.console import err, out, progress, waiting

Models = Annotated[
    list[str],
    typer.Option(
        "--model",
        "-m",
        help="A model, a weight file, one with another decoder (vgg19+FILE), or a baseline: microast:FOLDER, "
        "gatys:ITERATIONS, gatys-in:ITERATIONS (AdaIN's statistics), swap; repeat it.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


def evaluate(
    content: Annotated[list[str], typer.Option("--content", help="Photographs: files, folders or globs.")],
    style: Annotated[list[str], typer.Option("--style", "-s", help="Styles: files, folders or globs.")],
    model: Models = ["lite"],  # noqa: B006 (Typer copies it)
    loss_network: Annotated[
        str, typer.Option(help="The VGG-19 that judges: a name of the catalogue or a weight file.")
    ] = "vgg19-normalised",
    side: Annotated[int, typer.Option(help="Side of the square pictures in pixels.")] = 256,
    device: options.Device = "auto",
    dtype: options.Dtype = "float32",
    as_json: AsJson = False,
) -> None:
    """Measure style, content and SSIM over all pairs of photographs and styles, with two controls.

    The figures of the project are those of 256 px, float32 and the normalised VGG-19.
    """
    with waiting("Loading the loss network …"):
        from adain_nodes.evaluation.methods import by_label, load_method
        from adain_nodes.evaluation.metrics import LossNetwork
        from adain_nodes.evaluation.table import evaluate as measure
        from adain_nodes.evaluation.table import read_squares

        network = LossNetwork.load(loss_network, device=device)
    with waiting("Loading the models …"):
        methods = {label: load_method(each, device=device, dtype=dtype) for label, each in by_label(model).items()}
    contents, styles = read_squares(content, side), read_squares(style, side)
    with progress("pictures") as bar:
        task = bar.add_task("Evaluating", total=None)
        table = measure(
            methods,
            contents,
            styles,
            network,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    _print(table.json() if as_json else table.markdown())


def benchmark(
    model: Models = ["vgg19", "lite"],  # noqa: B006 (Typer copies it)
    size: Annotated[
        list[int], typer.Option("--size", help="Side of the square picture in pixels; repeat it for several.")
    ] = [512],  # noqa: B006
    rounds: Annotated[int, typer.Option(help="Repetitions; medians are printed.")] = 7,
    engine: Annotated[
        list[str], typer.Option("--engine", help="Measure lite with this engine too; repeat it (compile, openvino).")
    ] = [],  # noqa: B006
    baselines: Annotated[
        bool, typer.Option("--baselines", help="Measure Gatys' optimisation and style swap too: minutes.")
    ] = False,
    device: options.Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Measure speed, start-up and memory beside the plain PyTorch port, in one run."""
    with err.status("Loading …") as status:
        from adain_nodes.evaluation.benchmark import run_benchmark

        result = run_benchmark(
            model,
            sides=size,
            rounds=rounds,
            engines=engine,
            device=device,
            baselines=baselines,
            progress=lambda name: status.update(f"Measuring {name} …"),
        )
    _print(result.json() if as_json else result.markdown())


def _print(text: str) -> None:
    out.print(text, soft_wrap=True, highlight=False, markup=False)
