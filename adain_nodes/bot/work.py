"""A photo and a style, as bytes in memory, to a result as bytes: no picture touches the disk."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from adain_nodes.core.errors import ImageError, InvalidValueError
from adain_nodes.core.sizing import size_of
from adain_nodes.core.style import Style
from adain_nodes.examples import examples
from adain_nodes.imaging import Picture, read_image
from adain_nodes.imaging.writing import Encoding, samples_of
from adain_nodes.pipeline import StyleTransfer

SIZE = 1024
"""The default of the result's short side in pixels; photos as Telegram sends them are smaller."""

LARGEST = 2560
"""Of the short side: Telegram takes photos whose sides add up to 10,000 px."""

STRETCH = 2
"""How many times longer the long side of a result may be."""

NARROW = 20
"""Telegram shows no photo that is this many times as long as it is wide."""

QUALITY = 90
"""Of the JPEG."""


class Painter:
    """Makes results with one pipeline, one at a time, of at most ``size`` pixels on the short side.

    ``presets`` are the project's example styles, by name. Raises InvalidValueError for a size that Telegram would not
    take.
    """

    def __init__(self, transfer: StyleTransfer, *, size: int = SIZE) -> None:
        if not 1 <= size <= LARGEST:
            raise InvalidValueError(f"A size of {size} px is not possible.", f"Give 1 to {LARGEST}.", size=size)
        self.presets = {path.stem: path for path in examples("style")}
        self._transfer = transfer
        self._size = size
        self._preset = lru_cache(maxsize=None)(transfer.encode_style)

    def paint(self, photo: bytes, style: bytes | str, alpha: int) -> bytes:
        """The photo in a style, a picture or the name of a preset, as a JPEG; ``alpha`` is in percent.

        Raises ImageError, which names the one of the two that is no picture, is too large or too narrow.
        """
        picture = self._read(photo, "photo")
        look = self._look(style)
        short, long = sorted(size_of(picture.rgb))
        fitting = min(short, self._size, max(1, STRETCH * self._size * short // long))
        content = self._transfer.prepare(picture, size=fitting)
        result = self._transfer.stylize(content, look, alpha=alpha / 100)
        opaque = None if content.visible is None else content.visible.all()
        pixels, _ = samples_of(result, opaque, 8, flatten=True)
        return Encoding.of(Path("result.jpg"), quality=QUALITY).encode(pixels)

    def _look(self, style: bytes | str) -> Style:
        if isinstance(style, str):
            return self._preset(self.presets[style])
        return self._transfer.encode_style(self._read(style, "style picture"))

    def _read(self, data: bytes, what: str) -> Picture:
        try:
            picture = read_image(data, max_pixels=self._transfer.max_pixels)
        except ImageError as error:
            raise ImageError(error.problem.replace("The picture", f"The {what}")) from error
        height, width = size_of(picture.rgb)
        if max(height, width) > NARROW * min(height, width):
            raise ImageError(f"The {what} is too narrow, {width}×{height} px.", width=width, height=height)
        return picture
