"""Sizes: every picture from 1×1 up goes in, and comes out exactly as large."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

Size = tuple[int, int]
"""Height and width in pixels."""


def size_of(image: Tensor) -> Size:
    """Height and width of a …×H×W tensor."""
    return image.shape[-2], image.shape[-1]


def at_least(size: Size, minimum: int) -> Size:
    """The size that ``pad_to_minimum`` brings a picture to."""
    return max(size[0], minimum), max(size[1], minimum)


def halved(size: Size, times: int) -> Size:
    """A size with both sides halved so often, rounded up."""
    return -(-size[0] // 2**times), -(-size[1] // 2**times)


def pad_to_minimum(image: Tensor, minimum: int) -> Tensor:
    """B×C×H×W, each side at least ``minimum``: smaller pictures are continued with their last row and column.

    Reflection padding inside the networks needs more than one cell at their deepest level, so pictures of a few
    pixels must grow before they are encoded; ``crop_to`` takes the extra away after decoding.
    """
    height, width = size_of(image)
    missing = (0, max(0, minimum - width), 0, max(0, minimum - height))
    return F.pad(image, missing, mode="replicate") if any(missing) else image


def crop_to(image: Tensor, size: Size) -> Tensor:
    """The top left H×W of an image: networks with pooling return up to a stride more than they were given."""
    return image[..., : size[0], : size[1]]


def resize_mask(mask: Tensor, size: Size) -> Tensor:
    """A soft mask B×1×H×W at another size: averaged when it shrinks, bilinear when it grows."""
    if size_of(mask) == size:
        return mask
    height, width = size_of(mask)
    if size[0] <= height and size[1] <= width:
        return F.adaptive_avg_pool2d(mask, size)
    return F.interpolate(mask, size=size, mode="bilinear", align_corners=False)


def mask_of_level(mask: Tensor, size: Size) -> Tensor:
    """A soft mask B×1×H×W of a picture's size, as weights for the cells of one of its levels.

    A cell belongs to ``stride``×``stride`` pixels, the last one to fewer where the size is no multiple: the mean of
    the mask over just these. A mask of a size that no power of two leads to the level from is resized evenly.
    """
    height, width = size_of(mask)
    for stride in (1, 2, 4, 8, 16):
        if size == (-(-height // stride), -(-width // stride)):
            padding = (0, size[1] * stride - width, 0, size[0] * stride - height)
            return F.avg_pool2d(F.pad(mask, padding, mode="replicate"), stride)
    return resize_mask(mask, size)
