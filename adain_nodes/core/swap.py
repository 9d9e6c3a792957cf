"""Style swap: each patch of the content's features becomes the style patch that it resembles most.

Chen and Schmidt 2016, "Fast Patch-based Style Transfer of Arbitrary Style", section 3.1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from time import perf_counter

import torch
from torch import Tensor
from torch.nn import functional as F

from adain_nodes.core.adain import Features, check_alpha, check_maps
from adain_nodes.core.errors import InvalidValueError, ShapeError
from adain_nodes.core.sizing import Size, crop_to, size_of

AT_ONCE = 4096
"""Patches of the content and of the style that are compared at once, about: 64 MB of similarities."""

LONG = 30
"""Seconds from which on the time that a swap will take shall be said beforehand."""


@dataclass(frozen=True)
class Patches:
    """Square patches of ``size`` cells a side, with ``stride`` cells from one to the next.

    Raises InvalidValueError where they would leave gaps.
    """

    size: int = 3
    stride: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.stride <= self.size:
            raise InvalidValueError(
                f"Patches of {self.size} cells with a stride of {self.stride} do not cover a map.",
                "Choose a stride from 1 to the patch size.",
                size=self.size,
                stride=self.stride,
            )

    def grid(self, cells: Size) -> Size:
        """Rows and columns of patches that lie inside a map."""
        return (cells[0] - self.size) // self.stride + 1, (cells[1] - self.size) // self.stride + 1

    def cells(self, grid: Size) -> Size:
        """Height and width of what a grid of patches covers."""
        return (grid[0] - 1) * self.stride + self.size, (grid[1] - 1) * self.stride + self.size

    def rows(self, map: Tensor, at_once: int) -> Iterator[tuple[slice, Tensor]]:
        """The rows of patches of a map, some at a time, and the part of the map that they cover."""
        height, width = self.grid(size_of(map))
        step = max(1, at_once // width)
        for start in range(0, height, step):
            rows = slice(start, min(start + step, height))
            top = rows.start * self.stride
            yield rows, map[..., top : top + self.cells((rows.stop - rows.start, 1))[0], :]


Progress = Callable[[float], None]


def style_swap(
    content: Tensor,
    style: Tensor,
    patches: Patches = Patches(),
    *,
    alpha: float = 1.0,
    progress: Progress = lambda share: None,
) -> Tensor:
    """B×C×H×W content features made of patches of the style's, which are (B or 1)×C×H'×W'.

    Where patches overlap they are averaged. ``alpha`` moves from the content (0) to the swap (1). A content that is
    smaller than a patch, or whose last cells no patch would reach, is continued with its last row and column for the
    search. Time grows with the product of both sizes, memory with their sum. ``progress`` is told the share done.

    Differentiable in the style and, by ``alpha``, in the content; which patch is the nearest has no gradient. Raises
    InvalidValueError for a style that is smaller than a patch, and ShapeError for other channels or batches.
    """
    check_alpha(alpha)
    _check(content, style, patches)
    padded, looks = _reached(content.float(), patches), style.float().expand(len(content), -1, -1, -1)
    swapped: list[Tensor] = []
    for number in range(len(content)):
        look = looks[number]

        def advance(share: float, number: int = number) -> None:
            progress((number + share) / len(content))

        nearest = nearest_patches(padded[number : number + 1], look[None], patches, progress=advance)
        swapped.append(_laid_out(look, nearest, patches, size_of(padded)))
    result = crop_to(torch.stack(swapped), size_of(content))
    return torch.lerp(content.float(), result, alpha).to(content.dtype)


def swap_levels(
    content: Features,
    style: Features,
    patches: Patches = Patches(),
    *,
    alpha: float = 1.0,
    progress: Progress = lambda share: None,
) -> Features:
    """A style swap on every level of an encoder's features; see ``style_swap``.

    ``progress`` counts levels by what they take. Raises its errors, and ShapeError when the style has other levels.
    """
    if len(content) != len(style):
        raise ShapeError(
            f"The content has {len(content)} levels, the style {len(style)}.", "Encode both with the same encoder."
        )
    pairs = list(zip(content, style, strict=True))
    work = [_work(_reached(ours[:1].float(), patches), theirs, patches) for ours, theirs in pairs]
    swapped: list[Tensor] = []
    for ours, theirs in pairs:
        before, now = sum(work[: len(swapped)]), work[len(swapped)]

        def advance(share: float, before: float = before, now: float = now) -> None:
            progress((before + share * now) / sum(work))

        swapped.append(style_swap(ours, theirs, patches, alpha=alpha, progress=advance))
    return tuple(swapped)


@torch.no_grad()
def nearest_patches(
    content: Tensor, style: Tensor, patches: Patches = Patches(), *, progress: Progress = lambda share: None
) -> Tensor:
    """For each patch of a 1×C×H×W map the number, row by row, of the style patch with the largest cosine to it.

    h×w integers, for the patches that lie inside both maps: the first of several equally near ones.
    """
    height, width = patches.grid(size_of(content))
    nearest = torch.zeros(height, width, dtype=torch.long, device=content.device)
    columns = patches.grid(size_of(style))[1]
    for rows, band in patches.rows(content, AT_ONCE):
        best = band.new_full((rows.stop - rows.start, width), -torch.inf)
        for style_rows, part in patches.rows(style, AT_ONCE):
            found, place = similarities(band, part, patches).flatten(2).max(dim=2)
            better = found > best
            best = torch.where(better, found, best)
            nearest[rows] = torch.where(better, place + style_rows.start * columns, nearest[rows])
            done = rows.start * patches.grid(size_of(style))[0] + (rows.stop - rows.start) * style_rows.stop
            progress(done / (height * patches.grid(size_of(style))[0]))
    return nearest


def similarities(content: Tensor, style: Tensor, patches: Patches) -> Tensor:
    """h×w×h'×w': the cosine of each content patch with each style patch, times the length of the content's.

    What a convolution of the content with all style patches of length 1 would give, in a fraction of its time: cells
    are multiplied with cells once, and the products added along the patches. The content's own lengths may stay away,
    since at each place they are the same for all.
    """
    with torch.autocast(content.device.type, enabled=False):  # bfloat16 could not tell neighbours apart
        products = content[0].flatten(1).mT @ style[0].flatten(1)
    products = products.reshape(*size_of(content), *size_of(style))
    found = _along(0, _along(1, products, patches), patches)
    lengths = F.avg_pool2d(style.square().sum(1), patches.size, patches.stride, divisor_override=1)[0].sqrt()
    return found / lengths.clamp_min(torch.finfo(torch.float32).tiny)


def _along(axis: int, products: Tensor, patches: Patches) -> Tensor:
    """Products of cells, added along the patches: ``axis`` is that of the content, two further on is the style's."""
    axes = axis, axis + 2
    steps = patches.grid((products.shape[axes[0]], products.shape[axes[1]]))
    shape = list(products.shape)
    shape[axes[0]], shape[axes[1]] = steps
    total = products.new_zeros(shape)
    for start in range(patches.size):
        places = [slice(None)] * 4
        for each, count in zip(axes, steps, strict=True):
            places[each] = _every(start, count, patches.stride)
        total += products[tuple(places)]
    return total


@torch.no_grad()
def swap_seconds(content: Features, style: Features, patches: Patches = Patches()) -> float:
    """About how long ``swap_levels`` will take, from the time that a part of each level takes now."""
    return sum(_seconds(ours, theirs, patches) for ours, theirs in zip(content, style, strict=True))


def _seconds(content: Tensor, style: Tensor, patches: Patches) -> float:
    _check(content, style, patches)
    padded = _reached(content[:1].float(), patches)
    (_, band), (_, part) = (next(patches.rows(map, AT_ONCE)) for map in (padded, style[:1].float()))
    seconds: list[float] = []
    for _ in range(2):  # the first is slow
        start = perf_counter()
        similarities(band, part, patches).flatten(2).max(dim=2)[0].sum().item()
        seconds.append(perf_counter() - start)
    return seconds[-1] * len(content) * _work(padded, style, patches) / _work(band, part, patches)


def _work(content: Tensor, style: Tensor, patches: Patches) -> float:
    """The multiplications that comparing two maps takes."""
    (height, width), (rows, columns) = (patches.grid(size_of(map)) for map in (content, style))
    return height * width * rows * columns * content.shape[1]


def _laid_out(style: Tensor, nearest: Tensor, patches: Patches, size: Size) -> Tensor:
    """The C×H×W map of style patches, averaged where they overlap: one cell of all patches after another."""
    height, width = nearest.shape
    columns = patches.grid(size_of(style))[1]
    top, left = nearest // columns * patches.stride, nearest % columns * patches.stride
    total, count = style.new_zeros(len(style), *size), style.new_zeros(size)
    for y, x in product(range(patches.size), repeat=2):
        down, right = _every(y, height, patches.stride), _every(x, width, patches.stride)
        total[:, down, right] += style[:, top + y, left + x]
        count[down, right] += 1
    return total / count


def _every(start: int, count: int, stride: int) -> slice:
    return slice(start, start + (count - 1) * stride + 1, stride)


def _reached(content: Tensor, patches: Patches) -> Tensor:
    """The map, continued so that patches reach its last row and column."""
    missing: list[int] = []
    for side in reversed(size_of(content)):
        steps = max(0, -(-(side - patches.size) // patches.stride))
        missing += [0, steps * patches.stride + patches.size - side]
    return F.pad(content, missing, mode="replicate") if any(missing) else content


def _check(content: Tensor, style: Tensor, patches: Patches) -> None:
    check_maps(content, style)
    if min(size_of(style)) < patches.size:
        height, width = size_of(style)
        raise InvalidValueError(
            f"The style has {width}×{height} cells, a patch {patches.size}×{patches.size}.",
            "Take a larger style picture, or smaller patches.",
            cells=(height, width),
            size=patches.size,
        )
