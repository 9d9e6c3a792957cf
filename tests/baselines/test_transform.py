from __future__ import annotations

import pytest
import torch

from adain_nodes.baselines.transform import SYSTEMS, FeatureTransfer, style_swap_transfer, transform_transfer
from adain_nodes.core.adain import blend_features
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.regions import compose
from adain_nodes.core.swap import Patches, swap_levels
from adain_nodes.core.transforms import transform_levels
from adain_nodes.imaging import Picture
from adain_nodes.pipeline import StyleTransfer


def test_a_transform_stands_between_encoder_and_decoder(transfer):
    content = torch.rand(2, 3, 21, 30)
    told = []

    def transform(features, style, alpha, mask, progress):
        told.append((alpha, style, mask))
        progress(1.0)
        return features

    shares: list[float] = []
    method = FeatureTransfer(transfer, transform)
    style = method.encode(content[:1], size=0)
    result = method.stylize(content, style, 0.5, progress=shares.append)
    torch.testing.assert_close(result, transfer.decode(transfer.encode(content), (21, 30)))
    assert told == [(0.5, style, None)]
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


def test_regions_have_styles_of_their_own_and_are_matched_by_themselves(transfer):
    content, sky = torch.rand(1, 3, 32, 40), torch.zeros(32, 40)
    sky[:, :16] = 1
    method = SYSTEMS["wct"](transfer)
    inside, outside = (method.encode(torch.rand(1, 3, 24, 24), size=0) for _ in range(2))
    result = method.stylize(content, outside, 0.75, masks=[(sky, inside)])
    features, masks = transfer.encode(content), [sky[None, None], 1 - sky[None, None]]
    made = [
        transform_levels(features, look, "wct", 0.75, mask) for look, mask in zip((inside, outside), masks, strict=True)
    ]
    torch.testing.assert_close(result, transfer.decode(compose(features, made, masks), (32, 40)))
    alone = method.stylize(content, alpha=0.75, masks=[(sky, inside)])
    assert torch.equal(alone[..., 20:], content[..., 20:])


def test_styles_are_blended_by_what_they_make_of_the_features(transfer):
    content = torch.rand(2, 3, 24, 32)
    method = SYSTEMS["transport"](transfer)
    looks = [method.encode(torch.rand(1, 3, 24, 24), size=0) for _ in range(2)]
    shares: list[float] = []
    result = method.stylize(content, looks, weights=[3, 1], progress=shares.append)
    features = transfer.encode(content)
    made = blend_features([transform_levels(features, look, "transport") for look in looks], [0.75, 0.25])
    torch.testing.assert_close(result, transfer.decode(made, (24, 32)))
    assert torch.equal(method.stylize(content, looks, weights=[1, 0]), method.stylize(content, looks[0]))


def test_progress_counts_regions_and_styles(transfer):
    method = style_swap_transfer(transfer, Patches(2, 2))
    look = method.encode(torch.rand(1, 3, 24, 24), size=0)
    shares: list[float] = []
    method.stylize(torch.rand(1, 3, 24, 24), [look, look], masks=[(torch.ones(24, 24), look)], progress=shares.append)
    assert shares == sorted(shares)
    assert {1 / 3, 2 / 3} <= {round(share * 3) / 3 for share in shares}
    assert shares[-1] == pytest.approx(1)


def test_levels_that_are_not_chosen_keep_the_content(transfer):
    content = torch.rand(1, 3, 24, 32)
    method = transform_transfer(transfer, "wct", ["level3"])
    look = method.encode(torch.rand(1, 3, 24, 24), size=0)
    features = transfer.encode(content)
    deepest = transform_levels(features[2:], look[2:], "wct")
    expected = transfer.decode((*features[:2], *deepest), (24, 32))
    torch.testing.assert_close(method.stylize(content, look), expected)


def test_transparent_parts_do_not_count(transfer):
    method = SYSTEMS["wct"](transfer)
    look = method.encode(torch.rand(1, 3, 24, 24), size=0)
    alpha = torch.zeros(1, 1, 32, 64)
    alpha[..., :32] = 1
    rgb = torch.rand(1, 3, 32, 64)
    result = method.stylize(Picture(rgb, alpha, 8, (), None), look)
    features = transfer.encode(rgb)
    torch.testing.assert_close(result, transfer.decode(transform_levels(features, look, "wct", mask=alpha), (32, 64)))


def test_what_cannot_be_done_is_said(transfer):
    with pytest.raises(InvalidValueError, match="lite encoder has no level relu4_1"):
        transform_transfer(transfer, "wct", ["level1", "relu4_1"])
    method = SYSTEMS["wct"](transfer)
    look = method.encode(torch.rand(1, 3, 24, 24), size=0)
    content = torch.rand(1, 3, 24, 24)
    for settings in ({}, {"weights": [1.0], "masks": [(torch.ones(24, 24), look)]}):
        with pytest.raises(InvalidValueError, match="There is no style"):
            method.stylize(content, **settings)
    with pytest.raises(InvalidValueError, match="1 styles and 2 weights"):
        method.stylize(content, look, weights=[1, 1])


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
