"""Encoded pictures to sRGB samples: Pillow for 8 bits, libvips for TIFF and 16 bits.

Pillow drops the lower half of 16-bit colours and knows few TIFF layouts. It stays the rule for the rest, because
libvips, once in use, does not work in forked processes, such as a data loader's workers.
"""

import contextlib
import io
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import (
    BmpImagePlugin,
    ExifTags,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    WebPImagePlugin,
)

from adain_nodes.core.errors import ImageError
from adain_nodes.core.sizing import Size
from adain_nodes.imaging.libvips import libvips
from adain_nodes.imaging.profiles import read_profile

_PLUGINS: dict[bytes | tuple[bytes, ...], type[ImageFile.ImageFile]] = {
    b"\x89PNG\r\n\x1a\n": PngImagePlugin.PngImageFile,
    b"\xff\xd8\xff": JpegImagePlugin.JpegImageFile,
    b"RIFF": WebPImagePlugin.WebPImageFile,
    (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"): TiffImagePlugin.TiffImageFile,
    b"GIF8": GifImagePlugin.GifImageFile,
    b"BM": BmpImagePlugin.BmpImageFile,
}  # signature -> Pillow's class

# What Pillow and libvips raise over damaged or hostile data, and when memory or the library itself is missing.
DECODE_ERRORS = (
    *(OSError, SyntaxError, ValueError, TypeError, LookupError, EOFError, OverflowError, MemoryError, ImportError),
    *(struct.error, zlib.error, Image.DecompressionBombError),
)

# EXIF orientation -> what turns the picture upright.
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_warnings_lock = threading.Lock()


class Decoded(NamedTuple):
    """Upright H×W×3 or (with alpha) H×W×4 sRGB samples, uint8 or uint16, and notes on what was converted."""

    pixels: np.ndarray
    notes: list[str]


def open_header(data: bytes) -> ImageFile.ImageFile:
    """The encoded picture ``data`` as a Pillow image that is not yet decoded; raises one of DECODE_ERRORS.

    Unlike Image.open it has no pixel limit for the whole process (ours is an argument), and knows only formats that
    never start another program, as EPS does.
    """
    return _plugin(data)(io.BytesIO(data))


def size_by_windows(path: Path) -> Size | None:
    """Height and width of a file, as its header has them, if libvips reads its format window by window."""
    try:
        with _pillow_warnings(), path.open("rb") as file:
            plugin = _plugin(file.read(16))
            file.seek(0)
            image = plugin(file)
            by_windows = plugin not in (GifImagePlugin.GifImageFile, BmpImagePlugin.BmpImageFile)
            return (image.height, image.width) if by_windows else None
    except DECODE_ERRORS:  # whoever reads the file will say what is wrong with it
        return None


def _plugin(data: bytes) -> type[ImageFile.ImageFile]:
    for signature, plugin in _PLUGINS.items():
        if data.startswith(signature):
            return plugin
    raise UnidentifiedImageError("it is not a PNG, JPEG, WebP, TIFF, GIF or BMP picture")


def decode(data: bytes, name: str, max_pixels: int) -> Decoded:
    """Decode the encoded picture ``name``; raises ImageError for no pixels or too many, else one of DECODE_ERRORS."""
    plugin = _plugin(data)
    deep_png = plugin is PngImagePlugin.PngImageFile and data[24:25] == b"\x10"
    # Once a host has told Pillow to pad truncated files with grey, only libvips tells them from whole ones.
    if deep_png or plugin is TiffImagePlugin.TiffImageFile or ImageFile.LOAD_TRUNCATED_IMAGES:
        return _decode_with_vips(data, name, max_pixels)
    with _pillow_warnings() as notes:
        image = open_header(data)
    pixels, more = decode_pillow(image, name, max_pixels)
    return Decoded(pixels, notes + more)


def decode_pillow(image: Image.Image, name: str, max_pixels: int) -> Decoded:
    """The samples of a Pillow image, which may still be undecoded; errors as in ``decode``."""
    _check_size(image.width, image.height, name, max_pixels)
    if image.mode == "F":
        raise ValueError("mode F has no agreed range; convert it to L or RGB")
    if image.mode.startswith("I"):
        return decode(_grey_png(image), name, max_pixels)
    with _pillow_warnings() as notes:
        frames = getattr(image, "n_frames", 1)
        orientation = _orientation(image, notes)
    if frames > 1:
        notes.append(f"animated: frame {image.tell() + 1} of {frames} used")
    mode = "CMYK" if image.mode == "CMYK" else "L" if image.mode in ("1", "L", "LA") else "RGB"
    profile, more = read_profile(image.info.get("icc_profile"), mode)
    if image.mode == "P":
        image = image.convert("RGBA")  # before anything else: transparency may be a property of palette entries
    alpha = image.convert("RGBA").getchannel("A") if image.has_transparency_data else None
    plain = image.convert(mode)
    rgb = profile.to_srgb(plain) if profile else plain.convert("RGB")
    if alpha is not None:
        rgb.putalpha(alpha)
    upright = rgb.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else rgb
    return Decoded(np.asarray(upright), notes + more)


def _check_size(width: int, height: int, name: str, max_pixels: int) -> None:
    """Raise ImageError before memory is spent on the picture."""
    if width < 1 or height < 1:
        raise ImageError(f"{name} is empty, {width}×{height} px.", "Save it again.", width=width, height=height)
    if width * height > max_pixels:
        raise ImageError(
            f"{name} has {width}×{height} px, above the limit of {max_pixels / 1e6:g} megapixels.",
            "Raise the pixel limit if you trust the file, or shrink the picture.",
            width=width,
            height=height,
            max_pixels=max_pixels,
        )


def _grey_png(image: Image.Image) -> bytes:
    """16-bit grey (modes I;16 and I) as a PNG file, to be read like any other one."""
    samples = np.asarray(image).clip(0, 65535).astype(np.uint16)
    buffer = io.BytesIO()
    Image.fromarray(samples).save(buffer, "PNG", exif=image.getexif(), icc_profile=image.info.get("icc_profile"))
    return buffer.getvalue()


def _orientation(image: Image.Image, notes: list[str]) -> int:
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1)
    except DECODE_ERRORS as error:
        notes.append(f"EXIF data damaged, orientation unknown ({error})")
        return 1


@contextlib.contextmanager
def _pillow_warnings() -> Iterator[list[str]]:
    """Collect what Pillow warns about (odd metadata) as notes; warning filters are process-wide, hence the lock."""
    notes: list[str] = []
    with _warnings_lock, warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield notes
    notes += [f"Pillow: {warning.message}" for warning in caught]


def _decode_with_vips(data: bytes, name: str, max_pixels: int) -> Decoded:
    with libvips() as vips:
        image, notes = upright(vips.Image.new_from_buffer(data, "", fail_on="error"), name, max_pixels)
        pixels = image.numpy()
    return Decoded(pixels[..., :4], notes)  # a TIFF may carry further samples, without a meaning here


def upright(image: Any, name: str, max_pixels: int) -> tuple[Any, list[str]]:
    """An image of libvips, not decoded yet, as it is to be used: upright, in sRGB, 8 or 16 bits; and notes on that.

    Raises as ``decode``.
    """
    _check_size(image.width, image.height, name, max_pixels)
    if image.format not in ("uchar", "ushort"):
        raise ValueError(f"its samples are of type {image.format}; save it with 8 or 16 bits per channel")
    depth, plain = (8, "srgb") if image.format == "uchar" else (16, "rgb16")
    fields = {key: image.get(key) for key in ("n-pages", "icc-profile-data") if key in image.get_fields()}
    notes = [f"first of {fields['n-pages']} pages used"] if fields.get("n-pages", 1) > 1 else []
    mode = {"cmyk": "CMYK", "b-w": "L", "grey16": "L"}.get(image.interpretation, "RGB")
    profile, more = read_profile(fields.get("icc-profile-data"), mode)
    if profile and profile.mode == "CMYK":
        image = image.icc_transform(
            "srgb", embedded=True, intent="relative", black_point_compensation=True, depth=depth
        )
    elif profile:
        image = image if profile.mode == mode else image.colourspace(plain)  # grey, with an RGB profile
        # Not icc_transform: at 16 bits it takes a coarse table, which blurs the border of sRGB's gamut.
        image = image.icc_import(embedded=True, intent="relative", pcs="xyz")
    return image.colourspace(plain).autorot(), notes + more
