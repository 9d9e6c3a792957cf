import numpy as np
import pytest
import torch
from skimage.exposure import match_histograms
from torch import Tensor

from adain_nodes.core.color.histogram import distribution, histogram


def match(image: Tensor, reference: Tensor, mask: Tensor | None = None, seen: Tensor | None = None) -> Tensor:
    return histogram(image, distribution(reference, seen), mask)


def match_by_skimage(image: Tensor, reference: Tensor) -> Tensor:
    matched = match_histograms(image[0].double().numpy(), reference[0].double().numpy(), channel_axis=0)
    return torch.from_numpy(matched).unsqueeze(0)


@pytest.mark.parametrize("levels", [None, 255, 7])
@pytest.mark.parametrize("size", [(40, 50), (64, 64)], ids=["larger image", "larger reference"])
def test_agrees_with_skimage(levels: int | None, size: tuple[int, int], make_pictures) -> None:
    image, reference = make_pictures(1, 45, 55), make_pictures(1, *size, seed=1)
    if levels is not None:
        image, reference = ((picture * levels).round() / levels for picture in (image, reference))
    matched = match(image, reference)
    assert matched.shape == image.shape
    torch.testing.assert_close(matched.double(), match_by_skimage(image, reference), atol=2e-5, rtol=0)


def test_soft_masks_count_pixels_by_weight(make_pictures) -> None:
    # A pixel of weight k/2 counts like k equal pixels: the pictures of repeated pixels go to scikit-image.
    image, reference = make_pictures(1, 12, 15), make_pictures(1, 9, 20, seed=1)
    counts = torch.arange(180) % 3
    mask, reference_mask = (counts / 2).view(1, 1, 12, 15), (counts.flip(0) / 2).view(1, 1, 9, 20)
    repeated = image.flatten(2).repeat_interleave(counts, -1)
    repeated_reference = reference.flatten(2).repeat_interleave(counts.flip(0), -1)
    expected = match_by_skimage(repeated.unsqueeze(2), repeated_reference.unsqueeze(2)).flatten(2)
    matched = match(image, reference, mask, reference_mask).flatten(2).repeat_interleave(counts, -1)
    torch.testing.assert_close(matched.double(), expected, atol=1e-5, rtol=0)


def test_pixels_outside_a_reference_mask_lend_no_value(make_pictures) -> None:
    reference = make_pictures(1, 6, 8, seed=1)
    reference[..., 4:] = torch.tensor([0.0, 1.0]).repeat(2)
    left = torch.zeros(1, 1, 6, 8)
    left[..., :4] = 1
    image = make_pictures(1, 30, 30)
    torch.testing.assert_close(match(image, reference, None, left), match(image, reference[..., :4]))


def test_values_outside_the_image_mask_follow_the_same_curve() -> None:
    image = torch.tensor([0.1, 0.2, 0.3, 0.4]).view(1, 1, 1, 4).expand(-1, 3, -1, -1)
    reference = torch.tensor([0.6, 0.8]).view(1, 1, 1, 2).expand(-1, 3, -1, -1)
    matched = match(image, reference, torch.tensor([0.0, 1.0, 1.0, 0.0]).view(1, 1, 1, 4))
    np.testing.assert_allclose(matched[0, 0, 0].numpy(), [0.6, 0.6, 0.8, 0.8], atol=1e-6)


def test_order_of_the_pixels_is_kept(make_pictures) -> None:
    image, reference = make_pictures(1, 12, 15), make_pictures(1, 9, 20, seed=1)
    before, after = image.flatten(2), match(image, reference).flatten(2)
    assert (after.gather(-1, before.argsort(-1)).diff(dim=-1) >= 0).all()


def test_a_constant_reference_makes_the_image_constant(make_pictures) -> None:
    matched = match(make_pictures(1, 5, 6), torch.full((1, 3, 2, 2), 0.3))
    assert torch.equal(matched, torch.full((1, 3, 5, 6), 0.3))
