from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import gaussian_filter1d
from torch import Tensor

from adain_nodes.core.adain import adain_levels
from adain_nodes.core.errors import InvalidValueError, ShapeError
from adain_nodes.core.regions import Region, adain_regions, coverage, feather
from adain_nodes.core.statistics import BIASED, ORIGINAL, UNBIASED, Convention
from adain_nodes.core.style import Style, style_of

CHANNELS = (3, 4)


def features(batch: int = 1, size: tuple[int, int] = (8, 10)) -> tuple[Tensor, ...]:
    """Two levels, the second at half of the size."""
    height, width = size
    return torch.randn(batch, 3, height, width) + 1, torch.randn(batch, 4, height // 2, width // 2) * 2 - 1


def make_style(convention: Convention = UNBIASED) -> Style:
    maps = tuple(torch.randn(1, c, 5, 5) * (1 + torch.rand(c, 1, 1)) + torch.randn(c, 1, 1) for c in CHANNELS)
    return style_of(maps, ("one", "two"), "test:0", convention)


def left(width: int = 4, size: tuple[int, int] = (8, 10)) -> Tensor:
    """A hard mask of the first columns."""
    mask = torch.zeros(1, 1, *size)
    mask[..., :width] = 1
    return mask


def by_hand(level: Tensor, mask: Tensor, style: Style, index: int) -> Tensor:
    """The cells inside the mask, one picture and channel after the other: normalised by themselves and restyled."""
    result = level.double().clone()
    for b, picture in enumerate(level.double()):
        inside = mask[min(b, len(mask) - 1), 0] > 0.5
        for c, channel in enumerate(picture):
            x = channel[inside]
            mean, std = style.levels[index].mean[0, c], style.levels[index].std[0, c]
            result[b, c][inside] = (x - x.mean()) / (
                x.var(correction=style.convention.unbiased) + 1e-5
            ).sqrt() * std + mean
    return result


@pytest.mark.parametrize("convention", [UNBIASED, BIASED, ORIGINAL], ids=lambda c: c.name)
@pytest.mark.parametrize("batch", [1, 2])
def test_two_hard_masks_are_two_transfers_side_by_side(close, convention, batch):
    maps, one, two = features(batch), make_style(convention), make_style(convention)
    result = adain_regions(maps, [Region(left(), one), Region(1 - left(), two)])
    for i, level in enumerate(maps):
        mask = left() if i == 0 else left()[..., ::2, ::2]
        expected = by_hand(by_hand(level, mask, one, i), 1 - mask, two, i)
        assert result[i].shape == level.shape
        close(result[i], expected)


def test_more_than_two_regions_and_a_mask_for_each_picture(close):
    maps, styles = features(2), [make_style() for _ in range(3)]
    columns = torch.arange(10).expand(2, 1, 8, 10)
    shifted = columns + torch.tensor([0, 2]).reshape(2, 1, 1, 1)  # the second picture's regions lie elsewhere
    masks = [(shifted < 4).float(), ((shifted >= 4) & (shifted < 8)).float(), (shifted >= 8).float()]
    result = adain_regions(maps, [Region(m, s) for m, s in zip(masks, styles, strict=True)])
    expected = maps[0]
    for mask, style in zip(masks, styles, strict=True):
        expected = by_hand(expected, mask, style, 0)
    close(result[0], expected)


def test_cells_outside_all_regions_keep_the_content_exactly():
    maps = features()
    result = adain_regions(maps, [Region(left(4), make_style())])
    for level, given_, width in zip(result, maps, (4, 2), strict=True):
        assert torch.equal(level[..., width:], given_[..., width:])
        assert not torch.isclose(level[..., :width], given_[..., :width]).all()


def test_a_full_mask_or_none_is_plain_adain(close):
    maps, style = features(2), make_style()
    for alpha in (1.0, 0.3):
        expected = adain_levels(maps, style, alpha)
        for mask in (torch.ones(1, 1, 8, 10), None):
            for ours, plain in zip(adain_regions(maps, [Region(mask, style, alpha)]), expected, strict=True):
                close(ours, plain)


def test_none_is_everywhere_also_among_other_regions():
    maps, one, two = features(), make_style(), make_style()
    ours = adain_regions(maps, [Region(left(), one), Region(None, two)])
    full = adain_regions(maps, [Region(left(), one), Region(torch.ones(1, 1, 8, 10), two)])
    for level, expected in zip(ours, full, strict=True):
        assert torch.equal(level, expected)


@pytest.mark.parametrize("alpha", [0.0, 0.4])
def test_each_region_has_its_own_alpha(close, alpha):
    maps, one, two = features(), make_style(), make_style()
    result = adain_regions(maps, [Region(left(), one, alpha), Region(1 - left(), two)])
    full = by_hand(maps[0], left(), one, 0)
    close(result[0][..., :4], ((1 - alpha) * maps[0] + alpha * full)[..., :4])
    close(result[0][..., 4:], by_hand(maps[0], 1 - left(), two, 0)[..., 4:])


def soft_by_hand(level: Tensor, masks: list[Tensor], styles: list[Style], index: int) -> Tensor:
    """The mean of content and transfers, each pixel with the shares of its masks; weighted content statistics."""
    x, total = level.double(), sum(masks).double()
    result = x * (1 - total).clamp_min(0)
    for mask, style in zip(masks, styles, strict=True):
        w = mask.double()
        mean = (x * w).sum((2, 3), keepdim=True) / w.sum()
        variance = ((x - mean).square() * w).sum((2, 3), keepdim=True) / w.sum()
        style_mean, style_std = (t[..., None, None].double() for t in style.levels[index])
        transfer = (x - mean) / (variance + 1e-5).sqrt() * style_std + style_mean
        result += w / total.clamp_min(1) * transfer
    return result


def test_soft_masks_mix_and_overlapping_ones_share(close):
    maps, styles = features(), [make_style(BIASED), make_style(BIASED)]
    ramp = torch.linspace(0, 1, 10).expand(1, 1, 8, 10)
    for masks in ([ramp, 1 - ramp], [ramp, 0.3 * ramp], [ramp, torch.ones_like(ramp)], [left(6), 1 - left(3)]):
        result = adain_regions(maps, [Region(m, s) for m, s in zip(masks, styles, strict=True)])
        close(result[0], soft_by_hand(maps[0], masks, styles, 0))


def test_the_order_of_regions_does_not_count(close):
    maps = features()
    regions = [Region(torch.rand(1, 1, 8, 10), make_style(), alpha) for alpha in (1.0, 0.5, 0.2)]
    for ours, other in zip(adain_regions(maps, regions), adain_regions(maps, regions[::-1]), strict=True):
        close(ours, other)


def test_an_empty_region_changes_nothing():
    maps, style = features(), make_style()
    nothing = Region(torch.zeros(1, 1, 8, 10), make_style())
    for ours, given_ in zip(adain_regions(maps, [nothing]), maps, strict=True):
        assert torch.equal(ours, given_)
    filled = Region(left(), style)
    for ours, alone in zip(adain_regions(maps, [filled, nothing]), adain_regions(maps, [filled]), strict=True):
        assert torch.equal(ours, alone)


@pytest.mark.parametrize("convention", [UNBIASED, BIASED, ORIGINAL], ids=lambda c: c.name)
def test_a_region_of_one_cell_takes_the_mean_of_the_style(close, convention):
    maps, style, mask = features(), make_style(convention), torch.zeros(1, 1, 8, 10)
    mask[..., 3, 7] = 1
    result = adain_regions(maps, [Region(mask, style)])[0]
    close(result[..., 3, 7], style.levels[0].mean, torch.float16)  # the huge scale of a map without spread costs digits
    outside = mask.expand_as(result) == 0
    assert torch.equal(result[outside], maps[0][outside])


def test_masks_are_given_at_the_size_of_the_picture():
    """Averaged down to each level: a picture of 32×40, levels of 8×10 and 4×5."""
    maps, style = features(), make_style()
    picture = torch.rand(1, 1, 32, 40)
    result = adain_regions(maps, [Region(picture, style)])
    for i, (level, block) in enumerate(((maps[0], 4), (maps[1], 8))):
        averages = picture.unfold(2, block, block).unfold(3, block, block).mean((4, 5))
        at_level = adain_regions((level,), [Region(averages, make_one_level(style, i))])
        torch.testing.assert_close(result[i], at_level[0])


def make_one_level(style: Style, index: int) -> Style:
    return Style((style.names[index],), (style.levels[index],), style.encoder, style.convention)


def test_half_precision_goes_in_and_out(close):
    maps, style = features(), make_style()
    halves = tuple(level.bfloat16() for level in maps)
    for ours, exact in zip(
        adain_regions(halves, [Region(left(), style)]), adain_regions(maps, [Region(left(), style)]), strict=True
    ):
        assert ours.dtype == torch.bfloat16
        close(ours, exact)


def test_gradients_flow_and_are_finite():
    maps = tuple(level.requires_grad_() for level in features())
    empty = torch.zeros(1, 1, 8, 10)
    result = adain_regions(maps, [Region(left(), make_style()), Region(empty, make_style())])
    sum((level * torch.randn_like(level)).sum() for level in result).backward()
    for level in maps:
        assert level.grad.isfinite().all()
        assert level.grad.count_nonzero() == level.numel()


def test_no_regions_are_refused():
    with pytest.raises(InvalidValueError, match="no regions"):
        adain_regions(features(), [])


@pytest.mark.parametrize("shape", [(8, 10), (1, 8, 10), (1, 3, 8, 10), (3, 1, 8, 10)])
def test_masks_of_other_shapes_are_refused(shape):
    with pytest.raises(ShapeError, match=r"2 pictures need 2×1×H×W or 1×1×H×W"):
        adain_regions(features(2), [Region(torch.ones(shape), make_style())])


def test_styles_of_other_levels_are_refused():
    with pytest.raises(ShapeError, match=r"The style has levels of \[3\]"):
        adain_regions(features(), [Region(left(), make_one_level(make_style(), 0))])


@pytest.mark.parametrize("alpha", [1.5, float("nan")])
def test_alpha_out_of_range(alpha):
    with pytest.raises(InvalidValueError, match=f"alpha is {alpha:g}"):
        adain_regions(features(), [Region(left(), make_style(), alpha)])


def test_inputs_stay_as_they_were():
    maps, mask = features(), torch.rand(1, 1, 8, 10)
    copies = [t.clone() for t in (*maps, mask)]
    adain_regions(maps, [Region(mask, make_style()), Region(mask, make_style())])
    coverage([mask, mask])
    feather(mask, 3)
    assert all(torch.equal(t, copy) for t, copy in zip((*maps, mask), copies, strict=True))


def test_coverage_adds_up_to_1():
    masks = [torch.tensor([0.0, 0.2, 0.7]).reshape(1, 1, 1, 3), torch.tensor([0.0, 0.3, 0.8]).reshape(1, 1, 1, 3)]
    torch.testing.assert_close(coverage(masks).flatten(), torch.tensor([0.0, 0.5, 1.0]))
    assert torch.equal(coverage(masks[:1]), masks[0])
    assert coverage([masks[0], masks[1].expand(2, 1, 1, 3)]).shape == (2, 1, 1, 3)


@pytest.mark.parametrize("radius", [3, 6, 12])
def test_feathering_is_close_to_a_gaussian(radius):
    edge = torch.zeros(1, 1, 4, 120)
    edge[..., 60:] = 1
    profile = feather(edge, radius)[0, 0, 0]
    reach = round(radius / 1.5)
    sigma = math.sqrt(((2 * reach + 1) ** 2 - 1) / 4)  # three boxes, each of variance (n² - 1) / 12
    expected = gaussian_filter1d(edge[0, 0, 0].numpy(), sigma, mode="nearest")
    torch.testing.assert_close(profile, torch.from_numpy(expected), atol=0.02, rtol=0)
    assert (profile[: 60 - 2 * radius] == 0).all()
    assert (profile[60 + 2 * radius :] == 1).all()
    assert profile[60 - radius] < 0.2
    assert profile[60 + radius - 1] > 0.8
    assert profile[59] == pytest.approx(1 - profile[60].item(), abs=1e-6)


def test_feathering_is_monotone_across_an_edge_and_the_same_in_both_directions():
    edge = torch.zeros(1, 1, 40, 40)
    edge[..., 20:] = 1
    soft = feather(edge, 6)
    steps = soft.diff(dim=3)
    assert (steps >= 0).all()
    assert (steps[..., 12:27] > 0).all()
    torch.testing.assert_close(feather(edge.mT, 6), soft.mT)


@settings(max_examples=20)
@given(radius=st.floats(0, 30), height=st.integers(1, 20), width=st.integers(1, 20), seed=st.integers(0, 99))
def test_feathering_keeps_the_range_the_size_and_the_complement(close, radius, height, width, seed):
    torch.manual_seed(seed)
    mask = torch.rand(2, 1, height, width).round()
    soft = feather(mask, radius)
    assert soft.shape == mask.shape
    assert mask.min() <= soft.min()
    assert soft.max() <= mask.max()
    close(feather(1 - mask, radius), 1 - soft)


def test_feathering_does_not_darken_the_border():
    assert torch.equal(feather(torch.ones(1, 1, 9, 12), 8), torch.ones(1, 1, 9, 12))


def test_a_radius_of_0_keeps_the_mask():
    mask = torch.rand(1, 1, 9, 12)
    assert torch.equal(feather(mask, 0), mask)


@pytest.mark.parametrize("radius", [-1, float("nan"), float("inf")])
def test_radii_that_are_none(radius):
    with pytest.raises(InvalidValueError, match=f"radius is {radius:g}"):
        feather(torch.ones(1, 1, 9, 12), radius)
