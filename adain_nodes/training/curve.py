"""The curve of a run's losses, drawn with Pillow: hosts of graph nodes bring no plotting library."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike
from PIL import Image, ImageDraw, ImageFont

from adain_nodes.training.objective import TERMS

SIZE = (960, 540)
"""Width and height in pixels."""

_SMOOTH = 2
"""Everything is drawn this many times as large first: Pillow's lines have no soft edges."""

_INK, _GRID, _PAPER = "#333333", "#e1e1e1", "#ffffff"
_HUES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_COLORS: dict[str, str] = dict(zip(TERMS, (_INK, *_HUES), strict=True))
_LEFT, _TOP, _RIGHT, _BOTTOM = 90, 48, 930, 486


class _Line(NamedTuple):
    """The values of one loss that can be shown, and the steps that they belong to."""

    steps: np.ndarray
    values: np.ndarray

    def smoothed(self) -> _Line:
        """Running means over a twenty-fifth of the values, which end where the line ends."""
        window = max(1, len(self.values) // 25)
        return _Line(self.steps[window - 1 :], np.convolve(self.values, np.full(window, 1 / window), "valid"))


def draw_curve(losses: Mapping[str, Sequence[float]], title: str = "") -> Image.Image:
    """Draw the loss terms over the steps, on a logarithmic axis: averaged, with single steps behind.

    What is not finite or not above 0, where the axis has no place for it, is left out.
    """
    lines = {name: line for name in TERMS if len((line := _line(losses[name])).values)}
    everything = np.concatenate([line.values for line in lines.values()] or [np.ones(1)])
    low, high, last = everything.min() / 1.2, everything.max() * 1.2, max(2, len(losses["total"]))

    def places(steps: ArrayLike, values: ArrayLike) -> list[tuple[float, float]]:
        across = _LEFT + (np.asarray(steps) - 1) / (last - 1) * (_RIGHT - _LEFT)
        up = _BOTTOM - np.log(np.asarray(values) / low) / np.log(high / low) * (_BOTTOM - _TOP)
        return list(zip(across.tolist(), up.tolist(), strict=True))

    canvas = _Canvas()
    for tick in _round_numbers(last):
        (x, y), end = places([tick, tick], [low, high])
        canvas.line([(x, y), end], _GRID)
        canvas.text((x, y + 8), f"{tick}", "mt")
    for tick in _decade_parts(low, high):
        (x, y), end = places([1, last], [tick, tick])
        canvas.line([(x, y), end], _GRID)
        canvas.text((x - 8, y), f"{tick:g}", "rm")
    for name, line in lines.items():
        canvas.line(places(*line), _pale(_COLORS[name]))
    for name, line in lines.items():
        canvas.line(places(*line.smoothed()), _COLORS[name], 2)
    canvas.labels(title, list(lines))
    return canvas.finished()


class _Canvas:
    """A sheet of paper, drawn on in the pixels of the finished picture."""

    def __init__(self) -> None:
        self._image = Image.new("RGB", (SIZE[0] * _SMOOTH, SIZE[1] * _SMOOTH), _PAPER)
        self._draw = ImageDraw.Draw(self._image)
        self._font = ImageFont.load_default(15 * _SMOOTH)

    def line(self, points: Sequence[tuple[float, float]], color: str, width: int = 1) -> None:
        scaled = [(x * _SMOOTH, y * _SMOOTH) for x, y in points]
        if len(scaled) == 1:  # a run of one step
            (x, y), radius = scaled[0], 2 * _SMOOTH
            self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), color)
        self._draw.line(scaled, color, width * _SMOOTH)

    def text(self, place: tuple[float, float], text: str, anchor: str, color: str = _INK) -> None:
        x, y = place
        self._draw.text((x * _SMOOTH, y * _SMOOTH), text, color, self._font, anchor)

    def labels(self, title: str, names: Sequence[str]) -> None:
        self.text((_LEFT, _TOP - 14), title, "ls")
        self.text((_RIGHT, SIZE[1] - 8), "step", "rs")
        x = float(_RIGHT)
        for name in reversed(names):
            self.text((x, _TOP - 14), name, "rs", _COLORS[name])
            x -= self._font.getlength(name) / _SMOOTH + 16

    def finished(self) -> Image.Image:
        return self._image.resize(SIZE, Image.Resampling.BOX)


def _line(losses: Sequence[float]) -> _Line:
    values = np.asarray(losses, dtype=np.float64)
    shown = np.flatnonzero(np.isfinite(values) & (values > 0))
    return _Line(shown + 1, values[shown])


def _pale(color: str) -> str:
    """A sixth of a colour on the white of the paper."""
    return "#" + "".join(f"{255 - (255 - int(color[at : at + 2], 16)) // 6:02x}" for at in (1, 3, 5))


def _round_numbers(steps: int) -> range:
    """Up to ten round steps, such as 50, 100, 150."""
    power = 10 ** math.floor(math.log10(steps / 10)) if steps > 10 else 1
    distance = next(times * power for times in (1, 2, 5, 10) if steps <= 10 * times * power)
    return range(distance, steps + 1, distance)


def _decade_parts(low: float, high: float) -> list[float]:
    """Multiples of the powers of ten between the two: the more powers, the fewer of them."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    parts = range(1, 10) if high < 10 * low else (1, 2, 5) if high < 1e5 * low else (1,)
    return [tick for power in powers for part in parts if low <= (tick := part * 10.0**power) <= high]
