"""Style transfer by optimisation (Gatys et al., CVPR 2016, "Image Style Transfer Using Convolutional Neural Networks").

The picture itself is changed until its deep features are those of the content, and the statistics of its features
those of the style. That takes minutes where AdaIN takes a fraction of a second.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from adain_nodes.baselines.base import Baseline
from adain_nodes.baselines.optimisation import Outcome, Schedule, Watch, noise, optimise
from adain_nodes.baselines.perception import Losses, Perception, Target
from adain_nodes.core.adain import check_alpha
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.sizing import size_of
from adain_nodes.models.base import Encoder

STARTS = ("content", "noise")
"""What the picture is at first, unless another one is given."""


class Gatys(Baseline):
    """Gatys' method, in the features of an encoder.

    ``start`` is one of STARTS, or a picture 1×3×H×W of any size. ``watch`` sees every iteration of every picture.
    Raises InvalidValueError for another start, and for levels that the encoder lacks.
    """

    def __init__(
        self,
        encoder: Encoder,
        losses: Losses = Losses(),  # noqa: B008  (it cannot be changed)
        schedule: Schedule = Schedule(),  # noqa: B008
        *,
        start: str | Tensor = STARTS[0],
        watch: Watch = Watch(),  # noqa: B008
    ) -> None:
        super().__init__()
        if isinstance(start, str) and start not in STARTS:
            raise InvalidValueError(f"There is no start {start!r}.", f"Choose {' or '.join(STARTS)}, or a picture.")
        self.perception = Perception(encoder, losses)
        self.schedule, self.start, self.watch = schedule, start, watch

    def encode_style(self, style: Tensor) -> tuple[dict[str, Any], ...]:
        """What each scale, coarse to fine, compares with; see Baseline.

        Raises InvalidValueError for a picture that is too small for the levels, at the coarsest scale.
        """
        return tuple(self.perception.style_of(each) for each in self.perception.pyramid(style, self.schedule.scales))

    def stylize(self, content: Tensor, style: tuple[dict[str, Any], ...], alpha: float = 1.0) -> Tensor:
        """See Baseline. ``alpha`` scales the style's weight; pictures are optimised one after another."""
        return torch.cat([self.optimise(each, style, alpha).picture for each in content.split(1)])

    def optimise(self, content: Tensor, style: tuple[dict[str, Any], ...], alpha: float = 1.0) -> Outcome:
        """The picture of one content 1×3×H×W, with the losses on the way and whether it was cancelled.

        Raises InvalidValueError as ``encode_style`` does, and DivergedError.
        """
        check_alpha(alpha)
        pyramid = self.perception.pyramid(content, self.schedule.scales)
        targets = [Target(self.perception.content_of(each), look) for each, look in zip(pyramid, style, strict=True)]
        scales = [
            (size_of(each), lambda picture, target=target: self.perception.judge(picture, target, alpha))
            for each, target in zip(pyramid, targets, strict=True)
        ]
        return optimise(self._first(content), scales, self.schedule, self.watch)

    def _first(self, content: Tensor) -> Tensor:
        if isinstance(self.start, Tensor):
            return self.start.to(content)
        return content if self.start == "content" else noise(size_of(content), self.schedule.seed).to(content)
