"""What any transform made of a content, blended and put in its place."""

from __future__ import annotations

import pytest
import torch

from adain_nodes.core.adain import adain_levels, blend_features
from adain_nodes.core.errors import InvalidValueError, ShapeError
from adain_nodes.core.regions import compose, intersection, mask_on
from adain_nodes.core.statistics import UNBIASED
from adain_nodes.core.style import blend, style_of


@pytest.fixture
def features():
    return torch.rand(2, 4, 8, 10), torch.rand(2, 6, 4, 5)


@pytest.fixture
def made(features):
    """What two styles made of them."""
    return [tuple(level * factor for level in features) for factor in (2, -1)]


def test_each_mask_shows_what_was_made_for_it(features, made):
    left = (torch.arange(10) < 4).float().expand(1, 1, 8, 10)
    for level, one, two, result in zip(features, *made, compose(features, made, [left, 1 - left]), strict=True):
        half = level.shape[3] * 4 // 10
        torch.testing.assert_close(result[..., :half], one[..., :half])
        torch.testing.assert_close(result[..., half:], two[..., half:])
    for level, result in zip(features, compose(features, made[:1], [left]), strict=True):
        half = level.shape[3] * 4 // 10
        assert torch.equal(result[..., half:], level[..., half:])


def test_soft_masks_mix_and_overlapping_ones_share(features, made):
    soft, full = torch.full((1, 1, 8, 10), 0.25), torch.ones(2, 1, 8, 10)
    for level, one, result in zip(features, made[0], compose(features, made[:1], [soft]), strict=True):
        torch.testing.assert_close(result, level.lerp(one, 0.25))
    for one, two, result in zip(*made, compose(features, made, [full, None]), strict=True):
        torch.testing.assert_close(result, (one + two) / 2)


def test_without_a_mask_it_is_what_was_made(features, made):
    assert compose(features, made[:1], [None]) == made[0]


def test_half_precision_stays_half_precision(features):
    half = tuple(level.bfloat16() for level in features)
    assert compose(half, [half], [torch.ones(1, 1, 8, 10)])[0].dtype == torch.bfloat16


def test_blends_are_weighted_means(features, made):
    for one, two, result in zip(*made, blend_features(made, [3, 1]), strict=True):
        torch.testing.assert_close(result, 0.75 * one + 0.25 * two)
    assert all(map(torch.equal, blend_features(made[:1]), made[0]))
    assert all(map(torch.equal, blend_features(made), blend_features(made, [2, 2])))


def test_for_adain_blending_features_is_blending_styles(features):
    looks = [
        style_of((torch.rand(1, 4, 5, 5), torch.randn(1, 6, 5, 5)), ("a", "b"), "encoder", UNBIASED) for _ in range(3)
    ]
    together = adain_levels(features, blend(looks, [1, 2, 3]))
    apart = blend_features([adain_levels(features, look) for look in looks], [1, 2, 3])
    for one, other in zip(together, apart, strict=True):
        torch.testing.assert_close(one, other)


def test_weights_and_masks_that_do_not_fit_are_refused(features, made):
    with pytest.raises(InvalidValueError, match="2 styles and 1 weights"):
        blend_features(made, [1])
    with pytest.raises(ShapeError, match=r"A mask has the shape \(3, 1, 8, 10\)"):
        compose(features, made[:1], [torch.ones(3, 1, 8, 10)])
    with pytest.raises(ShapeError, match=r"A mask has the shape \(8, 10\)"):
        mask_on(features[0], torch.ones(8, 10))


def test_intersections():
    a, b = torch.rand(2, 1, 4, 4), torch.rand(1, 1, 4, 4)
    assert intersection(None, None) is None
    assert torch.equal(intersection(a, None), a)
    assert torch.equal(intersection(None, b), b)
    assert torch.equal(intersection(a, b), a * b)
