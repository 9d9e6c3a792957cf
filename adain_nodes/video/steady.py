"""Keeping still what is still: a network answers noise that nobody sees with strokes that everybody sees move.

Two things make a stylised film flicker. Noise: every frame has its own, and the network draws it. And statistics:
AdaIN normalises each frame by its own, so that a car which drives past recolours the sky. Against the first, pixels
where nothing moves are averaged over time before they are stylised; against the second, the statistics are. Both
averages are exponential in time, whatever the frame rate, and both begin anew at a cut.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.regions import Measured
from adain_nodes.core.statistics import Moments

SMOOTH = 0.5
"""The default time constant of the averages in seconds."""

STILL = (2 / 255, 6 / 255)
"""How far a pixel at rest may be from its average in the mean around it, at least and at most: between them, twice what
is usual in the quietest quarter of the picture, which is its noise. From twice as far on it moves."""

AROUND, REACH = 5, 13
"""Sides in pixels of two squares. Over the first, differences are averaged: noise is told from motion by that. Within
the second, motion takes along what is around it, because networks draw the faintest trail."""

THUMBNAIL = (18, 32)
"""Height and width of the pictures that cuts are looked for in: motion inside a scene hardly shows there."""

CUT, TIMES_USUAL = 0.08, 3.0
"""How far thumbnails must be apart at a cut in the mean, in [0, 1]: this far, and so many times what is usual."""


class Steady:
    """Frames of a film, one after the other in time, made steady with a time constant in ``seconds``.

    0 leaves everything as it is. Raises InvalidValueError for a negative one, and one that is no number.
    """

    def __init__(self, seconds: float = SMOOTH) -> None:
        if not 0 <= seconds < math.inf:
            raise InvalidValueError(f"The smoothing is {seconds:g} s.", "Use 0 (none) or more seconds.", smooth=seconds)
        self.seconds = seconds
        self.cuts: list[float] = []
        self._time = 0.0
        self._share = 1.0
        self._usual = 0.0
        self._thumbnail = torch.empty(0)
        self._frame: Tensor | None = None
        self._pixels = torch.empty(0)
        self._moments: Measured | None = None

    def pixels(self, frame: Tensor, time: float) -> Tensor:
        """The frame of that time in seconds, 1×3×H×W in [0, 1], with an average over time where nothing moves."""
        thumbnail = F.adaptive_avg_pool2d(frame, THUMBNAIL)
        self._share = share_of(time - self._time, self.seconds)
        if self._frame is not None and (self._frame.shape != frame.shape or self._is_cut(thumbnail)):
            self.cuts.append(time)
            self._frame = self._moments = None
        if self._frame is None or not self.seconds:
            self._pixels = frame
        else:
            self._pixels = settle(self._pixels, self._frame, frame, self._share)
        self._time, self._thumbnail, self._frame = time, thumbnail, frame
        return self._pixels

    def moments(self, found: Measured) -> Measured:
        """What was measured of the latest frame, averaged over time: a ``steady`` for ``StyleTransfer.stylize``."""
        self._moments = found if self._moments is None else mixed(self._moments, found, self._share)
        return self._moments

    def _is_cut(self, thumbnail: Tensor) -> bool:
        """Whether a frame begins another scene; what is usual in this one is remembered."""
        change = float((thumbnail - self._thumbnail).abs().mean())
        limit = max(CUT, TIMES_USUAL * self._usual)
        self._usual += 0.3 * (change - self._usual)
        return change > limit


def share_of(elapsed: float, seconds: float) -> float:
    """What a new value counts in an exponential average with a time constant, both in seconds: from 0 to 1."""
    return -math.expm1(-max(0.0, elapsed) / seconds) if seconds else 1.0


def settle(average: Tensor, before: Tensor, frame: Tensor, share: float) -> Tensor:
    """A step of the average B×3×H×W: ``share`` of the new frame where it is still, all of it where it moves.

    ``before`` is the frame that came before, from which the noise is known.
    """
    noise = _around(frame, before, stride=4).flatten().quantile(0.25)
    limit = (2 * noise).clamp(*STILL)
    motion = _around(frame, average)
    for window, padding in (((REACH, 1), (REACH // 2, 0)), ((1, REACH), (0, REACH // 2))):
        motion = F.max_pool2d(motion, window, 1, padding)
    moving = (motion / limit - 1).clamp(0, 1)
    return torch.lerp(average, frame, share + (1 - share) * moving)


def _around(frame: Tensor, other: Tensor, stride: int = 1) -> Tensor:
    """How far two pictures are apart in the mean around each pixel, or each so many-th, B×1×H×W."""
    difference = (frame - other).abs_().mean(1, keepdim=True)
    return F.avg_pool2d(difference, AROUND, stride, AROUND // 2, count_include_pad=False)


def mixed(before: Measured, found: Measured, share: float) -> Measured:
    """A step of the average of moments: ``share`` of those found now, the rest as before."""
    return tuple(
        tuple(
            Moments(*(torch.lerp(a, b, share) for a, b in zip(*pair, strict=True))) for pair in zip(*pairs, strict=True)
        )
        for pairs in zip(before, found, strict=True)
    )
