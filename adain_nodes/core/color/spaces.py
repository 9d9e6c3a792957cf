"""Colour spaces: sRGB, linear RGB, CIE Lab and luma. Differentiable everywhere, black included."""

import torch
from torch import Tensor

# CIE XYZ (2° observer) from linear RGB with the sRGB primaries, and the white point D65, as scikit-image has them.
_XYZ_FROM_RGB = ((0.412453, 0.357580, 0.180423), (0.212671, 0.715160, 0.072169), (0.019334, 0.119193, 0.950227))
_WHITE = (0.95047, 1.0, 1.08883)
_LUMA = (0.299, 0.587, 0.114)


def mix_channels(matrix: Tensor, image: Tensor) -> Tensor:
    """Multiply every pixel of ``image``, B×3×H×W, by ``matrix``, 3×3 or B×3×3.

    Written as sums because a reduced matrix-multiplication precision (TF32) would be visible in the colours.
    """
    red, green, blue = image.chunk(3, dim=1)
    from_red, from_green, from_blue = matrix[..., None, None].unbind(-3)
    return from_red * red + from_green * green + from_blue * blue


def luminance(image: Tensor) -> Tensor:
    """Rec. 601 luma, B×1×H×W in [0, 1], of an sRGB picture, B×3×H×W in [0, 1].

    It is the Y of YIQ, a weighted sum of the gamma-encoded channels, in which luminance-only transfer is defined.
    """
    return (image * image.new_tensor(_LUMA).view(3, 1, 1)).sum(1, keepdim=True)


def srgb_to_linear(image: Tensor) -> Tensor:
    """Undo the sRGB transfer curve (IEC 61966-2-1): [0, 1] to linear light in [0, 1], any shape."""
    # The clamp keeps the unused branch of `where` away from the powers of negative numbers, whose gradient is NaN.
    curve = ((image.clamp(min=0.04045) + 0.055) / 1.055).pow(2.4)
    return torch.where(image > 0.04045, curve, image / 12.92)


def linear_to_srgb(image: Tensor) -> Tensor:
    """Apply the sRGB transfer curve (IEC 61966-2-1): linear light in [0, 1] to [0, 1], any shape.

    Light outside [0, 1] stays outside: nothing is clipped.
    """
    curve = 1.055 * image.clamp(min=0.0031308).pow(1 / 2.4) - 0.055
    return torch.where(image > 0.0031308, curve, image * 12.92)


def rgb_to_lab(image: Tensor) -> Tensor:
    """sRGB in [0, 1] to CIE Lab (D65, 2° observer), both B×3×H×W: L in [0, 100], a and b about -128 to 127.

    The constants are those of ``skimage.color.rgb2lab``.
    """
    x, y, z = _lab_curve(mix_channels(_relative_xyz().to(image), srgb_to_linear(image))).chunk(3, dim=1)
    return torch.cat([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=1)


def lab_to_rgb(lab: Tensor) -> Tensor:
    """CIE Lab as :func:`rgb_to_lab` gives it back to sRGB, both B×3×H×W.

    Colours that sRGB cannot show come out outside [0, 1]; ``skimage.color.lab2rgb`` clips them.
    """
    lightness, a, b = lab.chunk(3, dim=1)
    y = (lightness + 16) / 116
    xyz = _inverse_lab_curve(torch.cat([y + a / 500, y, y - b / 200], dim=1))
    return linear_to_srgb(mix_channels(torch.inverse(_relative_xyz()).to(lab), xyz))


def _relative_xyz() -> Tensor:
    """The 3×3 matrix from linear RGB to XYZ divided by the white point, in float64 on the CPU."""
    return torch.tensor(_XYZ_FROM_RGB, dtype=torch.float64) / torch.tensor(_WHITE, dtype=torch.float64).unsqueeze(1)


def _lab_curve(xyz: Tensor) -> Tensor:
    return torch.where(xyz > 0.008856, xyz.clamp(min=0.008856).pow(1 / 3), 7.787 * xyz + 16 / 116)


def _inverse_lab_curve(value: Tensor) -> Tensor:
    return torch.where(value > 0.2068966, value.pow(3), (value - 16 / 116) / 7.787)
