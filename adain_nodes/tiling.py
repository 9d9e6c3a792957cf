"""Pictures too large for memory go through the networks tile by tile, with the same result as if they had fitted.

AdaIN needs only the statistics of the whole, so two passes are enough: the first measures every tile and merges the
moments, the second changes and decodes. Each tile is seen with the margin beyond which nothing around it reaches it,
so that there are no seams to hide.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import TypeAlias

import torch
from torch import Tensor

from adain_nodes.backend import Backend
from adain_nodes.core.adain import Features
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.raster import Raster
from adain_nodes.core.sizing import Size, at_least
from adain_nodes.core.windows import Window, whole
from adain_nodes.models.base import Decoder, Encoder

Progress: TypeAlias = Callable[[float], None]
"""Told the share of the work that is done, in (0, 1]; an error that it raises ends the work."""

Put: TypeAlias = Callable[[Window, Tensor], None]
"""Takes B×C×h×w of a window."""

View: TypeAlias = Callable[[Window], Features]
"""The features of any window of a picture."""

log = logging.getLogger("adain_nodes")

ALIGN = 64
"""Tiles start at multiples of this, and so at whole cells of every level."""

FLOOR = 128
"""The smallest side in pixels of a tile: below it nearly all work is spent on margins."""


CPU_SIDE = 768
"""The side in pixels of tiles on a CPU, even with memory for larger ones: those leave its caches. In tiles of 768 a
megapixel took 1.10 times as long as an untiled picture of one, of 1024 1.35 times, of 1536 1.62 (lite, bfloat16)."""


class Tiling:
    """The tiles of a picture, ``side``×``side`` pixels but for the last of each row and column.

    When memory runs out all the same, the side is halved and the work goes on, down to ``FLOOR``. ``progress`` is
    told after each tile which share of ``passes`` over the picture is done. Raises InvalidValueError for a side
    below ``FLOOR``.
    """

    def __init__(self, size: Size, side: int, passes: int = 1, progress: Progress = lambda share: None) -> None:
        if side < FLOOR:
            raise InvalidValueError(
                f"Tiles of {side} pixels would be all margin.", f"Give {FLOOR} pixels or more.", side=side
            )
        self.size = size
        self.side = side // ALIGN * ALIGN
        self._progress = progress
        self._pixels = passes * math.prod(size)
        self._done = 0

    def over(self, work: Callable[[Window], None]) -> None:
        """Call ``work`` for every tile, row by row."""
        waiting = list(whole(self.size).tiles(self.side))
        while waiting:
            window = waiting.pop(0)
            if self._fits(work, window):
                self._done += math.prod(window.size)
                self._progress(self._done / self._pixels)
            else:
                waiting = [part for each in (window, *waiting) for part in each.tiles(self.side)]

    def _fits(self, work: Callable[[Window], None], window: Window) -> bool:
        """Whether ``work`` found the memory for this tile; if not, later ones shall be half as large."""
        try:
            work(window)
        except (MemoryError, RuntimeError) as error:
            if not is_out_of_memory(error) or self.side <= FLOOR:
                raise
            self.side = max(FLOOR, min(self.side, max(window.size)) // 2 // ALIGN * ALIGN)
        else:
            return True
        # outside the handler, whose traceback holds the maps that did not fit
        log.warning("Not enough memory: going on with tiles of %d×%d pixels.", self.side, self.side)
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        return False


def choose_side(
    size: Size, device: torch.device, bytes: int, pixel_bytes: int, margin: int, *, strict: bool = False
) -> int:
    """The side in pixels of tiles that, with their margins, take so many bytes, for a picture of ``size``.

    On a CPU a picture of several tiles gets tiles of ``CPU_SIDE`` at most. Where the bytes are too few for the
    smallest tile, InvalidValueError if that is ``strict``; otherwise it is tried all the same.
    """
    side = math.isqrt(bytes // pixel_bytes) - 2 * margin
    if side < FLOOR and strict:
        needed = pixel_bytes * (FLOOR + 2 * margin) ** 2
        raise InvalidValueError(
            f"{2 * bytes / 1e6:.0f} MB are too little memory for the smallest tile.",
            f"Allow {math.ceil(2 * needed / 1e6)} MB or more, or take the model lite.",
            needed=2 * needed,
        )
    if device.type == "cpu" and max(size) > 1.5 * CPU_SIDE:
        side = min(side, CPU_SIDE)
    return max(FLOOR, side)


def is_out_of_memory(error: Exception) -> bool:
    """Whether memory ran out, on whichever device: PyTorch has an error of its own for accelerators alone."""
    return isinstance(error, MemoryError | torch.cuda.OutOfMemoryError) or "not enough memory" in str(error)


class Mosaic:
    """A B×C×H×W tensor that comes together window by window; one that comes whole is taken as it is."""

    def __init__(self, size: Size, device: torch.device | None = None) -> None:
        self._size = size
        self._device = device
        self.tensor: Tensor = torch.empty(0)

    def put(self, window: Window, part: Tensor) -> None:
        """Lay B×C×h×w where the window is."""
        part = part.to(self._device or part.device)
        if window == whole(self._size):
            self.tensor = part
            return
        if not self.tensor.numel():
            layout = torch.channels_last if part.stride(1) == 1 else torch.contiguous_format
            shape = (*part.shape[:2], *self._size)
            self.tensor = torch.empty(shape, dtype=part.dtype, device=part.device, memory_format=layout)
        window.of(self.tensor).copy_(part)


class Encoded:
    """The features of any window of a picture, whose sides are at least ``encoder.minimum_size``.

    Those of tiles are kept where the ones of the whole picture fit into ``room`` bytes, or are one tile: then nothing
    is encoded twice.
    """

    def __init__(self, encoder: Encoder, backend: Backend, picture: Raster, room: int) -> None:
        self.size = at_least(picture.size, encoder.minimum_size)
        self._encoder, self._backend, self._picture = encoder, backend, picture
        self._room = room
        self._levels = [Mosaic(whole(self.size).cells(stride).size) for stride in encoder.strides]
        self._kept = torch.zeros(whole(self.size).cells(ALIGN).size, dtype=torch.bool)

    def __call__(self, window: Window) -> Features:
        """One map for each level; see ``encode_window``."""
        strides = self._encoder.strides
        if window.cells(ALIGN).of(self._kept).all():
            return tuple(window.cells(s).of(level.tensor) for level, s in zip(self._levels, strides, strict=True))
        features = encode_window(self._encoder, self._backend, self._picture, window)
        bytes = sum(level.nbytes for level in features) * math.prod(self.size) // math.prod(window.size)
        if window == whole(self.size) or (bytes <= self._room and self._is_tile(window)):
            for level, stride, part in zip(self._levels, strides, features, strict=True):
                level.put(window.cells(stride), part)
            window.cells(ALIGN).of(self._kept).fill_(True)
        return features

    def _is_tile(self, window: Window) -> bool:
        """Whether it ends where cells of all levels end, too."""
        edges = zip(window, (0, 0, *self.size), strict=True)
        return all(edge % ALIGN == 0 or edge == end for edge, end in edges)


def encode_window(encoder: Encoder, backend: Backend, picture: Raster, window: Window) -> Features:
    """The features of one window of a picture, as they are in those of the whole; sides of the minimum or more."""
    outer = window.grown(encoder.margin, at_least(picture.size, encoder.minimum_size))
    with backend.running():
        features = encoder(backend.place(picture.read(outer)))
    levels = zip(features, encoder.strides, strict=True)
    return tuple(window.cells(stride).inside(outer.cells(stride)).of(level) for level, stride in levels)


def decode_window(decoder: Decoder, backend: Backend, features: View, size: Size, window: Window) -> Tensor:
    """One window, B×3×h×w in [0, 1], of the picture of ``size`` whose ``features`` are given for any window."""
    outer = window.grown(decoder.margin, size)
    levels = tuple(level.to(backend.device) for level in features(outer))
    with backend.running():
        return decoder.decode(levels, outer.size, None if outer == window else window.inside(outer))
