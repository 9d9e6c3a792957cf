"""Picture files, bytes and Pillow images to tensors, with a note for everything that had to be changed on the way."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TypeAlias

import numpy as np
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from adain_nodes.core.color.spaces import luminance
from adain_nodes.core.errors import ImageError
from adain_nodes.imaging.decoding import DECODE_ERRORS, decode, decode_pillow
from adain_nodes.imaging.files import read_bytes
from adain_nodes.imaging.tensors import scaled_size, to_pil, to_tensor

Source: TypeAlias = str | os.PathLike[str] | bytes | IO[bytes] | Image.Image

MAX_PIXELS = 512_000_000
"""The default limit against decompression bombs: 6 GB as a float32 RGB tensor."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture as it was read: upright, in sRGB.

    ``rgb`` is 1×3×H×W in [0, 1]; ``alpha`` 1×1×H×W in [0, 1], or None where the picture is opaque throughout.
    ``depth`` is the bits per channel of the file, 8 or 16. ``notes`` are sentences about what was converted or left
    out. ``path`` is None for pictures that do not come from a file.
    """

    rgb: Tensor
    alpha: Tensor | None
    depth: int
    notes: tuple[str, ...]
    path: Path | None


def read_image(source: Source, *, max_pixels: int = MAX_PIXELS) -> Picture:
    """Read a picture from a path, from the bytes of a file, from a binary file object or from a Pillow image.

    PNG, JPEG, WebP, TIFF, GIF and BMP; grey, palette, RGB and CMYK, 8 or 16 bit. EXIF orientation is applied, an ICC
    profile is converted to sRGB, of an animation the first frame is used; colours under transparent pixels stay.

    Raises ImageError when the source is missing, unreadable, empty, no picture, truncated, or larger than
    ``max_pixels`` pixels; WebP and GIF also have Pillow's own limit, 179 megapixels as it ships.
    """
    path = Path(source) if isinstance(source, str | os.PathLike) else None
    name = str(path or "The picture")
    encoded = source if isinstance(source, Image.Image) else _encoded(source)
    try:
        if isinstance(encoded, bytes):
            pixels, notes = decode(encoded, name, max_pixels)
        else:
            pixels, notes = decode_pillow(encoded, name, max_pixels)
    except DECODE_ERRORS as error:
        raise ImageError(
            f"{name} cannot be decoded: {error}.",
            "Check that the file is whole and really a picture, or save it again as PNG.",
            path=path,
        ) from error
    planes = to_tensor(pixels)
    alpha = planes[:, 3:].clone() if planes.shape[1] == 4 and planes[:, 3:].min() < 1 else None
    return Picture(planes[:, :3].contiguous(), alpha, 8 * pixels.itemsize, tuple(notes), path)


def _encoded(source: str | os.PathLike[str] | bytes | IO[bytes]) -> bytes:
    if isinstance(source, str | os.PathLike):
        return read_bytes(Path(source))
    return source if isinstance(source, bytes) else source.read()


def read_mask(
    source: Source, size: tuple[int, int] | None = None, *, max_pixels: int = MAX_PIXELS
) -> tuple[Tensor, tuple[str, ...]]:
    """Read a mask: 1×1×H×W in [0, 1], with 1 inside, and notes about what was converted.

    A picture with transparency gives its alpha, any other one its luminance (ITU-R BT.601, as Pillow's mode L).
    With ``size`` (height, width) in pixels another size is stretched to it: bilinear, averaging when it shrinks.
    Raises ImageError as ``read_image``.
    """
    picture = read_image(source, max_pixels=max_pixels)
    notes = picture.notes
    mask = picture.alpha
    if mask is None:
        mask = luminance(picture.rgb)
    height, width = mask.shape[-2:]
    if size is not None and size != (height, width):
        mask = F.interpolate(mask, size, mode="bilinear", antialias=True)
        notes += (f"mask resized from {width}×{height} to {size[1]}×{size[0]} px",)
    return mask.clamp(0, 1), notes


def read_square(source: Source, side: int = 256) -> Tensor:
    """Read a picture as the evaluation protocol does: 1×3×side×side in [0, 1], 8 bits, no alpha.

    The shorter side is brought to ``side`` with Pillow's LANCZOS on the 8-bit picture, the longer one rounded; the
    square is cut from the centre. Raises ImageError as ``read_image``.
    """
    image = to_pil(read_image(source).rgb)
    height, width = scaled_size(image.height, image.width, side)
    left, top = (width - side) // 2, (height - side) // 2
    square = image.resize((width, height), Image.Resampling.LANCZOS).crop((left, top, left + side, top + side))
    return to_tensor(np.asarray(square))
