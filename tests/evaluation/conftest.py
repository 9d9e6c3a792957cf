from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from adain_nodes.evaluation.bench import Bench
from adain_nodes.evaluation.gallery import Gallery
from adain_nodes.evaluation.metrics import LossNetwork
from adain_nodes.models.lite import LiteDecoder, LiteEncoder
from adain_nodes.models.vgg import STYLE_LEVELS, VGGDecoder, VGGEncoder


def lively(network):
    """Random weights that neither fade nor explode on the way down: one difference anywhere shows at the end."""
    for parameter in network.parameters():
        if parameter.ndim == 4:
            torch.nn.init.kaiming_normal_(parameter, nonlinearity="relu")
        else:
            torch.nn.init.uniform_(parameter, -0.1, 0.1)
    return network.eval().requires_grad_(False)


def mid_grey(last_layer):
    """Bring what a decoder with random weights paints mostly inside [0, 1]."""
    with torch.no_grad():
        last_layer.weight.mul_(0.2)
        last_layer.bias.fill_(0.5)


@pytest.fixture
def vgg() -> tuple[VGGEncoder, VGGDecoder]:
    """A random pair."""
    torch.manual_seed(0)
    encoder = lively(VGGEncoder())
    decoder = lively(VGGDecoder(encoder=encoder.fingerprint()))
    mid_grey(decoder.convs["conv1_1"])
    return encoder, decoder


@pytest.fixture
def lite() -> tuple[LiteEncoder, LiteDecoder]:
    """A random pair."""
    torch.manual_seed(0)
    encoder = lively(LiteEncoder())
    decoder = lively(LiteDecoder(encoder=encoder.fingerprint()))
    mid_grey(decoder.out)
    return encoder, decoder


@pytest.fixture
def network() -> LossNetwork:
    """A loss network with random weights."""
    torch.manual_seed(0)
    return LossNetwork(lively(VGGEncoder(STYLE_LEVELS)), device="cpu")


@pytest.fixture
def pictures() -> Tensor:
    """7×3×16×20 in [0, 1]."""
    return torch.rand(7, 3, 16, 20, generator=torch.Generator().manual_seed(1))


@pytest.fixture
def no_weights(tmp_path, monkeypatch) -> None:
    """A machine without downloaded weights."""
    monkeypatch.delenv("ADAIN_WEIGHTS_DIR", raising=False)
    monkeypatch.setenv("ADAIN_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def make_bench(network, pictures) -> Callable[..., Bench]:
    """A function that makes a bench of five contents, a to e, and two styles, x and y, or of other numbers of them."""

    def make(contents=5, styles=2, **more) -> Bench:
        names = tuple("abcde")[:contents], tuple("xy")[:styles]
        galleries = Gallery(pictures[:contents], names[0]), Gallery(pictures[5 : 5 + styles], names[1])
        return Bench(*galleries, network, **more)

    return make
