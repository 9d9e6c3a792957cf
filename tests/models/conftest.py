"""Networks with random weights that keep signals at about 1, the public layouts, and a photograph."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

from adain_nodes.models.lite import LiteDecoder, LiteEncoder
from adain_nodes.models.vgg import VGGDecoder, VGGEncoder
from adain_nodes.resources import resource

MakeDecoder = Callable[[str], nn.Sequential]

ENCODER = (64, 64, "M", 128, 128, "M", *4 * (256,), "M", *4 * (512,), "M", *4 * (512,))
"""Widths of the convolutions of ``vgg_normalised.pth`` behind its 1×1, and poolings."""

DECODERS = {
    "relu4_1": (512, 256, "U", 256, 256, 256, 128, "U", 128, 64, "U", 64, 3),
    "relu3_1": (256, 128, "U", 128, 64, "U", 64, 3),
    "relu2_1": (128, 64, "U", 64, 3),
    "relu1_1": (64, 3),
}
"""Inputs, then widths of the convolutions and the upsamplings: ``decoder.pth`` and its like for other depths."""


def he_(network: nn.Module, seed: int = 0) -> nn.Module:
    """Weights after He et al. 2015: with PyTorch's own, deep features shrink to nothing and all outputs agree."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
            nn.init.uniform_(module.bias, -0.1, 0.1, generator=generator)
    return network.eval().requires_grad_(False)


def stack(inputs: int, plan: tuple[int | str, ...]) -> list[nn.Module]:
    """Padding, convolution and ReLU for each width, and what stands between them."""
    layers: list[nn.Module] = []
    for entry in plan:
        if entry == "M":
            layers.append(nn.MaxPool2d(2, 2, ceil_mode=True))
        elif entry == "U":
            layers.append(nn.Upsample(scale_factor=2, mode="nearest"))
        else:
            layers += [nn.ReflectionPad2d(1), nn.Conv2d(inputs, entry, 3), nn.ReLU()]
            inputs = entry
    return layers


@pytest.fixture(scope="session")
def public_encoder() -> nn.Sequential:
    """The network of ``vgg_normalised.pth``, whole."""
    return he_(nn.Sequential(nn.Conv2d(3, 3, 1), *stack(3, ENCODER)))


@pytest.fixture(scope="session")
def public_decoder() -> MakeDecoder:
    """The network of ``decoder.pth`` for a level: no ReLU behind its last convolution."""

    def make(level: str) -> nn.Sequential:
        inputs, *plan = DECODERS[level]
        return he_(nn.Sequential(*stack(inputs, tuple(plan))[:-1]), seed=1)

    return make


@pytest.fixture(scope="session")
def vgg() -> tuple[VGGEncoder, VGGDecoder]:
    """The paper's pair."""
    encoder = he_(VGGEncoder())
    return encoder, he_(VGGDecoder("relu4_1", encoder.fingerprint()), seed=1)


@pytest.fixture(scope="session")
def lite() -> tuple[LiteEncoder, LiteDecoder]:
    """The lite pair."""
    encoder = he_(LiteEncoder())
    return encoder, he_(LiteDecoder(encoder=encoder.fingerprint()), seed=1)


@pytest.fixture(scope="session")
def photo() -> Tensor:
    """A photograph, 1×3×96×96 in [0, 1]."""
    with Image.open(resource("examples", "pictures", "content", "castle.jpg")) as picture:
        pixels = np.array(picture.convert("RGB").resize((96, 96), Image.Resampling.LANCZOS))
    return torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
