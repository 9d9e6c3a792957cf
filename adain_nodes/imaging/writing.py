"""Results to files, with the parameters that made them."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from adain_nodes.core.errors import InvalidValueError, OutputError, ShapeError
from adain_nodes.core.files import replace_file
from adain_nodes.imaging.libvips import libvips
from adain_nodes.imaging.parameters import KEY, exif_data, parameters_text, png_info
from adain_nodes.imaging.tensors import to_array

OUTPUT_FORMATS = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG", ".webp": "WEBP", ".tif": "TIFF", ".tiff": "TIFF"}
"""File suffix -> format."""

_CLASSIC_TIFF_BYTES = 2**31  # its offsets end at 2**32

# By format: libvips' operation, and its field for what the file says about itself.
_SAVERS = {"PNG": "pngsave", "JPEG": "jpegsave", "WEBP": "webpsave", "TIFF": "tiffsave"}
_DESCRIPTIONS = {
    "PNG": f"png-comment-0-{KEY}",
    "JPEG": "exif-ifd0-ImageDescription",
    "WEBP": "exif-ifd0-ImageDescription",
    "TIFF": "image-description",
}


@dataclass(frozen=True)
class Encoding:
    """How samples become a file: a format of OUTPUT_FORMATS and its options, as ``write_image`` takes them.

    ``text`` is what the file says about how it was made, or None.
    """

    format: str
    depth: int
    quality: int
    lossless: bool
    compression: int
    text: str | None

    @classmethod
    def of(
        cls,
        path: Path,
        *,
        depth: int = 8,
        quality: int = 95,
        lossless: bool = False,
        compression: int = 6,
        parameters: dict[str, object] | None = None,
    ) -> Encoding:
        """The one for a file of this name. Raises the errors of ``write_image`` for names and options."""
        format = _output_format(path, depth)
        _check_options(quality, compression)
        text = None if parameters is None else parameters_text(parameters)
        return cls(format, depth, quality, lossless, compression, text)

    def encode(self, pixels: np.ndarray) -> bytes:
        """The file of H×W×3 or H×W×4 samples. Pillow writes it, and libvips TIFF and 16 bits."""
        if self.format != "TIFF" and self.depth == 8:
            return self._encode_with_pillow(pixels)
        with libvips() as vips:
            image = self._described(vips, vips.Image.new_from_array(pixels))
            return getattr(image, f"{_SAVERS[self.format]}_buffer")(**self._vips_options(pixels.nbytes))

    def save(self, vips: Any, image: Any, path: Path) -> None:
        """Write an image of libvips, which need not be in memory, to a path."""
        size = image.width * image.height * image.bands * self.depth // 8
        getattr(self._described(vips, image), _SAVERS[self.format])(str(path), **self._vips_options(size))

    def _encode_with_pillow(self, pixels: np.ndarray) -> bytes:
        options: dict[str, dict[str, Any]] = {
            "PNG": {"compress_level": self.compression, "pnginfo": png_info(self.text)},
            "JPEG": {
                "quality": self.quality,
                "subsampling": 0 if self._full_colour else 2,
                "exif": exif_data(self.text),
            },
            "WEBP": {"quality": self.quality, "lossless": self.lossless, "exact": True, "exif": exif_data(self.text)},
        }
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, self.format, **options[self.format])
        return buffer.getvalue()

    def _described(self, vips: Any, image: Any) -> Any:
        image = image.copy(interpretation="srgb" if self.depth == 8 else "rgb16")
        if self.text:
            image.set_type(vips.GValue.gstr_type, _DESCRIPTIONS[self.format], self.text)
        return image

    def _vips_options(self, bytes: int) -> dict[str, Any]:
        return {
            "PNG": {"compression": self.compression},
            "JPEG": {"Q": self.quality, "subsample_mode": "off" if self._full_colour else "on"},
            "WEBP": {"Q": self.quality, "lossless": self.lossless, "exact": True},
            "TIFF": {
                "compression": "deflate" if self.compression else "none",
                "level": self.compression,
                "predictor": "horizontal",
                "bigtiff": bytes > _CLASSIC_TIFF_BYTES,
            },
        }[self.format]

    @property
    def _full_colour(self) -> bool:
        return self.quality >= 90


def write_image(
    path: str | os.PathLike[str],
    rgb: Tensor,
    *,
    alpha: Tensor | None = None,
    depth: int = 8,
    quality: int = 95,
    lossless: bool = False,
    compression: int = 6,
    parameters: dict[str, object] | None = None,
) -> tuple[str, ...]:
    """Write a picture in the format that the suffix names (see OUTPUT_FORMATS); returns notes, as in ``Picture``.

    ``rgb`` is 1×3×H×W and ``alpha`` 1×1×H×W, both in [0, 1]; JPEG, which has no transparency, gets the picture over
    white. ``depth`` is 8 or, for PNG and TIFF, 16 bits per channel. ``quality`` (1–100) is for JPEG, where it keeps
    full colour resolution from 90 on, and for WebP unless ``lossless``; ``compression`` (0–9) trades time for size
    in PNG and TIFF. ``parameters`` is what ``read_parameters`` gives back.

    The file appears whole or not at all; an older one stays until then. Raises OutputError when it cannot be written
    or the format cannot hold the picture, InvalidValueError and ShapeError for arguments out of range.
    """
    path = Path(path)
    encoding = Encoding.of(
        path, depth=depth, quality=quality, lossless=lossless, compression=compression, parameters=parameters
    )
    pixels, notes = samples_of(rgb, alpha, depth, flatten=encoding.format == "JPEG")
    try:
        data = encoding.encode(pixels)
    except (OSError, ValueError, MemoryError, ImportError) as error:
        raise OutputError(
            f"{path} cannot be encoded as {encoding.format}: {error}.", "Write an 8-bit PNG instead.", path=path
        ) from error
    replace_file(path, data)
    return notes


def _output_format(path: Path, depth: int) -> str:
    format = OUTPUT_FORMATS.get(path.suffix.lower())
    if format is None:
        raise OutputError(
            f"{path} does not name a known format.", f"End it in one of {', '.join(OUTPUT_FORMATS)}.", path=path
        )
    if depth == 16 and format not in ("PNG", "TIFF"):
        raise OutputError(f"{format} holds 8 bits per channel, not 16.", "Write PNG or TIFF, or 8 bits.", path=path)
    return format


def _check_options(quality: int, compression: int) -> None:
    if not 1 <= quality <= 100:
        raise InvalidValueError(f"A quality of {quality} is out of range.", "Choose 1 to 100.", quality=quality)
    if not 0 <= compression <= 9:
        raise InvalidValueError(
            f"A compression of {compression} is out of range.", "Choose 0 to 9.", compression=compression
        )


def samples_of(rgb: Tensor, alpha: Tensor | None, depth: int, flatten: bool) -> tuple[np.ndarray, tuple[str, ...]]:
    """H×W×3 or H×W×4 samples of one picture, and a note where its transparency was flattened."""
    if rgb.ndim != 4 or rgb.shape[:2] != (1, 3) or rgb.shape[2] * rgb.shape[3] == 0:
        raise ShapeError(
            f"A file takes one picture of 1×3×H×W, not {tuple(rgb.shape)}.", "Write a batch one by one.", rgb=rgb.shape
        )
    if alpha is None:
        return to_array(rgb, depth)[0], ()
    if alpha.shape != (1, 1, *rgb.shape[2:]):
        raise ShapeError(
            f"The alpha of {tuple(alpha.shape)} does not fit the picture of {tuple(rgb.shape)}.",
            "Give 1×1×H×W with the picture's size.",
            alpha=alpha.shape,
            rgb=rgb.shape,
        )
    rgb, alpha = (tensor.detach().to("cpu", torch.float32) for tensor in (rgb, alpha))
    if flatten:
        return to_array(torch.lerp(torch.ones_like(rgb), rgb, alpha), depth)[0], ("transparency laid over white",)
    return to_array(torch.cat([rgb, alpha], dim=1), depth)[0], ()
