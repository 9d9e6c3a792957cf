from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from adain_nodes.core.adain import adain_levels
from adain_nodes.core.errors import CheckpointError
from adain_nodes.core.style import style_of
from adain_nodes.models.base import Decoder, Encoder
from adain_nodes.models.registry import LAYOUTS, recognise
from adain_nodes.models.vgg import STYLE_LEVELS
from adain_nodes.resources import resource

PAIRS = {
    "relu4_1": ("vgg_normalised_relu4_1.pth", "decoder_relu4_1.pth"),
    "relu3_1": ("vgg_normalised_conv3_1.pth", "feature_invertor_conv3_1.pth"),
}


def read(path: Path) -> dict[str, Tensor]:
    return torch.load(path, map_location="cpu", weights_only=True)


def correlation(one: Tensor, other: Tensor) -> float:
    return torch.corrcoef(torch.stack([one.flatten(), other.flatten()]))[0, 1].item()


def assert_reconstructs(encoder: Encoder, decoder: Decoder, photo: Tensor, at_least: float) -> None:
    """The picture comes back, in its own colours: with red and blue exchanged on the way in it does not."""
    decoder.check_encoder(encoder)
    result = decoder.decode(encoder(photo), (96, 96))
    assert correlation(result, photo) > at_least
    assert correlation(decoder.decode(encoder(photo.flip(1)), (96, 96)), photo) < correlation(result, photo) - 0.1


def test_the_embedded_model_reconstructs_a_photograph(photo):
    """Measured: 0.95."""
    networks = recognise(load_file(resource("weights", "lite.safetensors")))
    assert networks.layout == "lite model"
    assert_reconstructs(networks.encoder, networks.decoder, photo, 0.9)
    error = (networks.decoder.decode(networks.encoder(photo), (96, 96)) - photo).abs().mean()
    assert error < 0.1  # measured 0.065; a picture of one colour has 0.24


def test_the_embedded_model_takes_on_a_style(photo):
    """A night picture, from a bright photograph: alpha 1 has its colours, alpha 0 is the reconstruction."""
    networks = recognise(load_file(resource("weights", "lite.safetensors")))
    encoder, decoder = networks.encoder, networks.decoder
    night = 0.2 * torch.rand(1, 3, 96, 96) * torch.tensor([0.2, 0.4, 1.0]).reshape(3, 1, 1)
    style = style_of(encoder(night), encoder.levels, encoder.fingerprint(), encoder.convention)
    features = encoder(photo)
    full, none = (decoder.decode(adain_levels(features, style, alpha), (96, 96)) for alpha in (1.0, 0.0))
    torch.testing.assert_close(none, decoder.decode(features, (96, 96)))
    assert (full.mean((2, 3)) - night.mean((2, 3))).abs().max() < 0.1
    assert full.mean() < 0.5 * photo.mean()


@pytest.mark.parametrize(("level", "at_least"), [("relu4_1", 0.75), ("relu3_1", 0.9)])
def test_the_public_weights_reconstruct_a_photograph(shared, photo, level, at_least):
    """Measured: 0.87 and 0.97."""
    encoder, decoder = (recognise(read(shared / "weights" / name)) for name in PAIRS[level])
    assert encoder.encoder.levels == decoder.decoder.levels == (level,)
    assert_reconstructs(encoder.encoder, decoder.decoder, photo, at_least)


def test_the_public_encoders_agree_where_both_reach(shared, photo):
    """They come from different places, and conv1_1 to conv3_1 are the same numbers in both."""
    deep, shallow = (read(shared / "weights" / files[0]) for files in PAIRS.values())
    to_relu3_1 = recognise(deep, levels=("relu3_1",)).encoder
    assert to_relu3_1.fingerprint() == recognise(shallow).encoder.fingerprint()
    assert to_relu3_1.fingerprint() != recognise(deep).encoder.fingerprint()
    taps = recognise(deep, levels=STYLE_LEVELS).encoder
    assert taps.fingerprint() == recognise(deep).encoder.fingerprint()
    assert torch.equal(taps(photo)[2], to_relu3_1(photo)[0])


def test_the_first_layout_of_the_lite_model_is_no_longer_known(shared):
    with pytest.raises(CheckpointError, match="no known layout"):
        recognise(load_file(shared / "weights" / "lite_bootstrap.safetensors"))


def test_weights_of_other_systems_are_refused(shared):
    for path in sorted((shared / "weights" / "peers").iterdir()):
        with pytest.raises(CheckpointError, match="no known layout"):
            recognise(read(path))


def test_unknown_weights_are_described_and_the_known_layouts_named():
    state = {f"layer{i}.weight": torch.zeros(i, 3) for i in range(6)}
    with pytest.raises(CheckpointError, match=r"6 tensors, layer0\.weight 0×3, .*layer3\.weight 3×3 …\.") as caught:
        recognise(state)
    assert "layer4" not in str(caught.value)
    for layout in LAYOUTS:
        assert layout.name in str(caught.value)
        assert layout.marks[0][0] in str(caught.value)
    with pytest.raises(CheckpointError, match=r"no known layout: 0 tensors\."):
        recognise({})


@pytest.mark.parametrize("shape", [(4, 4, 1, 1), (3,), (3, 3, 3, 3)])
def test_a_mark_counts_with_its_shape(shape):
    with pytest.raises(CheckpointError, match="no known layout"):
        recognise({"0.weight": torch.zeros(shape)})


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("vgg16", r"torchvision's VGG-19, but does not fit it.*convs\.conv3_4\.bias"),
        ("vgg19_bn", r"torchvision's VGG-19, but does not fit it.*convs\.conv1_2"),
        ("alexnet", "no known layout"),
        ("resnet18", "no known layout"),
    ],
)
def test_other_networks_of_torchvision_are_refused(name, text):
    models = pytest.importorskip("torchvision.models")
    with torch.device("meta"):
        state = models.get_model(name, weights=None).state_dict()
    with pytest.raises(CheckpointError, match=text):
        recognise(state)


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
def test_layouts_do_not_claim_each_other_s_files(layout):
    for key, shape in layout.marks:
        state = {key: torch.zeros(shape)}
        assert [other for other in LAYOUTS if other.matches(state)] == [layout]
