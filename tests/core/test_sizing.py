from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from adain_nodes.core.sizing import crop_to, halved, mask_of_level, pad_to_minimum, resize_mask, size_of


@pytest.mark.parametrize("shape", [(5, 7), (3, 5, 7), (2, 3, 5, 7)])
def test_size_is_height_and_width(shape):
    assert size_of(torch.zeros(shape)) == (5, 7)


def test_small_pictures_are_continued_with_their_last_row_and_column():
    image = torch.arange(6.0).reshape(1, 1, 2, 3)
    expected = [[0, 1, 2, 2], [3, 4, 5, 5], [3, 4, 5, 5], [3, 4, 5, 5]]
    assert pad_to_minimum(image, 4)[0, 0].tolist() == expected


@pytest.mark.parametrize(("size", "expected"), [((1, 1), (9, 9)), ((4, 20), (9, 20)), ((20, 8), (20, 9))])
def test_only_short_sides_grow_and_cropping_takes_them_back(size, expected):
    image = torch.rand(2, 3, *size)
    padded = pad_to_minimum(image, 9)
    assert padded.shape == (2, 3, *expected)
    assert torch.equal(crop_to(padded, size), image)


@pytest.mark.parametrize("size", [(9, 9), (9, 30), (31, 10)])
def test_large_pictures_stay_as_they_are(size):
    image = torch.rand(1, 3, *size)
    assert pad_to_minimum(image, 9) is image


def test_cropping_keeps_the_top_left():
    image = torch.arange(20.0).reshape(1, 1, 4, 5)
    assert torch.equal(crop_to(image, (2, 3)), torch.tensor([[[[0.0, 1, 2], [5, 6, 7]]]]))


def test_masks_are_averaged_when_they_shrink():
    """By any factor: one white pixel in a large mask must not vanish between samples."""
    mask = torch.zeros(1, 1, 64, 64)
    mask[..., 37, 21] = 1
    small = resize_mask(mask, (8, 8))
    assert small.sum() == pytest.approx(1 / 64)
    assert small[0, 0, 4, 2] == pytest.approx(1 / 64)


def test_masks_are_interpolated_when_they_grow():
    mask = torch.tensor([[[[0.0, 1.0]]]])
    assert resize_mask(mask, (1, 4)).flatten().tolist() == [0, 0.25, 0.75, 1]


@settings(max_examples=30)
@given(
    size=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    to=st.tuples(st.integers(1, 20), st.integers(1, 20)),
    value=st.sampled_from([0.0, 0.5, 1.0]),
)
def test_a_resized_mask_has_the_size_and_the_range(size, to, value):
    torch.manual_seed(0)
    flat = resize_mask(torch.full((2, 1, *size), value), to)
    assert flat.shape == (2, 1, *to)
    torch.testing.assert_close(flat, torch.full((2, 1, *to), value))
    soft = resize_mask(torch.rand(1, 1, *size), to)
    assert soft.min() >= 0
    assert soft.max() <= 1


def test_a_mask_of_the_right_size_is_handed_back():
    mask = torch.rand(1, 1, 5, 7)
    assert resize_mask(mask, (5, 7)) is mask


@pytest.mark.parametrize(("height", "width", "stride"), [(16, 24, 8), (65, 70, 8), (9, 13, 4), (7, 5, 1)])
def test_a_cell_averages_the_pixels_under_it(height, width, stride):
    mask = torch.rand(2, 1, height, width)
    cells = mask_of_level(mask, (-(-height // stride), -(-width // stride)))
    for row in range(0, height - stride + 1, stride):
        for column in range(0, width - stride + 1, stride):
            expected = mask[..., row : row + stride, column : column + stride].mean((2, 3))
            assert torch.allclose(cells[..., row // stride, column // stride], expected)


def test_the_last_cell_ends_with_the_picture():
    mask = torch.zeros(1, 1, 65, 64)
    mask[..., 64, :] = 1
    assert torch.equal(mask_of_level(mask, (9, 8))[0, 0, :, 0], torch.eye(9)[8])


def test_a_mask_of_another_size_is_resized_evenly():
    mask = torch.linspace(0, 1, 100).expand(1, 1, 100, 100)
    assert torch.allclose(mask_of_level(mask, (64, 64)), resize_mask(mask, (64, 64)))


@pytest.mark.parametrize(("times", "expected"), [(0, (7, 16)), (1, (4, 8)), (3, (1, 2)), (9, (1, 1))])
def test_halved(times, expected):
    assert halved((7, 16), times) == expected
