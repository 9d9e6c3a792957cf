import numpy as np
import pytest
import torch
from skimage import color
from torch import Tensor

from adain_nodes.core.color.spaces import (
    lab_to_rgb,
    linear_to_srgb,
    luminance,
    mix_channels,
    rgb_to_lab,
    srgb_to_linear,
)

# 9×9×9 colours that fill the RGB cube, its corners included.
CUBE = torch.cartesian_prod(*[torch.linspace(0, 1, 9)] * 3).T.reshape(1, 3, 27, 27)


def to_lab_by_skimage(rgb: Tensor) -> Tensor:
    return torch.from_numpy(color.rgb2lab(rgb.double().numpy(), channel_axis=1))


def test_rgb_to_lab_agrees_with_skimage() -> None:
    torch.testing.assert_close(rgb_to_lab(CUBE).double(), to_lab_by_skimage(CUBE), atol=2e-4, rtol=0)


def test_lab_to_rgb_agrees_with_skimage() -> None:
    lab = to_lab_by_skimage(CUBE)
    expected = torch.from_numpy(color.lab2rgb(lab.numpy(), channel_axis=1))
    torch.testing.assert_close(lab_to_rgb(lab.float()).double(), expected, atol=1e-5, rtol=0)


def test_lab_round_trip() -> None:
    torch.testing.assert_close(lab_to_rgb(rgb_to_lab(CUBE)), CUBE, atol=1e-5, rtol=0)


def test_lab_of_colors_outside_rgb_is_not_clipped() -> None:
    green_beyond_srgb = torch.tensor([80.0, -120.0, 80.0]).view(1, 3, 1, 1)
    assert lab_to_rgb(green_beyond_srgb)[0, 0].item() < -0.1


def test_transfer_curve_known_values() -> None:
    # IEC 61966-2-1: middle grey 0.5 is 0.2140 of the light; 0.04045 is where the curve starts.
    encoded = torch.tensor([0.0, 0.04045, 0.5, 1.0])
    linear = torch.tensor([0.0, 0.04045 / 12.92, 0.214041, 1.0])
    torch.testing.assert_close(srgb_to_linear(encoded), linear, atol=1e-6, rtol=0)
    torch.testing.assert_close(linear_to_srgb(linear), encoded, atol=1e-6, rtol=0)


def test_transfer_curve_round_trip_beyond_the_range() -> None:
    values = torch.linspace(-0.5, 1.5, 101)
    torch.testing.assert_close(linear_to_srgb(srgb_to_linear(values)), values, atol=1e-5, rtol=0)


def test_luminance_is_the_y_of_yiq() -> None:
    # scikit-image's YIQ takes the Rec. 601 weights too.
    expected = torch.from_numpy(color.rgb2yiq(CUBE.double().numpy(), channel_axis=1))[:, :1]
    assert luminance(CUBE).shape == (1, 1, 27, 27)
    torch.testing.assert_close(luminance(CUBE).double(), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("batched", [False, True], ids=["one matrix", "one for each picture"])
def test_mix_channels_multiplies_each_pixel(batched: bool) -> None:
    matrix = torch.arange(18.0).view(2, 3, 3)
    pictures = CUBE.expand(2, -1, -1, -1)
    matrix = matrix if batched else matrix[0]
    expected = np.einsum("bij,bjhw->bihw", np.broadcast_to(matrix.numpy(), (2, 3, 3)), pictures.numpy())
    torch.testing.assert_close(mix_channels(matrix, pictures), torch.from_numpy(expected))


@pytest.mark.parametrize("convert", [rgb_to_lab, lab_to_rgb, srgb_to_linear, linear_to_srgb])
def test_gradient_is_finite_and_not_zero_from_black_to_white(convert) -> None:
    values = CUBE.clone().requires_grad_()
    convert(values).sum().backward()
    assert values.grad is not None
    assert values.grad.isfinite().all()
    assert values.grad[:, :, 0, 0].abs().min() > 0


def test_lab_gradients_are_right() -> None:
    values = (0.1 + 0.8 * CUBE[..., :2, :2]).double().requires_grad_()
    assert torch.autograd.gradcheck(lambda rgb: lab_to_rgb(rgb_to_lab(rgb) * 0.9), [values])
