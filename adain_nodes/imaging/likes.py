"""Whatever people pass as a picture or a mask, as tensors; what had to be converted is logged."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import TypeAlias

import torch
from PIL import Image
from torch import Tensor

from adain_nodes.core.errors import InvalidValueError, ShapeError
from adain_nodes.core.raster import Raster
from adain_nodes.core.resampling import TRIANGLE, resampled
from adain_nodes.core.sizing import Size, resize_mask, size_of
from adain_nodes.imaging.decoding import size_by_windows
from adain_nodes.imaging.large import open_large_mask
from adain_nodes.imaging.reading import MAX_PIXELS, Picture, read_image, read_mask

log = logging.getLogger("adain_nodes")

ImageLike: TypeAlias = "str | os.PathLike[str] | Image.Image | Picture | Tensor"
"""A path, a Pillow image, what ``read_image`` returns, or a tensor B×3×H×W (or 3×H×W) of RGB in [0, 1]."""

MaskLike: TypeAlias = "str | os.PathLike[str] | Image.Image | Tensor"
"""A path, a Pillow image, or a tensor with H×W as its last axes, in [0, 1]; 1 is inside."""


def as_picture(image: ImageLike, max_pixels: int = MAX_PIXELS) -> tuple[Tensor, Tensor | None]:
    """B×3×H×W of any picture, and 1×1×H×W of how opaque it is where it is not everywhere.

    Raises ShapeError and InvalidValueError for tensors that are no pictures, and ImageError as ``read_image``.
    """
    if isinstance(image, Tensor):
        batch = image[None] if image.ndim == 3 else image
        if batch.ndim != 4 or batch.shape[1] != 3 or 0 in batch.shape:
            raise ShapeError(
                f"A picture has the shape {tuple(image.shape)}; expected B×3×H×W or 3×H×W, RGB in [0, 1].",
                "Permute channels-last tensors, and drop or lay over a colour what alpha there is.",
                shape=tuple(image.shape),
            )
        _check_samples(image, "picture")
        return batch.float(), None
    if isinstance(image, Picture):
        return image.rgb, image.alpha
    picture = read_noting(image, max_pixels)
    return picture.rgb, picture.alpha


def read_noting(image: str | os.PathLike[str] | Image.Image, max_pixels: int = MAX_PIXELS) -> Picture:
    """``read_image``, with what had to be converted in the log."""
    picture = read_image(image, max_pixels=max_pixels)
    for note in picture.notes:
        log.warning("%s: %s", picture.path or "picture", note)
    return picture


def as_mask(mask: MaskLike, size: Size, max_pixels: int = MAX_PIXELS) -> Tensor:
    """(B or 1)×1×H×W float32 in [0, 1] of exactly ``size``; raises as ``as_picture``."""
    if isinstance(mask, Tensor):
        batch = _as_batch(mask)
        if size_of(batch) != size:
            log.warning("mask resized from %s to %s (height, width)", tuple(size_of(batch)), size)
        return resize_mask(batch, size)
    values, notes = read_mask(mask, size, max_pixels=max_pixels)
    for note in notes:
        log.warning("%s", note)
    return values


def _as_batch(mask: Tensor) -> Tensor:
    if mask.ndim < 2 or 0 in mask.shape:
        raise ShapeError(
            f"A mask has the shape {tuple(mask.shape)}; expected height and width as its last axes.",
            "Use one mask for all pictures, or one for each.",
            shape=tuple(mask.shape),
        )
    if mask.dtype != torch.bool:
        _check_samples(mask, "mask")
    return mask.reshape(-1, 1, *mask.shape[-2:]).float()


def as_mask_of(mask: MaskLike, picture: Raster, max_pixels: int = MAX_PIXELS) -> Raster:
    """A mask of the size of a picture, where that is: in memory as by ``as_mask``, or read and stretched by windows.

    Raises as ``as_mask``.
    """
    if picture.tensor is not None:
        return Raster.of(as_mask(mask, picture.size, max_pixels).to(picture.tensor))
    if isinstance(mask, Tensor):
        raster, notes = Raster.of(_as_batch(mask)), ()
    elif isinstance(mask, Image.Image) or not size_by_windows(Path(mask)):
        values, notes = read_mask(mask, max_pixels=max_pixels)
        raster = Raster.of(values)
    else:
        raster, notes = open_large_mask(mask, max_pixels=max_pixels)
    for note in notes:
        log.warning("%s", note)
    if raster.size != picture.size:
        log.warning("mask resized from %s to %s (height, width)", tuple(raster.size), picture.size)
    return resampled(raster, picture.size, TRIANGLE)


def _check_samples(tensor: Tensor, what: str) -> None:
    """Raise InvalidValueError for integers, which count to 255 or 65535 and not to 1."""
    if not tensor.is_floating_point():
        raise InvalidValueError(
            f"A {what} holds {str(tensor.dtype).removeprefix('torch.')}; expected floating point in [0, 1].",
            "Divide it by its full scale: 255 for 8 bits.",
            dtype=tensor.dtype,
        )
