"""Lines over steps, drawn with Pillow: hosts of graph nodes bring no plotting library."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, ImageDraw, ImageFont

SIZE = (960, 540)
"""Width and height in pixels."""

INK = "#333333"
HUES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#999999")
"""Colours that colour-blind people can tell apart (Okabe and Ito, with their grey)."""

_SMOOTH = 2
"""Everything is drawn this many times as large first: Pillow's lines have no soft edges."""

_GRID, _PAPER = "#e1e1e1", "#ffffff"
_LEFT, _TOP, _BOTTOM = 90, 48, 486
_LABEL = 19
"""Height in pixels of a label beside a line."""


class Chart:
    """Axes for ``steps`` from the first to the last, and ``values`` from low to high on a logarithmic axis.

    ``margin`` is how many pixels are left for labels to the right of them. Values must be above 0.
    """

    def __init__(self, steps: tuple[int, int], values: tuple[float, float], *, margin: int = 30) -> None:
        self._steps, self._values = steps, values
        self._right = SIZE[0] - margin
        self._image = Image.new("RGB", (SIZE[0] * _SMOOTH, SIZE[1] * _SMOOTH), _PAPER)
        self._draw = ImageDraw.Draw(self._image)
        self._font = ImageFont.load_default(15 * _SMOOTH)
        for tick in _round_numbers(*steps):
            (x, y), end = self._places([tick, tick], values)
            self._line([(x, y), end], _GRID)
            self._text((x, y + 8), f"{tick}", "mt")
        for tick in _decade_parts(*values):
            (x, y), end = self._places(steps, [tick, tick])
            self._line([(x, y), end], _GRID)
            self._text((x - 8, y), f"{tick:g}", "rm")

    def line(self, steps: ArrayLike, values: ArrayLike, color: str, width: int = 1) -> None:
        """Join the points of as many steps and values; a single one becomes a dot."""
        self._line(self._places(steps, values), color, width)

    def dots(self, steps: ArrayLike, values: ArrayLike, color: str) -> None:
        """Mark the points of as many steps and values."""
        for place in self._places(steps, values):
            self._line([place], color)

    def title(self, title: str, names: Mapping[str, str], across: str = "step") -> None:
        """Write the title and, in their colours, names above the axes, and below what the steps are."""
        self._text((_LEFT, _TOP - 14), title, "ls")
        self._text((self._right, SIZE[1] - 8), across, "rs")
        x = float(self._right)
        for name in reversed([*names]):
            self._text((x, _TOP - 14), name, "rs", names[name])
            x -= self._font.getlength(name) / _SMOOTH + 16

    def labels(self, names: Mapping[str, tuple[float, str]]) -> None:
        """Write names to the right of the axes, each beside its value and in its colour, below one another."""
        falling = sorted(names, key=lambda name: -names[name][0])
        heights = [self._places([self._steps[1]], [names[name][0]])[0][1] for name in falling]
        for name, height in zip(falling, _apart(heights, _LABEL), strict=True):
            self._text((self._right + 8, height), name, "lm", names[name][1])

    def finished(self) -> Image.Image:
        """The picture, RGB of SIZE."""
        return self._image.resize(SIZE, Image.Resampling.BOX)

    def _places(self, steps: ArrayLike, values: ArrayLike) -> list[tuple[float, float]]:
        (first, last), (low, high) = self._steps, self._values
        across = _LEFT + (np.asarray(steps) - first) / (last - first) * (self._right - _LEFT)
        up = _BOTTOM - np.log(np.asarray(values) / low) / np.log(high / low) * (_BOTTOM - _TOP)
        return list(zip(across.tolist(), up.tolist(), strict=True))

    def _line(self, places: Sequence[tuple[float, float]], color: str, width: int = 1) -> None:
        scaled = [(x * _SMOOTH, y * _SMOOTH) for x, y in places]
        if len(scaled) == 1:
            (x, y), radius = scaled[0], 2 * _SMOOTH
            self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), color)
        self._draw.line(scaled, color, width * _SMOOTH)

    def _text(self, place: tuple[float, float], text: str, anchor: str, color: str = INK) -> None:
        x, y = place
        self._draw.text((x * _SMOOTH, y * _SMOOTH), text, color, self._font, anchor)


def pale(color: str) -> str:
    """A sixth of a colour on the white of the paper."""
    return "#" + "".join(f"{255 - (255 - int(color[at : at + 2], 16)) // 6:02x}" for at in (1, 3, 5))


def _round_numbers(first: int, last: int) -> list[int]:
    """About ten round steps, such as 50, 100, 150."""
    power = 10 ** math.floor(math.log10(last / 10)) if last > 10 else 1
    distance = next(times * power for times in (1, 2, 5, 10) if last <= 10 * times * power)
    return [step for step in range(0, last + 1, distance) if step >= first]


def _decade_parts(low: float, high: float) -> list[float]:
    """Multiples of the powers of ten between the two: the more powers, the fewer of them."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    parts = range(1, 10) if high < 10 * low else (1, 2, 5) if high < 1e5 * low else (1,)
    return [tick for power in powers for part in parts if low <= (tick := part * 10.0**power) <= high]


def _apart(heights: Sequence[float], gap: float) -> list[float]:
    """Ascending heights, moved so that there is a gap between neighbours and none lies below the axes."""
    moved: list[float] = []
    for height in heights:
        moved.append(max(height, moved[-1] + gap) if moved else height)
    limit = float(_BOTTOM)
    for place in reversed(range(len(moved))):
        moved[place] = min(moved[place], limit)
        limit = moved[place] - gap
    return moved
