"""`adain normalize-vgg`: from a VGG and pictures to a weight file."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from adain_nodes.checkpoints.load import load_state
from adain_nodes.checkpoints.networks import load_encoder, load_networks
from adain_nodes.checkpoints.save import save_networks
from adain_nodes.core.errors import EncoderMismatchError
from adain_nodes.imaging import read_image, resize
from adain_nodes.models.vgg import VGGDecoder, VGGEncoder
from adain_nodes.training.normalize import normalize_vgg

FAST = ("--size", 16, "--device", "cpu")


@pytest.fixture
def vgg(folder):
    """vgg.safetensors to relu2_1 with random weights, and decoder.safetensors, which names its family alone."""
    encoder = VGGEncoder(("relu2_1",)).requires_grad_(False)
    for name in encoder.convs:
        encoder.get_parameter(f"convs.{name}.weight").mul_(0.1)  # biases that outweigh them keep every filter alive
        torch.nn.init.uniform_(encoder.get_parameter(f"convs.{name}.bias"), 0.5, 2)
    save_networks("vgg.safetensors", encoder)
    save_networks("decoder.safetensors", decoder=VGGDecoder("relu2_1"))
    return encoder


def assert_same(network, expected):
    """But for rounding: the memory layout decides the order of sums."""
    for name, tensor in expected.state_dict().items():
        torch.testing.assert_close(network.state_dict()[name], tensor, rtol=1e-5, atol=1e-6)


def test_vgg_is_normalised_and_loads_again(adain, vgg):
    status, out, err = adain("normalize-vgg", "vgg.safetensors", "photos", "styles/*", "-o", "new.safetensors", *FAST)
    found = load_encoder("new.safetensors")
    assert (status, out, err.strip()) == (0, f"new.safetensors ({found.fingerprint()})\n", "")
    paths = sorted(Path("photos").iterdir()) + sorted(Path("styles").iterdir())
    assert_same(found, normalize_vgg(vgg, [resize(read_image(path).rgb, 16) for path in paths]).encoder)
    assert found.levels == ("relu2_1",)
    metadata = load_state(Path("new.safetensors"))[1]
    origin = {"normalised from": vgg.fingerprint(), "pictures": "4", "short side": "16"}
    assert metadata.items() >= {"family": "vgg19-renormalised", **origin}.items()


def test_pictures_keep_their_size_with_0(adain, vgg):
    arguments = ("normalize-vgg", "vgg.safetensors", "photos/one.png", "-o", "new.safetensors")
    assert adain(*arguments, "--size", 0, "--device", "cpu").status == 0
    expected = normalize_vgg(vgg, [read_image("photos/one.png").rgb]).encoder
    assert_same(load_encoder("new.safetensors"), expected)


def test_decoders_of_the_original_are_refused(adain, vgg):
    adain("normalize-vgg", "vgg.safetensors", "photos", "-o", "new.safetensors", *FAST)
    load_networks("vgg.safetensors", "decoder.safetensors")
    with pytest.raises(EncoderMismatchError, match="encoder in use is vgg19-renormalised:"):
        load_networks("new.safetensors", "decoder.safetensors")


def test_dead_filters_are_reported(adain, vgg):
    vgg.get_parameter("convs.conv1_2.bias")[:3] = -1e6
    save_networks("vgg.safetensors", vgg)
    status, _, err = adain("normalize-vgg", "vgg.safetensors", "photos", "-o", "new.safetensors", *FAST)
    assert (status, err.strip()) == (0, "conv1_2: 3 filter(s) never active on these pictures, left as they are")


@pytest.mark.parametrize(
    ("encoder", "picture", "error"),
    [
        ("vgg.safetensors", "gone", "No picture matches 'gone'"),
        ("vgg.safetensors", "vgg.safetensors", "vgg.safetensors cannot be decoded"),
        ("lite", "photos", "The lite encoder cannot be normalised; a VGG-19 was expected"),
        ("decoder.safetensors", "photos", "and no encoder"),
        ("photos/one.png", "photos", "photos/one.png looks like no format of weights"),
    ],
)
def test_errors_leave_no_file(adain, vgg, encoder, picture, error):
    status, out, err = adain("normalize-vgg", encoder, picture, "-o", "new.safetensors", *FAST)
    assert (status, out) == (1, "")
    assert error in err
    assert not Path("new.safetensors").exists()


def test_pictures_are_required(adain, vgg):
    status, _, err = adain("normalize-vgg", "vgg.safetensors", "-o", "new.safetensors")
    assert status == 2
    assert "Missing argument 'PICTURE" in err
