"""IMAGE and MASK to tensors and back."""

import pytest
import torch

from adain_nodes.comfy.tensors import common_batch, from_image, from_mask, portion, samples
from adain_nodes.core.errors import ShapeError


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_images_of_every_dtype_become_float32(dtype):
    image = torch.rand(2, 5, 7, 3).to(dtype)
    rgb = samples(from_image(image), slice(None), 2)
    assert rgb.shape == (2, 3, 5, 7)
    assert rgb.dtype == torch.float32
    assert torch.equal(rgb.movedim(1, -1), image.float())


def test_an_image_is_not_copied():
    image = torch.rand(2, 5, 7, 3)
    assert from_image(image).data_ptr() == image.data_ptr()


def test_grey_is_repeated_and_alpha_left_aside():
    grey, rgba = torch.rand(1, 4, 4, 1), torch.rand(1, 4, 4, 4)
    assert torch.equal(from_image(grey), grey.permute(0, 3, 1, 2).repeat(1, 3, 1, 1))
    assert torch.equal(from_image(rgba), from_image(rgba[..., :3]))


def test_values_outside_the_range_are_clipped():
    assert samples(torch.tensor([[-1.0, 0.5, 2.0]]), slice(1), 1).tolist() == [[0, 0.5, 1]]


@pytest.mark.parametrize("shape", [(0, 4, 4, 3), (4, 4, 3), (1, 4, 4, 2), (1, 0, 4, 3)])
def test_other_images_are_refused(shape):
    with pytest.raises(ShapeError, match="expected batch×height×width×channels"):
        from_image(torch.zeros(shape))


def test_masks():
    mask = torch.rand(3, 4, 6, dtype=torch.float16)
    assert torch.equal(from_mask(mask), mask.float()[:, None])
    assert from_mask(mask[0]).shape == (1, 1, 4, 6)
    with pytest.raises(ShapeError, match="expected batch×height×width"):
        from_mask(torch.zeros(0, 4, 4))


def test_batches_pair_or_broadcast():
    assert common_batch(images=1, styles=1) == 1
    assert common_batch(images=1, styles=4) == 4
    assert common_batch(images=4, styles=4, masks=1) == 4
    with pytest.raises(ShapeError, match="3 in images, 2 in styles"):
        common_batch(images=3, styles=2)


def test_a_portion_of_one_item_is_that_item_again():
    one, four = torch.rand(1, 2), torch.rand(4, 2)
    assert torch.equal(portion(one, slice(1, 3), 4), one.repeat(2, 1))
    assert torch.equal(portion(four, slice(3, 6), 4), four[3:])
