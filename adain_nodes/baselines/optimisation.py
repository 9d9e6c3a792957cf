"""The optimisation of a picture itself, coarse to fine: what Gatys' style transfer and texture synthesis share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from math import isfinite
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

from adain_nodes.core.errors import DivergedError, InvalidValueError
from adain_nodes.core.sizing import Size, size_of

LEARNING_RATES = {"lbfgs": 1.0, "adam": 0.02}
"""The optimisers, and the learning rate that suits each; pictures are in [0, 1]."""

FIRST_STEP = 0.01
"""How much L-BFGS changes the picture at first, on average. PyTorch would take a step that is lost in the rounding of
bfloat16, and what it then learns of the curvature is noise."""

HISTORY = 20
"""Past steps that L-BFGS keeps, of two pictures each: with 100 the losses fall 0.3 % further in 100 iterations."""


@dataclass(frozen=True)
class Schedule:
    """How a picture is optimised.

    ``iterations`` is the number of evaluations of the losses at each of the ``scales``, of which each has twice the
    sides of the one before. ``learning_rate`` 0 stands for that of LEARNING_RATES. ``seed`` decides the noise that a
    picture may start with. Raises InvalidValueError for an optimiser that does not exist and numbers out of range.
    """

    iterations: int = 300
    optimizer: str = "lbfgs"
    learning_rate: float = 0.0
    scales: int = 1
    seed: int = 0

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Schedule:
        """That of ``settings`` by the names of fields, among which may be others."""
        return cls(**{each.name: settings[each.name] for each in fields(cls)})

    def __post_init__(self) -> None:
        if self.optimizer not in LEARNING_RATES:
            raise InvalidValueError(
                f"There is no optimiser {self.optimizer!r}.", f"Choose {' or '.join(LEARNING_RATES)}."
            )
        for name in ("iterations", "scales"):
            if getattr(self, name) < 1:
                raise InvalidValueError(f"The number of {name} is {getattr(self, name)}.", "Give 1 or more.")
        if not self.learning_rate >= 0:  # written so that NaN fails too
            raise InvalidValueError(f"The learning rate is {self.learning_rate:g}.", "Give a number above 0, or 0.")

    def optimiser(self, picture: Tensor) -> torch.optim.Optimizer:
        """The optimiser of a picture; L-BFGS evaluates the losses once a step, as Adam does."""
        if self.optimizer == "adam":
            return torch.optim.Adam([picture])
        return torch.optim.LBFGS([picture], max_iter=1, history_size=HISTORY, tolerance_grad=0, tolerance_change=0)

    def rate(self, step: int, numbers: int) -> float:
        """The learning rate of a step, from 0, at a picture of so many numbers.

        PyTorch divides L-BFGS's first one by the sum of the gradient's sizes.
        """
        rate = self.learning_rate or LEARNING_RATES[self.optimizer]
        return rate * FIRST_STEP * numbers if self.optimizer == "lbfgs" and step == 0 else rate


class Step(NamedTuple):
    """How far an optimisation has come: ``iteration`` of ``iterations`` over all scales, losses by name, the picture.

    The losses are those of the picture before this step; ``picture`` is 1×3×H×W, at the size of its scale.
    """

    iteration: int
    iterations: int
    losses: dict[str, float]
    picture: Tensor


class Outcome(NamedTuple):
    """The picture 1×3×H×W in [0, 1], the losses of every iteration, and whether it was cancelled before the last."""

    picture: Tensor
    losses: tuple[dict[str, float], ...]
    cancelled: bool


Judge: TypeAlias = "Callable[[Tensor], dict[str, Tensor]]"
"""The losses of a picture 1×3×H×W by name, "total" among them."""


@dataclass(frozen=True)
class Watch:
    """Who looks on: ``progress`` is called after each iteration, and ``cancelled`` says whether to stop there."""

    progress: Callable[[Step], None] = lambda step: None
    cancelled: Callable[[], bool] = lambda: False


def optimise(
    start: Tensor,
    scales: Sequence[tuple[Size, Judge]],
    schedule: Schedule,
    watch: Watch = Watch(),
) -> Outcome:
    """Change a picture 1×3×H×W so that its losses fall, at one size after another.

    Each scale starts with what the one before came to, resized. A cancelled run gives the picture as it is then, at
    the last scale's size. Raises DivergedError when a loss is no longer finite.
    """
    history: list[dict[str, float]] = []
    total = schedule.iterations * len(scales)
    picture, stopped = start, False
    for size, judge in scales:
        picture = _resized(picture, size).detach().clone().contiguous().requires_grad_()
        optimiser = schedule.optimiser(picture)
        for step in range(schedule.iterations):
            optimiser.param_groups[0]["lr"] = schedule.rate(step, picture.numel())
            history.append(_step(picture, optimiser, judge, len(history) + 1))
            watch.progress(Step(len(history), total, history[-1], picture.detach()))
            stopped = watch.cancelled()
            if stopped:
                break
        if stopped:
            break
    return Outcome(_resized(picture.detach(), scales[-1][0]), tuple(history), stopped and len(history) < total)


def noise(size: Size, seed: int) -> Tensor:
    """A picture 1×3×H×W of grey with white noise, the same for the same seed on every device."""
    generator = torch.Generator().manual_seed(seed)
    return (0.5 + 0.1 * torch.randn(1, 3, *size, generator=generator)).clamp(0, 1)


def _step(picture: Tensor, optimiser: torch.optim.Optimizer, judge: Judge, iteration: int) -> dict[str, float]:
    found: dict[str, float] = {}

    def evaluate() -> Tensor:
        optimiser.zero_grad()
        with torch.enable_grad():
            losses = judge(picture)
            losses["total"].backward()
        found.update({name: loss.item() for name, loss in losses.items()})
        return losses["total"]

    optimiser.step(evaluate)  # pyright: ignore[reportCallIssue, reportArgumentType]
    with torch.no_grad():
        picture.clamp_(0, 1)  # keeps NaN; the losses of what is outside would be those of no picture
    if not (all(map(isfinite, found.values())) and picture.isfinite().all()):
        said = ", ".join(f"{name} {value:g}" for name, value in found.items())
        raise DivergedError(
            f"The optimisation diverged at iteration {iteration}: {said}.",
            "Lower the learning rate or the weights, or choose adam.",
            iteration=iteration,
            losses=found,
        )
    return found


def _resized(picture: Tensor, size: Size) -> Tensor:
    if size_of(picture) == size:
        return picture
    return F.interpolate(picture, size=size, mode="bicubic", align_corners=False, antialias=True).clamp(0, 1)
