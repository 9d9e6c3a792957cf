"""Resampling by windows: what a picture of another size shows in one, from the part of it that is needed for that."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from adain_nodes.core.raster import Raster
from adain_nodes.core.sizing import Size
from adain_nodes.core.windows import Window

SIDE = 1024
"""About the side in pixels of the parts that are read: it bounds the memory where a picture shrinks much."""


@dataclass(frozen=True)
class Kernel:
    """A filter by its weights at distances in samples; from ``radius`` on they are 0."""

    weight: Callable[[Tensor], Tensor]
    radius: int


TRIANGLE = Kernel(lambda x: 1 - x.abs().clamp(max=1), 1)
"""Bilinear, averaging when it shrinks: ``F.interpolate(…, mode="bilinear", antialias=True)``."""

LANCZOS = Kernel(lambda x: torch.where(x.abs() < 3, torch.sinc(x) * torch.sinc(x / 3), torch.zeros_like(x)), 3)
"""Pillow's LANCZOS."""


def resampled(raster: Raster, size: Size, kernel: Kernel) -> Raster:
    """A raster at another size, in [0, 1]. The kernel grows with the step where it shrinks, against aliasing."""
    if raster.size == size:
        return raster
    step = max(1.0, *(old / new for old, new in zip(raster.size, size, strict=True)))
    side = max(1, round(SIDE / step))

    def stretch(window: Window) -> Tensor:
        top, rows = _weights(raster.size[0], size[0], window.top, window.bottom, kernel)
        left, columns = _weights(raster.size[1], size[1], window.left, window.right, kernel)
        part = raster.read(Window(top, left, top + rows.shape[1], left + columns.shape[1])).float()
        return (rows.to(part) @ (part @ columns.to(part).mT)).clamp(0, 1)

    def read(window: Window) -> Tensor:
        tiles = [(tile.inside(window), stretch(tile)) for tile in window.tiles(side)]
        result = tiles[0][1].new_empty((*tiles[0][1].shape[:2], *window.size))
        for place, part in tiles:
            place.of(result).copy_(part)
        return result

    return Raster(size, read, raster.batch)


def _weights(length: int, wanted: int, start: int, stop: int, kernel: Kernel) -> tuple[int, Tensor]:
    """The first of n samples that count, and their weights (stop - start)×n for the results ``start`` to ``stop``."""
    step = length / wanted
    stretch = max(step, 1.0)
    reach = kernel.radius * stretch
    first = max(0, math.floor((start + 0.5) * step - reach))
    last = min(length, math.ceil((stop - 0.5) * step + reach))
    centres = (torch.arange(start, stop, dtype=torch.float64) + 0.5) * step
    places = torch.arange(first, last, dtype=torch.float64) + 0.5
    weights = kernel.weight((places - centres[:, None]) / stretch)
    return first, (weights / weights.sum(1, keepdim=True)).float()
