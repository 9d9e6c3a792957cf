"""`adain evaluate` and `adain benchmark`: how good, how fast, on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adain_nodes.cli import options
from adain_nodes.cli.console import err, escape, interruptible, out, progress, waiting

Models = Annotated[
    list[str],
    typer.Option(
        "--model",
        "-m",
        help="A model, a weight file, one with another decoder (vgg19+FILE), or a baseline: microast:FOLDER, "
        "gatys:ITERATIONS, gatys-in:ITERATIONS (AdaIN's statistics), swap, wct, transport, histogram, exact-histogram; "
        "repeat it.",
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


def evaluate(
    content: Annotated[list[str], typer.Option("--content", help="Photographs: files, folders or globs.")],
    style: Annotated[list[str], typer.Option("--style", "-s", help="Styles: files, folders or globs.")],
    model: Models = ["lite"],  # noqa: B006 (Typer copies it)
    target: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="A folder for tables, pairs and a contact sheet; what it holds is kept."),
    ] = None,
    loss_network: Annotated[
        str, typer.Option(help="The VGG-19 that judges: a name of the catalogue or a weight file.")
    ] = "vgg19-normalised",
    side: Annotated[int, typer.Option(help="Side of the square pictures in pixels.")] = 256,
    memory: Annotated[
        bool, typer.Option("--memory/--no-memory", help="Measure each model's peak memory, in a process of its own.")
    ] = True,
    device: options.Device = "auto",
    dtype: options.Dtype = "float32",
    as_json: AsJson = False,
) -> None:
    """Measure style, content, SSIM, colours, time and memory over all pairs of photographs and styles.

    Two controls stand beside the models. The figures of the project are those of 256 px, float32 and the normalised
    VGG-19. With --out every pair is kept at once: interrupted in whatever way, the same command goes on.
    """
    with waiting("Loading …"):
        from adain_nodes.evaluation.evaluate import run_evaluation
    with interruptible("Ending after this pair …") as stop, progress("pairs") as bar:
        task = bar.add_task("Loading", total=None)
        evaluation = run_evaluation(
            model,
            content,
            style,
            side=side,
            loss_network=loss_network,
            device=device,
            dtype=dtype,
            out=target,
            memory=memory,
            progress=lambda done, total, what: bar.update(task, completed=done, total=total, description=escape(what)),
            cancelled=stop.is_set,
        )
    _print(evaluation.table.json() if as_json else evaluation.table.markdown())
    if evaluation.ended:
        goes_on = "the same command goes on" if target else "with --out DIR the same command would go on"
        err.print(f"Ended early, and what is complete was measured: {goes_on}.", soft_wrap=True)
        raise typer.Exit(130)
    if evaluation.failed:
        err.print(f"[red]Failed:[/] {len(evaluation.failed)} pairs; the notes say why.", soft_wrap=True)
        raise typer.Exit(1)


def benchmark(
    model: Models = ["vgg19", "lite"],  # noqa: B006 (Typer copies it)
    size: Annotated[
        list[int], typer.Option("--size", help="Side of the square picture in pixels; repeat it for several.")
    ] = [512],  # noqa: B006
    rounds: Annotated[int, typer.Option(help="Repetitions; medians are printed.")] = 7,
    engine: Annotated[list[str], typer.Option("--engine", help="Measure lite with this engine too (compile).")] = [],  # noqa: B006
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
