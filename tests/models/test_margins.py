"""The margins that tiles are seen with, against what the networks really see."""

from __future__ import annotations

import pytest
import torch

from adain_nodes.models.lite import LiteDecoder, LiteEncoder
from adain_nodes.models.vgg import VGGDecoder, VGGEncoder

SIDE, START, END = 320, 144, 176
"""A picture, and a window in its middle, at multiples of 16."""

ENCODERS = {
    "lite": lambda: LiteEncoder((4, 4, 4)),
    "relu1_1": lambda: VGGEncoder(("relu1_1",)),
    "relu2_1": lambda: VGGEncoder(("relu2_1",)),
    "relu3_1": lambda: VGGEncoder(("relu2_1", "relu3_1")),
    "relu4_1": VGGEncoder,
}
DECODERS = {
    "lite": lambda: LiteDecoder((4, 4, 4)),
    **{level: lambda level=level: VGGDecoder(level) for level in ("relu1_1", "relu2_1", "relu3_1", "relu4_1")},
}


def positive(network):
    """Weights that are all positive, and small: nothing cancels, no ReLU closes, and no limit is reached."""
    for parameter in network.parameters():
        parameter.data.abs_().mul_(0.1)
    return network


def reach(gradient, stride=1):
    """How far in pixels beyond the window anything counts, above and below."""
    rows = gradient.abs().sum((0, 1, 3)).nonzero().flatten() * stride
    return max(START - int(rows.min()), int(rows.max()) + stride - END)


@pytest.mark.parametrize("name", ENCODERS)
def test_encoders_see_no_further_than_their_margin_and_no_less_by_a_stride(name):
    encoder = positive(ENCODERS[name]())
    picture = torch.rand(1, 3, SIDE, 16, requires_grad=True)
    levels = encoder(picture)
    seen = sum(level[:, :, START // s : END // s].sum() for level, s in zip(levels, encoder.strides, strict=True))
    seen.backward()
    stride = max(encoder.strides)
    assert encoder.margin % stride == 0
    assert encoder.margin - stride < reach(picture.grad) <= encoder.margin


@pytest.mark.parametrize("name", DECODERS)
def test_decoders_see_no_further_than_their_margin_and_no_less_by_a_stride(name):
    decoder = positive(DECODERS[name]())
    strides = (2, 4, 8) if name == "lite" else (2 ** (int(name[4]) - 1),)
    features = tuple(
        torch.rand(1, width, SIDE // stride, 16 // stride + 1, requires_grad=True)
        for width, stride in zip(decoder.channels, strides, strict=True)
    )
    decoder(features)[:, :, START:END].sum().backward()
    far = max(reach(level.grad, stride) for level, stride in zip(features, strides, strict=True))
    assert decoder.margin % max(strides) == 0
    assert decoder.margin - max(strides) < far <= decoder.margin
