import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from adain_nodes.core.color import METHODS, match_color
from adain_nodes.core.errors import InvalidValueError, ShapeError

BY_STATISTICS = [method for method in METHODS if method != "luminance"]
every_method = pytest.mark.parametrize("method", METHODS)
every_statistics_method = pytest.mark.parametrize("method", BY_STATISTICS)


def left_half(height: int, width: int) -> Tensor:
    mask = torch.zeros(1, 1, height, width)
    mask[..., : width // 2] = 1
    return mask


def test_method_names() -> None:
    assert METHODS == ("coral", "mean-std", "histogram", "luminance")


@every_method
def test_changes_the_picture_within_its_range(method: str, make_pictures) -> None:
    image, reference = make_pictures(2, 12, 15), make_pictures(2, 12, 15, seed=1) ** 4
    originals = image.clone(), reference.clone()
    result = match_color(image, reference, method)
    assert result.shape == image.shape
    assert result.dtype == torch.float32
    assert result.min() >= 0
    assert result.max() <= 1
    assert (result - image).abs().mean() > 0.02
    assert torch.equal(image, originals[0])
    assert torch.equal(reference, originals[1])


@every_method
def test_a_picture_matched_to_itself_stays(method: str, make_pictures) -> None:
    image = make_pictures(2, 12, 15)
    torch.testing.assert_close(match_color(image, image, method), image, atol=1e-5, rtol=0)


@every_statistics_method
def test_only_the_colors_of_the_reference_count_not_their_places(method: str, make_pictures) -> None:
    image, reference = make_pictures(1, 12, 15), make_pictures(1, 9, 20, seed=1)
    turned = match_color(image, reference.flip(-1).mT, method)
    torch.testing.assert_close(match_color(image, reference, method), turned, atol=1e-4, rtol=0)


@every_method
@pytest.mark.parametrize("references", [1, 3], ids=["shared reference", "paired references"])
def test_a_batch_is_its_items(method: str, references: int, make_pictures) -> None:
    images, reference = make_pictures(3, 12, 15), make_pictures(references, 12, 15, seed=1)
    results = match_color(images, reference, method)
    for index, image in enumerate(images):
        alone = match_color(image[None], reference[[min(index, references - 1)]], method)
        torch.testing.assert_close(results[[index]], alone, atol=1e-5, rtol=0)


@every_statistics_method
@pytest.mark.parametrize("references", [1, 3], ids=["shared reference", "paired references"])
def test_a_batch_with_masks_is_its_items(method: str, references: int, make_pictures) -> None:
    images, reference = make_pictures(3, 12, 15), make_pictures(references, 9, 20, seed=1)
    masks, reference_masks = make_pictures(3, 12, 15, seed=2)[:, :1], make_pictures(3, 9, 20, seed=3)[:, :1]
    results = match_color(images, reference, method, mask=masks, reference_mask=reference_masks)
    for index, image in enumerate(images):
        mask, reference_mask = masks[[index]], reference_masks[[index]]
        own = reference[[min(index, references - 1)]]
        alone = match_color(image[None], own, method, mask=mask, reference_mask=reference_mask)
        torch.testing.assert_close(results[[index]], alone, atol=1e-5, rtol=0)


@every_method
def test_layout_in_memory_does_not_matter(method: str, make_pictures) -> None:
    image, reference = make_pictures(2, 12, 15), make_pictures(2, 12, 15, seed=1)
    expected = match_color(image, reference, method)
    image, reference = (picture.contiguous(memory_format=torch.channels_last) for picture in (image, reference))
    torch.testing.assert_close(match_color(image, reference, method), expected, atol=1e-5, rtol=0)


@every_method
def test_strength_interpolates(method: str, make_pictures) -> None:
    image, reference = make_pictures(1, 12, 15), make_pictures(1, 12, 15, seed=1)
    full = match_color(image, reference, method)
    assert torch.equal(match_color(image, reference, method, strength=0), image)
    quarter = match_color(image, reference, method, strength=0.25)
    torch.testing.assert_close(quarter, 0.75 * image + 0.25 * full)


@every_statistics_method
def test_a_mask_limits_change_and_statistics(method: str, make_pictures) -> None:
    image, reference = make_pictures(1, 12, 16), make_pictures(1, 9, 20, seed=1)
    result = match_color(image, reference, method, mask=left_half(12, 16))
    assert torch.equal(result[..., 8:], image[..., 8:])
    alone = match_color(image[..., :8], reference, method)
    torch.testing.assert_close(result[..., :8], alone, atol=1e-4, rtol=0)


@every_statistics_method
def test_a_reference_mask_limits_the_colors(method: str, make_pictures) -> None:
    image, reference = make_pictures(1, 12, 16), make_pictures(1, 9, 20, seed=1)
    result = match_color(image, reference, method, reference_mask=left_half(9, 20))
    expected = match_color(image, reference[..., :10], method)
    torch.testing.assert_close(result, expected, atol=1e-4, rtol=0)
    assert (result - match_color(image, reference, method)).abs().max() > 1e-3


def test_a_soft_mask_blends_luminance_transfer(make_pictures) -> None:
    image, reference = make_pictures(1, 12, 16), make_pictures(1, 12, 16, seed=1)
    half = torch.full((1, 1, 12, 16), 0.5)
    full = match_color(image, reference, "luminance")
    torch.testing.assert_close(match_color(image, reference, "luminance", mask=half), (image + full) / 2)


@every_method
def test_an_empty_mask_leaves_its_image_unchanged(method: str, make_pictures) -> None:
    images, reference = make_pictures(2, 12, 15), make_pictures(1, 12, 15, seed=1)
    masks = torch.stack([torch.zeros(1, 12, 15), torch.ones(1, 12, 15)])
    results = match_color(images, reference, method, mask=masks)
    assert torch.equal(results[0], images[0])
    torch.testing.assert_close(results[[1]], match_color(images[[1]], reference, method), atol=1e-5, rtol=0)


@every_statistics_method
def test_an_empty_reference_mask_leaves_its_image_unchanged(method: str, make_pictures) -> None:
    images, reference = make_pictures(2, 12, 15), make_pictures(1, 9, 20, seed=1)
    masks = torch.stack([torch.zeros(1, 9, 20), torch.ones(1, 9, 20)])
    results = match_color(images, reference, method, reference_mask=masks)
    assert torch.equal(results[0], images[0])
    torch.testing.assert_close(results[[1]], match_color(images[[1]], reference, method), atol=1e-5, rtol=0)


@pytest.mark.parametrize("method", ["mean-std", "luminance"])
def test_gradients_reach_both_pictures(method: str, make_pictures) -> None:
    image, reference = make_pictures(1, 5, 6).requires_grad_(), make_pictures(1, 5, 6, seed=1).requires_grad_()
    match_color(image, reference, method, mask=left_half(5, 6)).square().sum().backward()
    for picture in (image, reference):
        assert picture.grad is not None
        assert picture.grad.isfinite().all()
        assert picture.grad.abs().max() > 0


LEVELS = st.sampled_from([0.0, 1e-30, 0.2, 0.5, 0.999, 1.0])


@st.composite
def tensors(draw: st.DrawFn, shape: tuple[int, ...]) -> Tensor:
    """Few levels and often one: constant, grey, black and one-pixel pictures, empty and binary masks."""
    levels = draw(st.lists(LEVELS, min_size=1, max_size=3))
    generator = torch.Generator().manual_seed(draw(st.integers(0, 1000)))
    return torch.tensor(levels)[torch.randint(len(levels), shape, generator=generator)]


SIZES = st.tuples(st.integers(1, 4), st.integers(1, 4))


@settings(deadline=None, max_examples=200)
@given(st.data())
def test_any_pictures_and_masks_give_finite_colors(data: st.DataObject) -> None:
    method = data.draw(st.sampled_from(METHODS))
    size, batch = data.draw(SIZES), data.draw(st.integers(1, 2))
    reference_size = size if method == "luminance" else data.draw(SIZES)
    image, mask = data.draw(tensors((batch, 3, *size))), data.draw(st.none() | tensors((batch, 1, *size)))
    reference = data.draw(tensors((1, 3, *reference_size)))
    masks = st.none() if method == "luminance" else st.none() | tensors((1, 1, *reference_size))
    result = match_color(image, reference, method, mask=mask, reference_mask=data.draw(masks))
    assert result.shape == image.shape
    assert result.isfinite().all()
    assert result.min() >= 0
    assert result.max() <= 1


@settings(deadline=None, max_examples=100)
@given(st.data(), st.sampled_from(METHODS), SIZES)
def test_any_picture_matched_to_itself_stays(data: st.DataObject, method: str, size: tuple[int, int]) -> None:
    image = data.draw(tensors((1, 3, *size)))
    torch.testing.assert_close(match_color(image, image, method), image, atol=1e-4, rtol=0)


def test_unknown_method(make_pictures) -> None:
    picture = make_pictures(1, 4, 4)
    with pytest.raises(InvalidValueError, match=r"'lab'\. Choose one of coral, mean-std, histogram, luminance"):
        match_color(picture, picture, "lab")


@pytest.mark.parametrize("strength", [-0.1, 1.1, math.nan])
def test_strength_outside_its_range(strength: float, make_pictures) -> None:
    picture = make_pictures(1, 4, 4)
    with pytest.raises(InvalidValueError, match=f"strength of a colour match is {strength}"):
        match_color(picture, picture, "coral", strength=strength)


def test_luminance_takes_no_reference_mask(make_pictures) -> None:
    picture = make_pictures(1, 4, 4)
    with pytest.raises(InvalidValueError, match=r"reference mask means nothing to it\. Leave the reference mask out"):
        match_color(picture, picture, "luminance", reference_mask=torch.ones(1, 1, 4, 4))


def test_luminance_needs_equal_sizes(make_pictures) -> None:
    with pytest.raises(ShapeError, match="Resize the reference to 4×5"):
        match_color(make_pictures(1, 5, 4), make_pictures(1, 4, 5), "luminance")


@pytest.mark.parametrize("batches", [(2, 3), (1, 2), (3, 2)])
def test_images_and_references_must_pair(batches: tuple[int, int], make_pictures) -> None:
    images, references = (make_pictures(batch, 4, 4) for batch in batches)
    with pytest.raises(ShapeError, match=f"There are {batches[0]} images and {batches[1]} references"):
        match_color(images, references, "coral")


@pytest.mark.parametrize("shape", [(3, 4, 4), (1, 1, 4, 4), (1, 4, 4, 3), (1, 3, 0, 4), (0, 3, 4, 4)])
def test_pictures_of_another_shape(shape: tuple[int, ...], make_pictures) -> None:
    picture = make_pictures(1, 4, 4)
    with pytest.raises(ShapeError, match=r"The image is a tensor of shape .*, not B×3×H×W"):
        match_color(torch.zeros(shape), picture, "coral")
    with pytest.raises(ShapeError, match="The reference is a tensor of shape"):
        match_color(picture, torch.zeros(shape), "coral")


@pytest.mark.parametrize("shape", [(3, 1, 4, 5), (2, 3, 4, 5), (1, 1, 5, 4), (4, 5)])
def test_masks_of_another_shape(shape: tuple[int, ...], make_pictures) -> None:
    pictures, mask = make_pictures(2, 4, 5), torch.ones(shape)
    with pytest.raises(ShapeError, match=r"The mask is a tensor of shape .* for 2 images\. Give 1 or 2"):
        match_color(pictures, pictures, "coral", mask=mask)
    with pytest.raises(ShapeError, match="The reference mask is a tensor of shape"):
        match_color(pictures, pictures, "coral", reference_mask=mask)
