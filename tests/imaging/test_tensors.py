"""Tensors to samples and back."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from adain_nodes.core.errors import InvalidValueError, ShapeError
from adain_nodes.imaging.tensors import resize, scaled_size, to_array, to_pil, to_tensor


@given(st.data(), st.sampled_from([np.uint8, np.uint16]))
@settings(max_examples=40, deadline=None)
def test_samples_survive_the_round_trip(data: st.DataObject, dtype: type) -> None:
    shape = hnp.array_shapes(min_dims=4, max_dims=4, max_side=5)
    pixels = data.draw(hnp.arrays(dtype, shape))
    tensor = to_tensor(pixels)
    assert tensor.dtype == torch.float32
    assert tensor.shape == (pixels.shape[0], pixels.shape[3], pixels.shape[1], pixels.shape[2])
    assert np.array_equal(to_array(tensor, 8 * pixels.itemsize), pixels)


def test_every_16_bit_level_survives() -> None:
    levels = np.arange(65536, dtype=np.uint16).reshape(1, 256, 256, 1)
    assert np.array_equal(to_array(to_tensor(levels), 16), levels)


def test_to_tensor_puts_samples_in_place(samples: np.ndarray) -> None:
    tensor = to_tensor(samples)
    assert tensor.shape == (1, 4, 24, 31)
    assert tensor.is_contiguous()
    assert tensor[0, 2, 5, 7].item() == pytest.approx(samples[5, 7, 2] / 255, abs=1e-7)
    assert to_tensor(np.full((1, 1, 1), 65535, np.uint16)).item() == 1


def test_to_tensor_names_what_it_takes() -> None:
    with pytest.raises(ShapeError, match="not with 2 axes"):
        to_tensor(np.zeros((2, 2), np.uint8))
    with pytest.raises(InvalidValueError, match="not float64"):
        to_tensor(np.zeros((2, 2, 3)))


def test_to_array_rounds_and_clamps() -> None:
    values = torch.tensor([-0.5, 0.0, 0.49, 0.51, 254.49, 254.51, 255.0, 400.0]) / 255
    values.requires_grad_()
    picture = values.reshape(1, 1, 1, -1)
    assert to_array(picture)[0, 0, :, 0].tolist() == [0, 0, 0, 1, 254, 255, 255, 255]
    assert to_array(picture.half(), 16).dtype == np.uint16
    assert values[0] < 0  # the input is as it was


def test_to_array_refuses_what_no_file_can_hold() -> None:
    with pytest.raises(InvalidValueError, match="holds NaN"):
        to_array(torch.full((1, 1, 1, 1), float("nan")))
    with pytest.raises(InvalidValueError, match="12 bits"):
        to_array(torch.zeros(1, 1, 1, 1), 12)
    with pytest.raises(ShapeError, match="B×C×H×W"):
        to_array(torch.zeros(3, 4, 4))


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB"), (4, "RGBA")])
def test_to_pil_modes(samples: np.ndarray, channels: int, mode: str) -> None:
    image = to_pil(to_tensor(samples[..., :channels]))
    assert image.mode == mode
    assert np.array_equal(np.asarray(image).reshape(24, 31, channels), samples[..., :channels])


@pytest.mark.parametrize("shape", [(2, 3, 4, 4), (1, 2, 4, 4), (3, 4, 4)])
def test_to_pil_takes_one_picture(shape: tuple[int, ...]) -> None:
    with pytest.raises(ShapeError, match="Pillow image"):
        to_pil(torch.zeros(shape))


def test_scaled_size_keeps_the_aspect() -> None:
    assert scaled_size(400, 600, 200) == (200, 300)
    assert scaled_size(600, 400, 200) == (300, 200)
    assert scaled_size(100, 151, 256) == (256, 387)  # 386.56
    assert scaled_size(7, 7, 20) == (20, 20)


@pytest.mark.parametrize("short_side", [9, 24, 40])
def test_resize_is_pillows_lanczos(samples: np.ndarray, short_side: int) -> None:
    mild = samples[..., :3] // 4 + 96  # no overshoot: Pillow clamps its 8 bits once for each direction
    height, width = scaled_size(24, 31, short_side)
    expected = np.asarray(Image.fromarray(mild).resize((width, height), Image.Resampling.LANCZOS)) / 255
    resized = resize(to_tensor(mild), short_side)
    assert resized.shape == (1, 3, height, width)
    assert np.abs(resized[0].permute(1, 2, 0).numpy() - expected).max() < 1.5 / 255


def test_resize_stays_in_range_where_the_filter_overshoots() -> None:
    edge = torch.zeros(1, 1, 16, 16)
    edge[..., 8:] = 1
    resized = resize(edge, 50)
    assert resized.min() == 0
    assert resized.max() == 1


def test_resize_treats_a_batch_as_its_pictures(samples: np.ndarray) -> None:
    batch = torch.cat([to_tensor(samples), to_tensor(samples[::-1])])
    kept = batch.clone()
    resized = resize(batch, 10)
    assert torch.equal(resized[1:], resize(batch[1:], 10))
    assert torch.equal(batch, kept)


def test_resize_keeps_a_constant_and_the_size_when_asked() -> None:
    picture = torch.full((1, 1, 20, 30), 0.3)
    assert torch.allclose(resize(picture, 7), torch.tensor(0.3), atol=1e-6)
    assert resize(picture, None) is picture
    assert resize(picture, 0) is picture
    assert resize(picture, 20) is picture
    with pytest.raises(InvalidValueError, match="-1 px"):
        resize(picture, -1)
