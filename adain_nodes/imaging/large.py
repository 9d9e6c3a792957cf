"""Picture files too large for memory: read window by window, and written window by window.

libvips does both. What cannot be read at any place (a JPEG, a PNG, a TIFF of strips) it unpacks once into a temporary
file, which lies in TMPDIR and disappears with the picture.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from torch import Tensor

from adain_nodes.core.color.spaces import luminance
from adain_nodes.core.errors import ImageError, OutputError
from adain_nodes.core.files import replacing
from adain_nodes.core.raster import Raster
from adain_nodes.core.sizing import Size
from adain_nodes.core.windows import Window
from adain_nodes.imaging.decoding import DECODE_ERRORS, upright
from adain_nodes.imaging.growing_file import GrowingFile
from adain_nodes.imaging.libvips import libvips
from adain_nodes.imaging.pixel_file import PixelFile
from adain_nodes.imaging.reading import MAX_PIXELS
from adain_nodes.imaging.tensors import to_tensor
from adain_nodes.imaging.writing import Encoding, samples_of

_LONGEST = {"JPEG": 65_535, "WEBP": 16_383}
"""The most pixels on a side that a format can hold."""

_IN_MEMORY = 100_000_000
"""Up to this many bytes libvips unpacks into memory, and above them into a file."""

_MORE_ROOM = "Free some space, set TMPDIR to a folder on another disk, or save the picture as a TIFF of tiles."

PutSamples: TypeAlias = Callable[[Window, Tensor, "Tensor | None"], tuple[str, ...]]
"""Takes 1×3×h×w of a window, and its alpha 1×1×h×w if the picture has one, both in [0, 1]; returns notes."""


@dataclass(frozen=True, eq=False)
class LargePicture:
    """A picture file that stays on the disk: what ``read_image`` gives, with rasters in the place of tensors.

    Reading a window raises ImageError where the file is damaged.
    """

    rgb: Raster
    alpha: Raster | None
    depth: int
    notes: tuple[str, ...]
    path: Path


def open_large(path: str | os.PathLike[str], *, max_pixels: int = MAX_PIXELS) -> LargePicture:
    """A picture file, to be read window by window: PNG, JPEG, WebP or TIFF.

    Raises ImageError as ``read_image``, and where there is no room to unpack it.
    """
    path = Path(path)
    with _decoding(path), libvips() as vips:
        image, notes = upright(
            vips.Image.new_from_file(str(path), access="random", fail_on="error"),
            str(path),
            max_pixels,
        )
        _check_room_to_unpack(path, image)
        depth = 8 if image.format == "uchar" else 16
        transparent = image.hasalpha() and image.extract_band(3).min() < 2**depth - 1

    def part(first: int, bands: int) -> Raster:
        planes = image.extract_band(first, n=bands)
        return Raster((image.height, image.width), lambda window: _read(path, planes, window))

    return LargePicture(part(0, 3), part(3, 1) if transparent else None, depth, tuple(notes), path)


def open_large_mask(path: str | os.PathLike[str], *, max_pixels: int = MAX_PIXELS) -> tuple[Raster, tuple[str, ...]]:
    """A mask as ``read_mask`` gives it, at its own size, to be read window by window; and notes."""
    picture = open_large(path, max_pixels=max_pixels)
    mask = Raster.made(luminance, picture.rgb) if picture.alpha is None else picture.alpha
    return mask, picture.notes


@contextlib.contextmanager
def writing_large(
    path: str | os.PathLike[str], size: Size, encoding: Encoding, *, transparent: bool = False
) -> Iterator[PutSamples]:
    """Lend a function that takes the picture window by window, in any order, as ``write_image`` takes it at once.

    Its samples are kept beside the result, unpacked, and are packed behind it from the top as rows become whole; each
    is taken once. When the block ends without an error, the file appears whole. Raises OutputError when it cannot be
    written or its format or the disk cannot hold the picture.
    """
    path, (height, width) = Path(path), size
    flatten = encoding.format == "JPEG"
    channels = 4 if transparent and not flatten else 3
    pixel = channels * encoding.depth // 8
    _check_holds(path, size, encoding, height * width * pixel)
    with (
        replacing(path) as result,
        _scratch(result.with_suffix(".raw")) as (file, raw),
        _scratch(result.with_suffix(".packed")) as (_, packed),
        ThreadPoolExecutor(1, "packing") as thread,
        contextlib.closing(GrowingFile(raw, size, pixel)) as rows,
        contextlib.closing(PixelFile(file, width, rows.add)) as pixels,
    ):
        file.truncate(height * width * pixel)
        packing = thread.submit(_pack, rows, channels, encoding, packed)

        def put(window: Window, rgb: Tensor, alpha: Tensor | None) -> tuple[str, ...]:
            if packing.done():
                packing.result()  # before its time, with an error
            samples, notes = samples_of(rgb, alpha, encoding.depth, flatten)
            pixels.put(window, samples)
            return notes

        yield put
        pixels.wait()
        rows.finish()
        packing.result()
        file.truncate(0)  # makes room for the copy
        shutil.copyfile(packed, result)


def _pack(rows: GrowingFile, channels: int, encoding: Encoding, path: Path) -> None:
    with libvips() as vips:
        layout = {"bands": channels, "format": "uchar" if encoding.depth == 8 else "ushort"}
        encoding.save(vips, rows.image(vips).copy(**layout), path)


@contextlib.contextmanager
def _scratch(path: Path) -> Iterator[tuple[BinaryIO, Path]]:
    """A file for a while, and the path to read it by; on Linux nameless: a killed process leaves nothing of it."""
    try:
        with path.open("x+b") as file:
            nameless = Path(f"/proc/self/fd/{file.fileno()}")
            if nameless.exists():
                path.unlink()
            yield file, nameless if nameless.exists() else path
    finally:
        path.unlink(missing_ok=True)


def _read(path: Path, image: Any, window: Window) -> Tensor:
    with _decoding(path), libvips():
        height, width = window.size
        return to_tensor(image.crop(window.left, window.top, width, height).numpy().reshape(height, width, -1))


def _check_room_to_unpack(path: Path, image: Any) -> None:
    """Raise ImageError where the temporary file would not fit; a TIFF of tiles needs none, and none is missed then."""
    needed = image.width * image.height * image.bands * (1 if image.format == "uchar" else 2)
    folder = tempfile.gettempdir()
    free = shutil.disk_usage(folder).free
    if needed > max(free, _IN_MEMORY) and not image.get_typeof("tile-width"):
        raise ImageError(
            f"{path} takes {needed / 1e9:.1f} GB when it is unpacked; {folder} has {free / 1e9:.1f} GB left.",
            _MORE_ROOM,
            path=path,
        )


def _check_holds(path: Path, size: Size, encoding: Encoding, bytes: int) -> None:
    """Raise OutputError for a picture larger than the format or the disk can hold."""
    height, width = size
    longest = _LONGEST.get(encoding.format, max(size))
    if max(size) > longest:
        raise OutputError(
            f"{encoding.format} holds at most {longest} pixels a side, not {width}×{height}.",
            "Write TIFF or PNG.",
            path=path,
        )
    free = shutil.disk_usage(path.parent).free if path.parent.is_dir() else bytes
    if bytes > free:
        raise OutputError(
            f"{path} cannot be written: its {bytes / 1e9:.1f} GB of samples do not fit on the disk, which has "
            f"{free / 1e9:.1f} GB left.",
            "Free some space or write to another disk.",
            path=path,
        )


@contextlib.contextmanager
def _decoding(path: Path) -> Iterator[None]:
    try:
        yield
    except DECODE_ERRORS as error:
        if getattr(error, "errno", None) == errno.ENOSPC:
            raise ImageError(
                f"{path} cannot be unpacked: the disk of {tempfile.gettempdir()} is full.", _MORE_ROOM, path=path
            ) from error
        raise ImageError(
            f"{path} cannot be decoded: {error}.",
            "Check that the file is whole and really a picture, or save it again as PNG.",
            path=path,
        ) from error
