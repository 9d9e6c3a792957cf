from __future__ import annotations

import pytest
import torch

from adain_nodes.baselines.transform import SYSTEMS, FeatureTransfer, style_swap_transfer
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.swap import Patches, swap_levels
from adain_nodes.core.transforms import transform_levels
from adain_nodes.pipeline import StyleTransfer


def test_a_transform_stands_between_encoder_and_decoder(transfer):
    content = torch.rand(2, 3, 21, 30)
    told = []

    def transform(features, style, alpha, progress):
        told.append((alpha, style))
        progress(1.0)
        return features

    shares: list[float] = []
    method = FeatureTransfer(transfer, transform)
    style = method.encode(content[:1], size=0)
    result = method.stylize(content, style, 0.5, progress=shares.append)
    torch.testing.assert_close(result, transfer.decode(transfer.encode(content), (21, 30)))
    assert told == [(0.5, style)]
    assert shares == [1.0]


def test_style_swap_is_a_transform(transfer):
    content, style = torch.rand(1, 3, 24, 32), torch.rand(1, 3, 32, 24)
    method = style_swap_transfer(transfer, Patches(2, 2))
    looks = method.encode(style, size=0)
    result = method.stylize(content, looks, 0.75)
    expected = swap_levels(transfer.encode(content), looks, Patches(2, 2), alpha=0.75)
    assert torch.equal(result, transfer.decode(expected, (24, 32)))
    assert result.shape == content.shape


@pytest.mark.parametrize("name", ["wct", "transport", "histogram", "exact-histogram"])
def test_transforms_of_higher_order_are_systems(transfer, name):
    content, style = torch.rand(2, 3, 24, 32), torch.rand(1, 3, 32, 24)
    method = SYSTEMS[name](transfer)
    looks = method.encode(style, size=0)
    expected = transform_levels(transfer.encode(content), looks, name, 0.75)
    assert torch.equal(method.stylize(content, looks, 0.75), transfer.decode(expected, (24, 32)))


def test_sizes(transfer):
    method = style_swap_transfer(transfer)
    looks = method.encode(torch.rand(1, 3, 40, 50), size=32)
    assert looks[0].shape[2:] == (16, 20)
    assert method.stylize(torch.rand(1, 3, 60, 40), looks, size=20).shape == (1, 3, 30, 20)


def test_a_style_smaller_than_a_patch_is_refused(transfer):
    method = style_swap_transfer(transfer)
    looks = method.encode(torch.rand(1, 3, 12, 40), size=0)  # two cells at the deepest level
    with pytest.raises(InvalidValueError, match="The style has 5×2 cells, a patch 3×3"):
        method.stylize(torch.rand(1, 3, 32, 32), looks)


@pytest.mark.slow
@pytest.mark.parametrize(
    "networks",
    [
        ("vgg_normalised_relu4_1.pth", "decoder_relu4_1.pth"),
        ("vgg_normalised_conv3_1.pth", "feature_invertor_conv3_1.pth"),
    ],
)
def test_with_real_networks_a_picture_in_its_own_style_stays_what_it_is(shared, networks):
    encoder, decoder = (shared / "weights" / name for name in networks)
    transfer = StyleTransfer.from_pretrained(encoder, decoder=decoder, device="cpu", dtype="float32")
    method = style_swap_transfer(transfer)
    picture = torch.rand(1, 3, 64, 64)
    looks = method.encode(picture, size=0)
    torch.testing.assert_close(
        method.stylize(picture, looks), transfer.decode(transfer.encode(picture), (64, 64)), rtol=0, atol=1e-3
    )
