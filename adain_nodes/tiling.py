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

from adain_nodes.backend import Backend, free_memory
from adain_nodes.core.adain import Features
from adain_nodes.core.sizing import Size, size_of
from adain_nodes.core.windows import Window, whole
from adain_nodes.models.base import Decoder, Encoder

Progress: TypeAlias = Callable[[float], None]
"""Told the share of the work that is done, in (0, 1]; an error that it raises ends the work."""

log = logging.getLogger("adain_nodes")

ALIGN = 64
"""Tiles start at multiples of this, and so at whole cells of every level."""

FLOOR = 128
"""The smallest side in pixels of a tile: below it nearly all work is spent on margins."""

PIXEL_BYTES = 1024
"""What a pixel takes on its way, at most: measured 430 bytes with lite and 810 with VGG-19 (`adain benchmark`)."""


class Tiling:
    """The tiles of a picture: ``side`` pixels, or with 0 as large as half of the free memory holds of ``batch`` ones.

    When memory runs out all the same, the side is halved and the work goes on, down to ``FLOOR``. ``progress`` is
    told after each tile which share of ``passes`` over the picture is done.
    """

    def __init__(
        self,
        size: Size,
        device: torch.device,
        side: int = 0,
        batch: int = 1,
        passes: int = 1,
        progress: Progress = lambda share: None,
    ) -> None:
        room = math.isqrt(free_memory(device) // 2 // PIXEL_BYTES // batch)
        self.size = size
        self.side = max(FLOOR, (side or room) // ALIGN * ALIGN)
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
            self.tensor = part.new_empty((*part.shape[:2], *self._size))
        window.of(self.tensor).copy_(part)


def encode_window(encoder: Encoder, backend: Backend, image: Tensor, window: Window) -> Features:
    """The features of one window of a picture, as they are in those of the whole; sides of the minimum or more."""
    outer = window.grown(encoder.margin, size_of(image))
    with backend.running():
        features = encoder(backend.place(outer.of(image)))
    levels = zip(features, encoder.strides, strict=True)
    return tuple(window.cells(stride).inside(outer.cells(stride)).of(level) for level, stride in levels)


def decode_window(
    decoder: Decoder, backend: Backend, features: Callable[[Window], Features], size: Size, window: Window
) -> Tensor:
    """One window, B×3×h×w in [0, 1], of the picture of ``size`` whose ``features`` are given for any window."""
    outer = window.grown(decoder.margin, size)
    levels = tuple(level.to(backend.device) for level in features(outer))
    with backend.running():
        picture = decoder.decode(levels, outer.size)
    return window.inside(outer).of(picture)
