"""Small networks for the methods that AdaIN is compared with."""

from __future__ import annotations

import pytest
import torch

from adain_nodes.models.lite import LiteDecoder, LiteEncoder
from adain_nodes.models.vgg import VGGEncoder
from adain_nodes.pipeline import StyleTransfer


def lively(network):
    """Random weights that neither fade nor explode on the way down."""
    for parameter in network.parameters():
        if parameter.ndim == 4:
            torch.nn.init.kaiming_normal_(parameter, nonlinearity="relu")
        else:
            torch.nn.init.uniform_(parameter, -0.1, 0.1)
    return network.eval().requires_grad_(False)


@pytest.fixture
def vgg() -> VGGEncoder:
    """VGG-19 to relu3_1, with random weights."""
    torch.manual_seed(0)
    return lively(VGGEncoder(("relu3_1",)))


@pytest.fixture
def lite() -> LiteEncoder:
    """A narrow one."""
    torch.manual_seed(0)
    return lively(LiteEncoder((6, 8, 10)))


@pytest.fixture
def transfer(lite) -> StyleTransfer:
    """With a decoder that paints mostly inside [0, 1]."""
    decoder = lively(LiteDecoder((6, 8, 10), lite.fingerprint()))
    with torch.no_grad():
        decoder.out.weight.mul_(0.2)
        decoder.out.bias.fill_(0.5)
    return StyleTransfer(lite, decoder, device="cpu", dtype="float32")
