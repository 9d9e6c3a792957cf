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
from adain_nodes.mosaic import FileMosaic, Mosaic, room_on_disk
from adain_nodes.process import keeps_freed_memory

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


CPU_SIDE, CPU_SIDE_KEPT = 1024, 1536
"""The side in pixels of tiles on a CPU, even with memory for larger ones, and where ``keep_freed_memory`` was called.

Smaller ones have more margin; larger ones leave the blocks that the C library keeps by itself, and are no faster where
it keeps all: 0.447, 0.424 and 0.430 s a megapixel with 1024, 1536 and 2048 there, 0.563 and 0.599 with 1024 and 1536
elsewhere (lite, 8192×8192, TIFF to TIFF on two cores, the means of two runs)."""


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

    On a CPU a picture of several tiles gets tiles of ``CPU_SIDE`` or ``CPU_SIDE_KEPT`` at most. Where the bytes are
    too few for the smallest tile, InvalidValueError if that is ``strict``; otherwise it is tried all the same.
    """
    side = math.isqrt(bytes // pixel_bytes) - 2 * margin
    if side < FLOOR and strict:
        needed = pixel_bytes * (FLOOR + 2 * margin) ** 2
        raise InvalidValueError(
            f"{2 * bytes / 1e6:.0f} MB are too little memory for the smallest tile.",
            f"Allow {math.ceil(2 * needed / 1e6)} MB or more, or take the model lite.",
            needed=2 * needed,
        )
    best = CPU_SIDE_KEPT if keeps_freed_memory() else CPU_SIDE
    if device.type == "cpu" and max(size) > 1.5 * best:
        side = min(side, best)
    return max(FLOOR, side)


def is_out_of_memory(error: Exception) -> bool:
    """Whether memory ran out, on whichever device: PyTorch has an error of its own for accelerators alone."""
    return isinstance(error, MemoryError | torch.cuda.OutOfMemoryError) or "not enough memory" in str(error)


class Encoded:
    """The features of any window of a picture, whose sides are at least ``encoder.minimum_size``.

    Those of a tile are kept, so that it is encoded only once: in memory where the ones of the whole picture fit into
    ``room`` bytes or are one tile, and else, on a CPU, in files where the disk has room. A GPU encodes again sooner
    than a disk reads.
    """

    def __init__(self, encoder: Encoder, backend: Backend, picture: Raster, room: int) -> None:
        self.size = at_least(picture.size, encoder.minimum_size)
        self._encoder, self._backend, self._picture = encoder, backend, picture
        self._room = room
        self._levels: list[Mosaic] | list[FileMosaic] | None = None
        self._kept = torch.zeros(whole(self.size).cells(ALIGN).size, dtype=torch.bool)

    def __call__(self, window: Window) -> Features:
        """One map for each level; see ``encode_window``."""
        if self._levels and window.cells(ALIGN).of(self._kept).all():
            levels = zip(self._levels, self._encoder.strides, strict=True)
            try:
                return tuple(level.part(window.cells(stride)) for level, stride in levels)
            except OSError as error:
                self._give_up(error)
        features = encode_window(self._encoder, self._backend, self._picture, window)
        if window == whole(self.size) or self._is_tile(window):
            self._keep(window, features)
        return features

    def _keep(self, window: Window, features: Features) -> None:
        if self._levels is None:
            self._levels = self._choose(window, sum(level.nbytes for level in features))
        if not self._levels:
            return
        try:
            for level, stride, part in zip(self._levels, self._encoder.strides, features, strict=True):
                level.put(window.cells(stride), part)
        except OSError as error:
            self._give_up(error)
        else:
            window.cells(ALIGN).of(self._kept).fill_(True)

    def _give_up(self, error: OSError) -> None:
        """Go on without the disk, which is full or fails."""
        log.warning("Features cannot be kept on the disk (%s): tiles are encoded twice.", error.strerror)
        self._levels = []

    def _choose(self, window: Window, bytes: int) -> list[Mosaic] | list[FileMosaic]:
        """Where the features shall lie, of which a window's take so many bytes; nothing where there is no room."""
        sizes = [whole(self.size).cells(stride).size for stride in self._encoder.strides]
        needed = bytes * math.prod(self.size) // math.prod(window.size)
        if needed <= self._room or window == whole(self.size):
            return [Mosaic(size) for size in sizes]
        on_disk = self._backend.device.type == "cpu" and needed <= room_on_disk()
        return [FileMosaic(size) for size in sizes] if on_disk else []

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
