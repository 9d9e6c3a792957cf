import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.linalg import inv, sqrtm
from skimage import color
from torch import Tensor

from adain_nodes.core.color.moments import coral, lab_moments, mean_std, rgb_moments, weighted_mean


def match_rgb(image: Tensor, reference: Tensor, mask: Tensor | None = None, seen: Tensor | None = None) -> Tensor:
    return coral(image, rgb_moments(reference, seen), mask)


def match_lab(image: Tensor, reference: Tensor, mask: Tensor | None = None, seen: Tensor | None = None) -> Tensor:
    return mean_std(image, lab_moments(reference, seen), mask)


BY_MOMENTS = pytest.mark.parametrize("match", [match_rgb, match_lab])


def pixels(picture: Tensor) -> NDArray[np.float64]:
    return picture.double().flatten(1).numpy()


def ramp_mask(height: int, width: int) -> Tensor:
    return torch.linspace(0, 1, width).repeat(1, 1, height, 1)


def test_weighted_mean_agrees_with_numpy(make_pictures) -> None:
    pictures, weights = make_pictures(2, 5, 7), ramp_mask(5, 7)
    expected = [np.average(pixels(picture), axis=1, weights=weights.flatten()) for picture in pictures]
    torch.testing.assert_close(weighted_mean(pictures, weights)[..., 0, 0].double(), torch.tensor(np.array(expected)))


def test_weighted_mean_without_weights_and_of_nothing(make_pictures) -> None:
    pictures = make_pictures(2, 5, 7)
    torch.testing.assert_close(weighted_mean(pictures, None), pictures.mean((2, 3), keepdim=True))
    assert torch.equal(weighted_mean(pictures, torch.zeros(1, 1, 5, 7)), torch.zeros(2, 3, 1, 1))


def test_coral_gives_mean_and_covariance_of_the_reference(make_pictures) -> None:
    image, reference = make_pictures(2, 24, 30, seed=1), make_pictures(2, 40, 20, seed=2)
    reference[:, 0] = reference[:, 0] * 0.3 + reference[:, 1] * 0.5
    result = match_rgb(image, reference)
    assert result.shape == image.shape
    for got, expected in zip(result, reference, strict=True):
        np.testing.assert_allclose(pixels(got).mean(1), pixels(expected).mean(1), atol=1e-5)
        # The regularisation, 1.3e-6 in each variance, is in the tolerance.
        np.testing.assert_allclose(np.cov(pixels(got)), np.cov(pixels(expected)), atol=5e-6, rtol=2e-3)


def test_coral_counts_pixels_by_their_masks(make_pictures) -> None:
    image, reference = make_pictures(1, 24, 30, seed=1), make_pictures(1, 40, 20, seed=2)
    mask, reference_mask = ramp_mask(24, 30), ramp_mask(40, 20).flip(-1)
    got, expected = pixels(match_rgb(image, reference, mask, reference_mask)[0]), pixels(reference[0])
    weights, target_weights = mask.flatten().numpy(), reference_mask.flatten().numpy()
    np.testing.assert_allclose(
        np.average(got, axis=1, weights=weights), np.average(expected, axis=1, weights=target_weights), atol=1e-5
    )
    covariance = np.cov(got, aweights=weights, ddof=0)
    np.testing.assert_allclose(covariance, np.cov(expected, aweights=target_weights, ddof=0), atol=5e-6)


def test_coral_standardises_the_channels_as_the_adain_reference_does(make_pictures) -> None:
    # Many maps give the right covariance; this is the one between standardised channels, by scipy's roots.
    image, reference = make_pictures(1, 24, 30, seed=1), make_pictures(1, 40, 20, seed=2)
    source, target = pixels(image[0]), pixels(reference[0])
    standardised = (source - source.mean(1, keepdims=True)) / source.std(1, keepdims=True)
    recolored = sqrtm(np.corrcoef(target)) @ inv(sqrtm(np.corrcoef(source))) @ standardised
    expected = recolored * target.std(1, keepdims=True) + target.mean(1, keepdims=True)
    np.testing.assert_allclose(pixels(match_rgb(image, reference)[0]), expected, atol=1e-3)


def test_coral_from_a_grey_picture_stays_on_one_line_of_colors(make_pictures) -> None:
    grey = make_pictures(1, 16, 16)[:, :1].expand(-1, 3, -1, -1)
    values = pixels(match_rgb(grey, make_pictures(1, 16, 16, seed=3))[0])
    spread = np.linalg.svd(values - values.mean(1, keepdims=True), compute_uv=False)
    assert spread[0] > 1
    assert spread[1] < 1e-3 * spread[0]


def test_mean_std_gives_moments_of_the_reference_in_lab(make_pictures) -> None:
    # Pictures of low contrast, so that nothing leaves RGB and the way back to Lab is exact.
    image, reference = make_pictures(2, 24, 30, low=0.3, high=0.6), make_pictures(2, 40, 20, seed=2, low=0.3, high=0.7)
    for got, expected in zip(match_lab(image, reference), reference, strict=True):
        lab, target = (color.rgb2lab(picture.double().numpy(), channel_axis=0) for picture in (got, expected))
        np.testing.assert_allclose(lab.mean((1, 2)), target.mean((1, 2)), atol=1e-2)
        np.testing.assert_allclose(lab.std((1, 2)), target.std((1, 2)), atol=1e-2)


def test_mean_std_counts_pixels_by_their_masks(make_pictures) -> None:
    image, reference = make_pictures(1, 8, 9, low=0.3, high=0.6), make_pictures(1, 6, 8, seed=2, low=0.3, high=0.7)
    left, right = torch.zeros(1, 1, 8, 9), torch.zeros(1, 1, 6, 8)
    left[..., :4], right[..., 5:] = 1, 1
    expected = match_lab(image[..., :4], reference[..., 5:])
    torch.testing.assert_close(match_lab(image, reference, left, right)[..., :4], expected, atol=1e-5, rtol=0)


@BY_MOMENTS
def test_a_constant_or_one_pixel_image_takes_the_mean_of_the_reference(match, make_pictures) -> None:
    reference = make_pictures(1, 6, 8)
    for size in ((5, 5), (1, 1)):
        result = match(torch.full((1, 3, *size), 0.3), reference)
        assert result.std((2, 3), correction=0).max() < 1e-4
        assert (result.mean((2, 3)) - reference.mean((2, 3))).abs().max() < 0.02


@BY_MOMENTS
def test_a_constant_reference_leaves_variation_below_8_bit_steps(match, make_pictures) -> None:
    reference = torch.tensor([0.2, 0.5, 0.7]).view(1, 3, 1, 1)
    result = match(make_pictures(1, 20, 20), reference)
    torch.testing.assert_close(result.mean((2, 3), keepdim=True), reference, atol=1e-4, rtol=0)
    assert result.std((2, 3), correction=0).max() < 0.5 / 255


def test_mean_std_gradients_are_right(make_pictures) -> None:
    image, reference = make_pictures(1, 2, 3, low=0.2, high=0.8), make_pictures(1, 3, 2, seed=2, low=0.2, high=0.8)
    inputs = [picture.double().requires_grad_() for picture in (image, reference)]
    assert torch.autograd.gradcheck(match_lab, inputs)


def test_mean_std_gradient_of_black_pictures_is_finite() -> None:
    image, reference = (torch.zeros(1, 3, 4, 4, requires_grad=True) for _ in range(2))
    match_lab(image, reference).square().sum().backward()
    for picture in (image, reference):
        assert picture.grad is not None
        assert picture.grad.isfinite().all()
