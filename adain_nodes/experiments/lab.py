"""Where an experiment's runs are trained, one after another, each to be continued after any interruption."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from statistics import fmean
from typing import Any, Generic

import torch
from torch import Tensor

from adain_nodes.backend import Backend, choose_backend
from adain_nodes.core.adain import Features
from adain_nodes.core.errors import AdaINError
from adain_nodes.core.losses import content_loss, style_loss
from adain_nodes.core.sizing import size_of
from adain_nodes.examples import examples
from adain_nodes.experiments.settings import Settings
from adain_nodes.imaging import read_square
from adain_nodes.models.base import Encoder
from adain_nodes.models.vgg import VGGEncoder
from adain_nodes.training.data import Source
from adain_nodes.training.history import History
from adain_nodes.training.loop import Outcome, Progress, Trained, train
from adain_nodes.training.objective import biased_statistics
from adain_nodes.training.run import HISTORY

RUNS = "runs"

JUDGED = 4
"""Contents and styles of which all pairs are judged."""


class StoppedError(AdaINError):
    """An experiment that was asked to stop; the same command goes on with it."""


@dataclass(frozen=True)
class Result(Generic[Trained]):
    """A finished run: its networks, and each of its losses at every step."""

    encoder: Encoder
    generator: Trained
    losses: Mapping[str, Sequence[float]]

    def late(self, loss: str) -> float:
        """The mean of a loss over the last fifth of the steps."""
        values = self.losses[loss]
        return fmean(values[-max(1, len(values) // 5) :])

    @property
    def parameters(self) -> int:
        """The number of parameters that were trained."""
        return sum(parameter.numel() for parameter in self.generator.trained())


@dataclass(frozen=True)
class Lab:
    """What experiments work with: pictures, a folder, a VGG that judges, and who looks on.

    ``contents`` and ``styles`` are files, ``loss_network`` has the levels of the settings. ``progress`` is told the
    name of the run and where it stands, ``cancelled`` asked after each step.
    """

    settings: Settings
    contents: Sequence[Path]
    styles: Sequence[Path]
    loss_network: VGGEncoder
    folder: Path
    device: str = "auto"
    machine: str = ""
    progress: Callable[[str, Progress], None] = lambda name, progress: None
    cancelled: Callable[[], bool] = lambda: False

    @property
    def backend(self) -> Backend:
        """Where pictures are made to be looked at, in float32."""
        return choose_backend(self.device, "float32")

    def train(
        self,
        name: str,
        networks: tuple[Encoder, Trained],
        *,
        contents: Sequence[Source] | None = None,
        styles: Sequence[Source] | None = None,
        **changes: Any,
    ) -> Result[Trained]:
        """Train a run of this name, or what is left of it, with some settings of ``TrainingConfig`` changed.

        Raises StoppedError when it is cancelled, and the errors of ``train``.
        """
        encoder, generator = networks
        folder = self.folder / RUNS / name
        outcome: Outcome[Trained] = train(
            replace(self.settings.training, **changes),
            self.contents if contents is None else contents,
            self.styles if styles is None else styles,
            encoder=encoder,
            decoder=generator,
            loss_network=self.loss_network,
            folder=folder,
            resume=True,
            device=self.device,
            machine=self.machine,
            progress=lambda progress: self.progress(name, progress),
            cancelled=self.cancelled,
        )
        if outcome.cancelled:
            raise StoppedError(
                f"Stopped in the run {name} after {outcome.step} steps.", "The same command goes on.", run=name
            )
        with History(folder / HISTORY).appending(outcome.step, write=False) as history:
            return Result(outcome.encoder, outcome.decoder, history.losses)

    def examples(self, kind: str, count: int) -> list[Tensor]:
        """The first so many of the project's example pictures of a kind, "content" or "style": none is trained on.

        Each is 1×3×H×W of the size that the networks were trained at, on the backend's device.
        """
        return [self.backend.place(picture) for picture in _squares(kind, self.settings.crop)[:count]]

    def figures(self, result: Result[Any], change: Callable[..., Any] | None = None) -> Figures:
        """The losses of the pictures that a result makes of all pairs of JUDGED examples.

        ``change`` makes of the features of contents, and of what is known of styles, what is asked for instead.
        """
        encoder, generator, backend = result.encoder, result.generator, self.backend
        judge = self.loss_network.to(backend.device)
        found: list[tuple[float, float]] = []
        with backend.running():
            contents, styles = (torch.cat(self.examples(kind, JUDGED)) for kind in ("content", "style"))
            features, looks, own, wanted = encoder(contents), encoder(styles), judge(contents)[-1], judge(styles)
            for turn in range(JUDGED):  # every content meets another style
                asked = generator.describe(_turned(looks, turn), None, encoder.convention)
                asked = asked if change is None else change(features, asked)
                seen = judge(generator.picture(features, asked, size_of(contents)))
                near = style_loss(biased_statistics(seen), biased_statistics(_turned(wanted, turn)))
                found.append((near.item(), content_loss(seen[-1], own).item()))
        return Figures(*(fmean(column) for column in zip(*found, strict=True)))


@dataclass(frozen=True)
class Figures:
    """Means over some pairs: the style loss, and the content loss against the content's own features."""

    style: float
    content: float


@cache
def _squares(kind: str, side: int) -> list[Tensor]:
    return [read_square(path, side) for path in examples(kind)]


def _turned(features: Features, turn: int) -> Features:
    return tuple(level.roll(turn, 0) for level in features)
