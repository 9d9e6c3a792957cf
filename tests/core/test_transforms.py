"""Transforms of features beside NumPy, SciPy and scikit-image, and what they have in common."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from adain_nodes.core.errors import InvalidValueError, ShapeError
from adain_nodes.core.transforms import TRANSFORMS, transform_levels


@pytest.fixture
def content():
    return torch.randn(2, 6, 9, 11) * torch.arange(1, 7.0)[:, None, None] + 3


@pytest.fixture
def style():
    mixing = torch.randn(6, 6)
    return torch.einsum("dc,bchw->bdhw", mixing, torch.randn(2, 6, 12, 10)).relu()


def moments(level):
    cells = level.double().flatten(1).numpy()
    return cells.mean(1), np.cov(cells, bias=True)


@pytest.mark.parametrize("transform", ["wct", "transport"])
def test_mean_and_covariance_become_the_style_s(content, style, transform):
    (made,) = transform_levels((content,), (style,), transform)
    for ours, theirs in zip(made, style, strict=True):
        for a, b in zip(moments(ours), moments(theirs), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-3)


def test_transport_is_the_map_of_the_formula(content, style):
    from scipy.linalg import sqrtm  # comes with scikit-image

    (made,) = transform_levels((content[:1],), (style[:1],), "transport")
    (mean, covariance), (target, wanted) = moments(content[0]), moments(style[0])
    root = sqrtm(covariance + 1e-5 * np.eye(6))
    inverse = np.linalg.inv(root)
    matrix = inverse @ sqrtm(root @ (wanted + 1e-5 * np.eye(6)) @ root) @ inverse
    expected = matrix @ (content[0].flatten(1).numpy() - mean[:, None]) + target[:, None]
    np.testing.assert_allclose(made[0].flatten(1), expected, atol=1e-3)


def test_transport_changes_less_than_whitening_and_colouring(content, style):
    moved = {
        name: (transform_levels((content,), (style,), name)[0] - content).square().mean()
        for name in ("wct", "transport")
    }
    assert moved["transport"] <= moved["wct"]


def test_histograms_are_those_of_scikit_image(content, style):
    from skimage.exposure import match_histograms

    content = content.round()  # with ties
    (made,) = transform_levels((content,), (style,), "histogram")
    for ours, source, reference in zip(made.flatten(0, 1), content.flatten(0, 1), style.flatten(0, 1), strict=True):
        np.testing.assert_allclose(ours, match_histograms(source.numpy(), reference.numpy()), atol=1e-4)


def test_exact_histogram_matching_sorts(content):
    same_size = torch.randn(2, 6, 9, 11)
    (made,) = transform_levels((content,), (same_size,), "exact-histogram")
    assert torch.equal(made.flatten(2).sort(-1).values, same_size.flatten(2).sort(-1).values)
    assert torch.equal(made.flatten(2).argsort(-1), content.flatten(2).argsort(-1))


def test_exact_histogram_matching_tells_equal_values_apart():
    content, style = torch.zeros(1, 1, 2, 2), torch.tensor([[[[3.0, 1.0], [2.0, 4.0]]]])
    assert transform_levels((content,), (style,), "exact-histogram")[0].flatten().tolist() == [1, 2, 3, 4]
    assert transform_levels((content,), (style,), "histogram")[0].flatten().tolist() == [4, 4, 4, 4]


def test_exact_histogram_matching_takes_styles_of_any_size(content):
    for size in ((1, 1), (2, 2), (30, 40)):
        style = torch.rand(1, 6, *size)
        (made,) = transform_levels((content,), (style,), "exact-histogram")
        for ours, theirs in ((made.amin((2, 3)), style.amin((2, 3))), (made.amax((2, 3)), style.amax((2, 3)))):
            torch.testing.assert_close(ours, theirs.expand_as(ours))


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_features_in_their_own_style_stay(content, transform):
    (made,) = transform_levels((content,), (content,), transform)
    torch.testing.assert_close(made, content, rtol=0, atol=2e-3)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_alpha_leads_from_the_content_to_the_full_style(content, style, transform):
    (full,) = transform_levels((content,), (style,), transform)
    assert torch.equal(transform_levels((content,), (style,), transform, 0.0)[0], content)
    torch.testing.assert_close(transform_levels((content,), (style,), transform, 0.25)[0], content.lerp(full, 0.25))


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_every_picture_is_changed_alone(content, style, transform):
    (together,) = transform_levels((content,), (style[:1],), transform)
    for one, made in zip(content.split(1), together.split(1), strict=True):
        torch.testing.assert_close(transform_levels((one,), (style[:1],), transform)[0], made, rtol=0, atol=1e-4)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_flat_and_tiny_maps_stay_finite(transform):
    for content, style in (
        (torch.ones(1, 4, 3, 3), torch.rand(1, 4, 2, 2)),
        (torch.rand(1, 4, 1, 1), torch.zeros(1, 4, 5, 5)),
    ):
        assert transform_levels((content,), (style,), transform)[0].isfinite().all()


def test_half_precision_stays_half_precision(content, style):
    (made,) = transform_levels((content.bfloat16(),), (style.bfloat16(),), "wct")
    assert made.dtype == torch.bfloat16


def test_errors(content, style):
    with pytest.raises(InvalidValueError, match=r"no transform 'other'\. Choose wct, transport"):
        transform_levels((content,), (style,), "other")
    with pytest.raises(InvalidValueError, match="alpha is 2"):
        transform_levels((content,), (style,), "wct", 2)
    with pytest.raises(ShapeError, match="1 levels, the style 2"):
        transform_levels((content,), (style, style), "wct")
    with pytest.raises(ShapeError, match="cannot be made of a style"):
        transform_levels((content,), (style[:, :5],), "wct")
    with pytest.raises(ShapeError, match="2 contents and 3 styles"):
        transform_levels((content,), (style[:1].expand(3, -1, -1, -1),), "wct")


@pytest.fixture
def left():
    """A mask of the content's size, hard, of its left part."""
    return (torch.arange(11) < 7).float().expand(1, 1, 9, 11)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_region_is_matched_by_itself(content, style, left, transform):
    """What lies beside the mask changes nothing in it: as if the picture had ended there."""
    (alone,) = transform_levels((content[..., :7],), (style,), transform)
    (made,) = transform_levels((content,), (style,), transform, mask=left)
    torch.testing.assert_close(made[..., :7], alone, rtol=0, atol=1e-3)
    elsewhere = torch.cat((content[..., :7], content[..., 7:] * 5 - 2), -1)
    (same,) = transform_levels((elsewhere,), (style,), transform, mask=left)
    torch.testing.assert_close(same[..., :7], alone, rtol=0, atol=1e-3)
    assert made.isfinite().all()


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_mask_of_one_value_is_none(content, style, transform):
    (expected,) = transform_levels((content,), (style,), transform)
    (made,) = transform_levels((content,), (style,), transform, mask=torch.full((2, 1, 18, 22), 0.5))
    torch.testing.assert_close(made, expected, rtol=0, atol=1e-3)


@pytest.mark.parametrize("transform", ["wct", "transport"])
def test_soft_masks_weight_mean_and_covariance(content, style, transform):
    mask = torch.rand(1, 1, 9, 11)
    (made,) = transform_levels((content[:1],), (style[:1],), transform, mask=mask)
    cells, weights = made[0].double().flatten(1).numpy(), mask.flatten().double().numpy()
    mean, covariance = moments(style[0])
    np.testing.assert_allclose(np.average(cells, axis=1, weights=weights), mean, atol=1e-3)
    np.testing.assert_allclose(np.cov(cells, aweights=weights, bias=True), covariance, atol=1e-3)


@pytest.mark.parametrize("transform", TRANSFORMS)
def test_a_black_mask_stays_finite(content, style, transform):
    assert transform_levels((content,), (style,), transform, mask=torch.zeros(1, 1, 9, 11))[0].isfinite().all()


def test_a_mask_that_does_not_fit_is_refused(content, style):
    with pytest.raises(ShapeError, match=r"A mask has the shape \(3, 1, 9, 11\); 2 pictures need"):
        transform_levels((content,), (style,), "wct", mask=torch.ones(3, 1, 9, 11))
