"""Pictures too large for memory: read window by window, and written strip by strip.

libvips does both. What cannot be read at any place (a JPEG, a PNG) it unpacks once into a temporary file, which lies in
TMPDIR and disappears with the picture.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from torch import Tensor

from adain_nodes.core.errors import ImageError, OutputError, ShapeError
from adain_nodes.core.files import replacing
from adain_nodes.core.sizing import Size
from adain_nodes.core.windows import Window
from adain_nodes.imaging.decoding import DECODE_ERRORS, upright
from adain_nodes.imaging.libvips import libvips
from adain_nodes.imaging.reading import MAX_PIXELS
from adain_nodes.imaging.tensors import to_tensor
from adain_nodes.imaging.writing import Encoding

_LONGEST = {"JPEG": 65_535, "WEBP": 16_383}
"""The most pixels on a side that a format can hold."""


class LargePicture:
    """A picture file that stays on the disk: upright, in sRGB, as ``read_image`` would give it.

    ``size`` is height and width in pixels, ``depth`` the bits per channel; ``notes`` say what is converted.
    """

    def __init__(self, image: Any, path: Path, notes: list[str]) -> None:
        self._image = image
        self.path = path
        self.size: Size = (image.height, image.width)
        self.depth = 8 if image.format == "uchar" else 16
        self.has_alpha: bool = image.hasalpha()
        self.notes = tuple(notes)

    def read(self, window: Window) -> tuple[Tensor, Tensor | None]:
        """1×3×h×w of a window, and its alpha 1×1×h×w where the file has one, both in [0, 1].

        Raises ImageError when this part of the file is damaged.
        """
        with _decoding(self.path), libvips():
            height, width = window.size
            planes = to_tensor(self._image.crop(window.left, window.top, width, height).numpy())
        return planes[:, :3], planes[:, 3:4] if self.has_alpha else None


@contextlib.contextmanager
def open_large(path: str | os.PathLike[str], *, max_pixels: int = MAX_PIXELS) -> Iterator[LargePicture]:
    """A picture file, to be read window by window. Raises ImageError as ``read_image``."""
    path = Path(path)
    with _decoding(path), libvips() as vips:
        image, notes = upright(
            vips.Image.new_from_file(str(path), access="random", fail_on="error"), str(path), max_pixels
        )
        picture = LargePicture(image, path, notes)
    yield picture


def write_large(
    path: str | os.PathLike[str], size: Size, strips: Iterable[np.ndarray], encoding: Encoding, channels: int = 3
) -> None:
    """Write the h×W×C samples of ``strips``, uint8 or uint16 as the encoding says, that come from top to bottom.

    They are kept beside the result until the last has come; then the file appears whole. Raises OutputError when it
    cannot be written or its format cannot hold the picture, ShapeError when the strips do not make up the size.
    """
    path, (height, width) = Path(path), size
    if max(size) > _LONGEST.get(encoding.format, max(size)):
        longest = _LONGEST[encoding.format]
        raise OutputError(
            f"{encoding.format} holds at most {longest} pixels a side, not {width}×{height}.",
            "Write TIFF or PNG.",
            path=path,
        )
    with replacing(path) as result:
        raw = result.with_suffix(".raw")
        try:
            with raw.open("xb") as file:
                rows = sum(_append(file, strip) for strip in strips)
            if rows != height:
                raise ShapeError(f"{rows} rows came for a picture of {height}.", rows=rows, height=height)
            with libvips() as vips:
                samples = {"bands": channels, "format": "uchar" if encoding.depth == 8 else "ushort"}
                image = vips.Image.rawload(str(raw), width, height, channels * encoding.depth // 8)
                encoding.save(vips, image.copy(**samples), result)
        finally:
            raw.unlink(missing_ok=True)


def _append(file: BinaryIO, strip: np.ndarray) -> int:
    """Write a strip's samples; returns its number of rows."""
    file.write(np.ascontiguousarray(strip).data)
    return len(strip)


@contextlib.contextmanager
def _decoding(path: Path) -> Iterator[None]:
    try:
        yield
    except DECODE_ERRORS as error:
        raise ImageError(
            f"{path} cannot be decoded: {error}.",
            "Check that the file is whole and really a picture, or save it again as PNG.",
            path=path,
        ) from error
