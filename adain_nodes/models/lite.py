"""The lite model: a small pyramid encoder and decoder with AdaIN on all three levels, a tenth of VGG's work.

Skip connections carry AdaIN'd features, so shallow detail arrives at the decoder already in the style's statistics.
AdaIN acts on encoder levels only, never inside the decoder: exact tiling depends on it.

Levels are sums and convolutions without an activation behind them: a channel that a ReLU had left with one bright cell
would be blown up by the normalisation. Activations are leaky, so that no channel dies for good in a short training.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from adain_nodes.core.adain import Features
from adain_nodes.core.sizing import crop_to, size_of
from adain_nodes.core.statistics import BIASED
from adain_nodes.core.windows import Window
from adain_nodes.models.base import Decoder, Encoder, Focus, ReflectConv, UpsampledConv, reach, upsample

FAMILY = "lite"
WIDTHS = (32, 64, 256)
"""Channels of levels 1 (1/2), 2 (1/4) and 3 (1/8)."""

LEVELS = ("level1", "level2", "level3")
SLOPE = 0.1
"""Of the activations below 0."""

BLOCKS = 3
"""Bottlenecks at 1/8, in the encoder and again in the decoder."""

GAIN = 0.2
"""Of the first random weights at the end of a residual branch, and of the picture: sums would grow and grow."""

_FROM_ONE = (2, 2, 1)  # r1, out
_FROM_TWO = (4, 4, 4, 4, 4, *_FROM_ONE)  # r2, u2
_FROM_THREE = (8, *_FROM_TWO)  # u3
"""The strides of the decoder's 3×3 convolutions from each level on."""


def active(x: Tensor) -> Tensor:
    """The activation between two convolutions, written over its input."""
    return F.leaky_relu_(x, SLOPE)


def limited(x: Tensor) -> Tensor:
    """The activation before the last convolution of a residual branch: within ±1, so that what it adds is bounded.

    Styles of a contrast that training has hardly seen give values a hundred times the usual ones; without a limit one
    block hands them to the next, larger each time, and dark corners turn into coloured noise.
    """
    return active(x.clamp_(-1 / SLOPE, 1.0))  # floats both: the ONNX exporter finds no clamp for mixed ones


class Residual(nn.Module):
    """x + conv(limited(conv(x))), 3×3 both."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.a = ReflectConv(width, width)
        self.b = ReflectConv(width, width, gain=GAIN)

    def forward(self, x: Tensor) -> Tensor:
        """B×C×H×W to the same shape."""
        return x + self.b(limited(self.a(x)))


class Bottleneck(nn.Module):
    """x + the same with a 3×3 convolution of half the channels between two of 1×1: a wide level for a third."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.narrow = ReflectConv(width, width // 2, kernel=1)
        self.conv = ReflectConv(width // 2, width // 2)
        self.widen = ReflectConv(width // 2, width, kernel=1, gain=GAIN)

    def forward(self, x: Tensor) -> Tensor:
        """B×C×H×W to the same shape."""
        return x + self.widen(limited(self.conv(active(self.narrow(x)))))


class LiteEncoder(Encoder):
    """Three levels at 1/2, 1/4 and 1/8 of the size; sizes are rounded up."""

    family = FAMILY
    levels = LEVELS
    strides = (2, 4, 8)
    convention = BIASED
    pixel_bytes = 320

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        one, two, three = self.channels = self.widths = widths
        self.stem, self.l1 = ReflectConv(3, one, stride=2, kernel=5), ReflectConv(one, one)
        self.d2, self.l2 = ReflectConv(one, two, stride=2), Residual(two)
        self.d3, self.l3 = ReflectConv(two, three, stride=2), _bottlenecks(three)

    @property
    def margin(self) -> int:
        """See Encoder: 48 pixels. Convolutions count with the stride of the map that they read, 5×5 twice."""
        return reach([1, 1, 2, 2, 4, 4, 4, *BLOCKS * (8,)])  # stem, l1, d2, l2, d3, l3

    def forward(self, image: Tensor) -> Features:
        """The three levels; see Encoder."""
        self.check_image(image)
        one = self.l1(active(self.stem(image)))
        two = self.l2(self.d2(F.leaky_relu(one, SLOPE)))
        return one, two, self.l3(self.d3(F.leaky_relu(two, SLOPE)))


class LiteDecoder(Decoder):
    """From the three levels back to the picture: each ×2 comes to the level of that size, and both are added."""

    family = FAMILY
    levels = LEVELS

    def __init__(self, widths: tuple[int, ...] = WIDTHS, encoder: str = FAMILY) -> None:
        super().__init__()
        one, two, three = self.channels = widths
        self.encoder = encoder
        self.r3, self.u3 = _bottlenecks(three), ReflectConv(three, two)
        self.s2, self.r2, self.u2 = _join(two), nn.Sequential(Residual(two), Residual(two)), ReflectConv(two, one)
        self.s1, self.r1, self.out = _join(one), Residual(one), UpsampledConv(one, 3, gain=GAIN)

    @property
    def margin(self) -> int:
        """See Decoder: 64 pixels."""
        return reach([*BLOCKS * (8,), *_FROM_THREE])  # r3

    def forward(self, features: Features, window: Window | None = None) -> Tensor:
        """See Decoder. Maps are narrowed before they grow.

        The last ×2 goes straight to the picture: nearest neighbour and a 3×3 kernel have nothing at half the sampling
        rate, so there can be no checkerboard; four free pixels a cell had one after a thousand steps of training.
        """
        one, two, three = features
        focus = Focus(window, one, 2)
        x, two, one = focus.on(_FROM_THREE, (cast("Tensor", self.r3(three)), 8), (two, 4), (one, 2))
        x, two, one = focus.on(_FROM_TWO, (self.u3(active(x)), 8), (two, 4), (one, 2))
        x = self.r2(_grown(x, self.s2(two)))
        x, one = focus.on(_FROM_ONE, (self.u2(active(x)), 4), (one, 2))
        x = active(self.r1(_grown(x, self.s1(one))))
        # float32, also under autocast: bfloat16 has no more than 8 bits near 1, and skies would show bands.
        with torch.autocast(x.device.type, enabled=False):
            x = x.float()  # in a step of its own, which lets go of the former map
            x = self.out(x)
        (x,) = focus.on((), (x, 1))
        return x


def _bottlenecks(width: int) -> nn.Sequential:
    return nn.Sequential(*(Bottleneck(width) for _ in range(BLOCKS)))


def _join(width: int) -> nn.Module:
    """What a level goes through before it is added to the deeper map."""
    return ReflectConv(width, width, kernel=1)


def _grown(deep: Tensor, skip: Tensor) -> Tensor:
    """The deeper map ×2, cut to the size of the level that it meets (sizes were rounded up), and that level."""
    return crop_to(upsample(deep), size_of(skip)) + skip
