"""What the nodes that optimise pictures share: their inputs, and the way they show, stop and keep their work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from comfy_api.latest import io  # pyright: ignore[reportMissingImports]
from torch import Tensor

from adain_nodes.baselines.optimisation import LEARNING_RATES, Outcome, Schedule, Step, Watch
from adain_nodes.baselines.perception import POOLINGS, STATISTICS, Losses
from adain_nodes.comfy import host
from adain_nodes.comfy.types import LoadedEncoder
from adain_nodes.imaging import to_pil, write_image

PREVIEW_EVERY = 10
"""Iterations from one preview to the next."""


def schedule_inputs() -> list[io.Input]:
    """How a picture is optimised. Defaults are those of ``Schedule``."""
    return [
        io.Int.Input(
            "iterations",
            default=Schedule.iterations,
            min=1,
            max=10_000,
            step=1,
            tooltip="Steps at each scale. 100 show the style, 300 are near the end.",
        ),
        io.Int.Input(
            "scales",
            default=Schedule.scales,
            min=1,
            max=6,
            step=1,
            tooltip="Coarse to fine: sizes that double from one to the next. For large pictures 2 or 3.",
        ),
        io.Combo.Input(
            "optimizer",
            options=list(LEARNING_RATES),
            default=Schedule.optimizer,
            tooltip="lbfgs gets far in few steps; adam is steadier and takes less memory.",
        ),
        io.Float.Input(
            "learning_rate",
            default=Schedule.learning_rate,
            min=0.0,
            max=10.0,
            step=0.001,
            tooltip="How far each step goes. 0 takes what suits the optimizer: 1 for lbfgs, 0.02 for adam.",
        ),
        io.Int.Input(
            "seed",
            default=Schedule.seed,
            min=0,
            max=2**32 - 1,
            step=1,
            control_after_generate=False,
            tooltip="Of the noise.",
        ),
    ]


def loss_inputs() -> list[io.Input]:
    """What the style is compared by. Defaults are those of ``Losses``."""
    return [
        io.Combo.Input(
            "statistics",
            options=list(STATISTICS),
            default=Losses.statistics,
            tooltip="What describes a style: gram, the matrices of Gatys, or mean-std, the statistics of AdaIN.",
        ),
        levels_input("style_layers", "Levels that the style is compared at, such as relu1_1, relu2_1:0.5. Empty: all."),
        io.Combo.Input(
            "pooling",
            options=list(POOLINGS),
            default=Losses.pooling,
            tooltip="Of a VGG: max as it was trained, or average for smoother pictures.",
        ),
    ]


def levels_input(name: str, tooltip: str) -> io.String.Input:
    """A widget for levels with weights, as ``parse_levels`` reads them."""
    return io.String.Input(name, default="", tooltip=tooltip)


@contextmanager
def optimising(encoder: LoadedEncoder) -> Iterator[None]:
    """The encoder on the host's device, in its precision, and the host's inference mode left: pictures learn here."""
    host.load(encoder.patcher)
    with torch.inference_mode(False), host.backend().running():
        yield


def placed(picture: Tensor) -> Tensor:
    """A picture on the host's device, which may have a gradient although the host's own may not."""
    return host.backend().place(picture.clone())


class Onlooker:
    """Progress and previews of the optimisation of some pictures, one after another, until the user cancels."""

    def __init__(self, schedule: Schedule, pictures: int) -> None:
        self._steps = schedule.iterations * schedule.scales
        self._bar, self._before = host.Watch(self._steps * pictures), 0
        self.watch = Watch(self._show, lambda: self._bar.cancelled)

    def keep(self, outcome: Outcome, name: str) -> Tensor:
        """The picture of an outcome. If the user cancelled, it goes to the output folder, and the prompt ends."""
        self._before += self._steps
        if outcome.cancelled:
            write_image(host.output_file(name, ".png"), outcome.picture.cpu())
        self._bar.finish()
        return outcome.picture

    def _show(self, step: Step) -> None:
        shown = step.iteration % PREVIEW_EVERY == 0 or step.iteration == step.iterations
        self._bar.show(self._before + step.iteration, to_pil(step.picture.cpu()) if shown else None)
