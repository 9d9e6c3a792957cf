"""`adain experiment`: the trained comparisons, each with a page of results."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from adain_nodes.cli import options
from adain_nodes.cli import training_options as training
from adain_nodes.cli.console import err, escape, explain_notes, interruptible, out, progress, waiting

if TYPE_CHECKING:
    from adain_nodes.training.loop import Progress


def experiment(
    name: Annotated[
        Literal["normalisation", "ablations", "style-weight", "single-style", "conditional"],
        typer.Argument(metavar="NAME", help="Which one."),
    ],
    content: Annotated[list[str], typer.Option("--content", help="Photographs: files, folders or globs.")],
    style: Annotated[list[str], typer.Option("--style", "-s", help="Styles: files, folders or globs.")],
    out_path: Annotated[Path, typer.Option("--out", "-o", help="The experiment's folder.")] = Path("experiment"),
    steps: training.Steps = 2000,
    batch: training.Batch = 4,
    size: training.Size = 144,
    crop: training.Crop = 128,
    width: Annotated[int, typer.Option(help="Channels of the trained networks at full size.")] = 16,
    level: Annotated[str, typer.Option(help="Deepest level of the losses.")] = "relu3_1",
    learning_rate: training.LearningRate = 1e-3,
    seed: training.Seed = 0,
    precision: training.Precision = "float32",
    loss_network: training.LossNetwork = "vgg19-normalised",
    device: options.Device = "auto",
) -> None:
    """Train the networks of a published comparison, and write a page with tables, curves and sheets.

    normalisation: instance and batch normalisation (AdaIN paper, figure 1). ablations: Enc-Concat-Dec, normalised
    decoders, skip connections. style-weight: weights beside alpha. single-style and conditional: feed-forward networks
    for `adain feedforward`. Ctrl-C saves and ends; the same command goes on, after a kill too.
    """
    explain_notes()
    with waiting("Loading …"):
        from adain_nodes.experiments.catalogue import run_experiment
        from adain_nodes.experiments.settings import Settings

        settings = Settings(steps, batch, size, crop, width, level, learning_rate, seed, precision)
    with interruptible("Saving the run …") as stop, _shown() as show:
        page = run_experiment(
            name,
            content,
            style,
            out_path,
            settings,
            loss_network=loss_network,
            device=device,
            progress=show,
            cancelled=stop.is_set,
        )
    out.print(escape(str(page)), soft_wrap=True)


@contextmanager
def _shown() -> Iterator[Callable[[str, Progress], None]]:
    """A bar for the run that is going on, and a line when one is done."""
    with progress("steps") as bar:
        task = bar.add_task("Preparing", total=None)

        def show(run: str, now: Progress) -> None:
            said = ", ".join(f"{name} {value:.4g}" for name, value in now.losses.items())
            bar.update(task, completed=now.step, total=now.steps, description=f"{run}: {said}")
            if now.step == now.steps or now.step % 50 == 0:
                left = timedelta(seconds=round(now.seconds_left))
                err.print(f"{run}: step {now.step} of {now.steps}, {said}, {left} left", soft_wrap=True)

        yield show
