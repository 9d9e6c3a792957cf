from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from adain_nodes.checkpoints.networks import load_encoder
from adain_nodes.core.errors import EncoderMismatchError, InvalidValueError, ShapeError
from adain_nodes.imaging import find_images, read_image, resize
from adain_nodes.models.lite import LiteEncoder
from adain_nodes.models.vgg import NORMALISED, STYLE_LEVELS, VGGDecoder, VGGEncoder
from adain_nodes.resources import resource
from adain_nodes.training.normalize import FAMILY, mean_activations, normalize_vgg

LEVELS = ("relu1_1", "relu2_1")
CONVOLUTIONS = ["conv1_1", "conv1_2", "conv2_1"]


@pytest.fixture
def images() -> list[Tensor]:
    """Pictures of three sizes, one of them twice."""
    return [torch.rand(1, 3, 24, 32), torch.rand(2, 3, 17, 17), torch.rand(1, 3, 40, 16)]


@pytest.fixture
def vgg() -> VGGEncoder:
    """VGG-19 to relu2_1 with random weights that answer to contrasts, and biases that keep every filter alive."""
    network = VGGEncoder(LEVELS).eval().requires_grad_(False)
    network.get_parameter("preprocess.weight").copy_(torch.eye(3)[..., None, None])
    network.get_parameter("preprocess.bias").zero_()
    for name in CONVOLUTIONS:
        weight = torch.nn.init.kaiming_normal_(network.get_parameter(f"convs.{name}.weight"))
        weight.sub_(weight.mean((1, 2, 3), keepdim=True)).div_(3)
        torch.nn.init.uniform_(network.get_parameter(f"convs.{name}.bias"), 0.5, 2)
    return network


def off_from(actual: Tensor, expected: Tensor) -> float:
    """The largest difference, relative to the largest value of each channel."""
    size = expected.abs().amax((0, 2, 3), keepdim=True)
    return float(((actual - expected).abs() / size.clamp_min(1e-6 * float(size.max()))).max())


def test_means_are_over_all_positions_of_all_images(vgg: VGGEncoder, images: list[Tensor]) -> None:
    """Computed again with NumPy."""
    means = mean_activations(vgg, iter(images))
    assert list(means) == CONVOLUTIONS
    for name, level in (("conv1_1", 0), ("conv2_1", 1)):
        maps = [vgg(image)[level].double().numpy() for image in images]
        total = sum(each.sum((0, 2, 3)) for each in maps)
        count = sum(each.size / each.shape[1] for each in maps)
        assert means[name].dtype == torch.float64
        torch.testing.assert_close(means[name], torch.from_numpy(total / count), rtol=1e-12, atol=0)
    separately = [mean_activations(vgg, [image])["conv1_1"] for image in images]
    assert not torch.allclose(torch.stack(separately).mean(0), means["conv1_1"], rtol=1e-6)  # sizes count


def test_mean_activations_become_1(vgg: VGGEncoder, images: list[Tensor]) -> None:
    found = normalize_vgg(vgg, images)
    assert found.dead == {}
    for before, after in zip(
        mean_activations(vgg, images).values(), mean_activations(found.encoder, images).values(), strict=True
    ):
        assert (before - 1).abs().max() > 0.1
        torch.testing.assert_close(after, torch.ones_like(after), rtol=0, atol=1e-5)


def test_features_change_by_the_scales_alone(vgg: VGGEncoder, images: list[Tensor]) -> None:
    found = normalize_vgg(vgg, images)
    assert [scale.shape for scale in found.scales] == [(64,), (128,)]
    assert found.encoder.levels == LEVELS
    other = torch.rand(2, 3, 33, 19)  # not one of those measured
    for before, after, scale in zip(vgg(other), found.encoder(other), found.scales, strict=True):
        assert off_from(after, before * scale[:, None, None]) < 1e-5
        assert off_from(after, before) > 0.1


def test_the_original_stays_as_it_is(vgg: VGGEncoder, images: list[Tensor]) -> None:
    before, random = vgg.fingerprint(), torch.random.get_rng_state()
    normalize_vgg(vgg, images)
    assert (vgg.fingerprint(), vgg.levels) == (before, LEVELS)
    assert torch.equal(torch.random.get_rng_state(), random)


def test_the_result_does_not_depend_on_the_scales_before(vgg: VGGEncoder, images: list[Tensor]) -> None:
    """A VGG whose filters were rescaled by hand becomes the same network; so does a normalised one."""
    by_hand = VGGEncoder(LEVELS)
    state = vgg.state_dict()
    before = torch.ones(3)
    for name in CONVOLUTIONS:
        after = torch.rand(state[f"convs.{name}.bias"].shape) * 10 + 0.1
        state[f"convs.{name}.weight"] = state[f"convs.{name}.weight"] * after[:, None, None, None]
        state[f"convs.{name}.weight"] = state[f"convs.{name}.weight"] / before[:, None, None]
        state[f"convs.{name}.bias"] = state[f"convs.{name}.bias"] * after
        before = after
    by_hand.load_state_dict(state)
    expected = normalize_vgg(vgg, images).encoder
    for other in (by_hand, expected):
        again = normalize_vgg(other, images).encoder.state_dict()
        for name, tensor in expected.state_dict().items():
            torch.testing.assert_close(again[name], tensor, rtol=1e-4, atol=1e-5)


def test_dead_filters_are_left_as_they_are(vgg: VGGEncoder) -> None:
    for index in (5, 9):
        vgg.get_parameter("convs.conv1_1.weight")[index] = 1
        vgg.get_parameter("convs.conv1_1.bias")[index] = -20  # of at most 27 in white, 13.5 in these pictures
    found = normalize_vgg(vgg, [torch.rand(1, 3, 20, 20) / 2])
    assert found.dead == {"conv1_1": (5, 9)}
    assert found.scales[0][[5, 9]].tolist() == [1, 1]
    assert (found.scales[0] == 1).sum() == 2
    white = torch.ones(1, 3, 20, 20)  # wakes them: still the same network
    assert vgg(white)[0][:, 5].min() == 7
    for before, after, scale in zip(vgg(white), found.encoder(white), found.scales, strict=True):
        assert off_from(after, before * scale[:, None, None]) < 1e-5


def test_decoders_know_it_from_the_original(vgg: VGGEncoder, images: list[Tensor]) -> None:
    vgg.levels = ("relu2_1",)
    found = normalize_vgg(vgg, images).encoder
    assert found.family == FAMILY != NORMALISED
    for encoder in (NORMALISED, vgg.fingerprint()):  # public decoders name the family alone
        with pytest.raises(EncoderMismatchError, match="vgg19-renormalised:"):
            VGGDecoder("relu2_1", encoder).check_encoder(found)
    VGGDecoder("relu2_1", found.fingerprint()).check_encoder(found)


def test_what_cannot_be_normalised(vgg: VGGEncoder, images: list[Tensor]) -> None:
    with pytest.raises(InvalidValueError, match="no pictures to normalise with"):
        normalize_vgg(vgg, [])
    with pytest.raises(InvalidValueError, match="The lite encoder cannot be normalised; a VGG-19 was expected"):
        normalize_vgg(LiteEncoder((8, 8, 16)), images)
    with pytest.raises(ShapeError, match="sides of 3 pixels or more"):
        normalize_vgg(vgg, [torch.rand(1, 3, 2, 2)])


def test_the_paper_s_encoder(shared: Path) -> None:
    encoder = load_encoder(shared / "weights" / "vgg_normalised_relu4_1.pth", STYLE_LEVELS)
    assert isinstance(encoder, VGGEncoder)
    folder = resource("examples", "pictures")
    pictures = [resize(read_image(path).rgb, 64) for path in find_images([folder / "content", folder / "style"])]
    found = normalize_vgg(encoder, pictures)
    means = mean_activations(found.encoder, pictures)
    assert len(means) == 9
    for name, mean in means.items():
        wanted = torch.ones_like(mean)
        wanted[list(found.dead.get(name, ()))] = 0
        torch.testing.assert_close(mean, wanted, rtol=0, atol=1e-3)
    assert sum(map(len, found.dead.values())) < 10
    for picture in pictures[::5]:
        for before, after, scale in zip(encoder(picture), found.encoder(picture), found.scales, strict=True):
            assert off_from(after, before * scale[:, None, None]) < 1e-4
