"""The lite model: a small pyramid encoder and decoder with AdaIN on all three levels, an eighth of VGG's work.

Skip connections carry AdaIN'd features, so shallow detail arrives at the decoder already in the style's statistics.
AdaIN acts on encoder levels only, never inside the decoder: exact tiling depends on it.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from adain_nodes.core.adain import Features
from adain_nodes.core.sizing import crop_to, size_of
from adain_nodes.core.statistics import BIASED
from adain_nodes.core.windows import Window
from adain_nodes.models.base import Decoder, Encoder, Focus, ReflectConv, UpsampledConv, reach, upsample

FAMILY = "lite"
WIDTHS = (16, 32, 64, 128)
"""Channels at full size, and at levels 1 (1/2), 2 (1/4) and 3 (1/8)."""

_FROM_FULL = (1, 1)  # u1, out
_FROM_ONE = (2, 2, 2, 2, *_FROM_FULL)  # u2, m1, r1
_FROM_TWO = (4, 4, 4, 4, *_FROM_ONE)  # u3, m2, r2
"""The strides of the decoder's convolutions from each level on."""

LEVELS = ("level1", "level2", "level3")


class Residual(nn.Module):
    """x + conv(ReLU(conv(x)))."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.a = ReflectConv(width, width)
        self.b = ReflectConv(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """B×C×H×W to the same shape."""
        return x + self.b(self.a(x).relu_())


class LiteEncoder(Encoder):
    """Three levels at 1/2, 1/4 and 1/8 of the size; sizes are rounded up."""

    family = FAMILY
    levels = LEVELS
    strides = (2, 4, 8)
    convention = BIASED
    pixel_bytes = 320  # 260 were measured

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.widths = widths
        full, *levels = widths
        one, two, three = levels
        self.channels = (one, two, three)
        self.stem = nn.Sequential(ReflectConv(3, full), nn.ReLU(), ReflectConv(full, one, stride=2), nn.ReLU())
        self.l2 = nn.Sequential(ReflectConv(one, two, stride=2), nn.ReLU(), Residual(two))
        self.l3 = nn.Sequential(ReflectConv(two, three, stride=2), nn.ReLU(), Residual(three), Residual(three))

    @property
    def margin(self) -> int:
        """See Encoder: 48 pixels. Convolutions count with the stride of the map that they read."""
        return reach([1, 1, *(2, 4, 4), *(4, 8, 8, 8, 8)])  # stem, l2, l3

    def forward(self, image: Tensor) -> Features:
        """The three levels; see Encoder."""
        self.check_image(image)
        one = self.stem(image)
        two = self.l2(one)
        return one, two, self.l3(two)


class LiteDecoder(Decoder):
    """From the three levels back to the picture; each ×2 is followed by the level of that size."""

    family = FAMILY
    levels = LEVELS

    def __init__(self, widths: tuple[int, ...] = WIDTHS, encoder: str = FAMILY) -> None:
        super().__init__()
        full, one, two, three = widths
        self.channels = (one, two, three)
        self.encoder = encoder
        self.r3 = nn.Sequential(Residual(three), Residual(three))
        self.u3, self.m2, self.r2 = ReflectConv(three, two), ReflectConv(2 * two, two), Residual(two)
        self.u2, self.m1, self.r1 = ReflectConv(two, one), ReflectConv(2 * one, one), Residual(one)
        self.u1, self.out = UpsampledConv(one, full), ReflectConv(full, 3)

    @property
    def margin(self) -> int:
        """See Decoder: 64 pixels."""
        return reach([8, 8, 8, 8, *_FROM_TWO])  # r3

    def forward(self, features: Features, window: Window | None = None) -> Tensor:
        """See Decoder."""
        one, two, three = features
        focus = Focus(window, one, 2)
        x, two, one = focus.on(_FROM_TWO, (cast("Tensor", self.r3(three)), 8), (two, 4), (one, 2))
        x = self.r2(self.m2(_join(self.u3(upsample(x)).relu_(), two)).relu_())
        x, one = focus.on(_FROM_ONE, (x, 4), (one, 2))
        x = self.r1(self.m1(_join(self.u2(upsample(x)).relu_(), one)).relu_())
        (x,) = focus.on(_FROM_FULL, (x, 2))
        x = self.u1(x).relu_()
        # float32, also under autocast: bfloat16 has no more than 8 bits near 1, and skies would show bands.
        with torch.autocast(x.device.type, enabled=False):
            x = x.float()  # in a step of its own, which lets go of the former map
            x = self.out(x)
        (x,) = focus.on((), (x, 1))
        return x


def _join(deep: Tensor, skip: Tensor) -> Tensor:
    """The upsampled map, cut to the size of the level that it meets (sizes were rounded up), and that level."""
    return torch.cat((crop_to(deep, size_of(skip)), skip), dim=1)
