"""Curves of losses: those of one run, and one loss of several runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

from adain_nodes.imaging.chart import HUES, INK, Chart, pale
from adain_nodes.training.objective import TERMS

_COLORS: dict[str, str] = dict(zip(TERMS, (INK, *HUES), strict=True))
_LABELS = 190
"""Pixels for the names of runs, beside their lines."""


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
    chart = _drawn(lines, _COLORS, len(losses["total"]))
    chart.title(title, {name: _COLORS[name] for name in lines})
    return chart.finished()


def draw_runs(losses: Mapping[str, Sequence[float]], title: str = "") -> Image.Image:
    """Draw one loss of several runs, as ``draw_curve`` does, each with its name beside it. Colours repeat after 7."""
    lines = {name: line for name, values in losses.items() if len((line := _line(values)).values)}
    colors = {name: (*HUES, INK)[number % (len(HUES) + 1)] for number, name in enumerate(losses)}
    chart = _drawn(lines, colors, max(map(len, losses.values()), default=0), margin=_LABELS)
    chart.title(title, {})
    chart.labels({name: (float(line.smoothed().values[-1]), colors[name]) for name, line in lines.items()})
    return chart.finished()


def _drawn(lines: Mapping[str, _Line], colors: Mapping[str, str], steps: int, margin: int = 30) -> Chart:
    everything = np.concatenate([line.values for line in lines.values()] or [np.ones(1)])
    chart = Chart((1, max(2, steps)), (everything.min() / 1.2, everything.max() * 1.2), margin=margin)
    for name, line in lines.items():
        chart.line(*line, pale(colors[name]))
    for name, line in lines.items():
        chart.line(*line.smoothed(), colors[name], 2)
    return chart


def _line(losses: Sequence[float]) -> _Line:
    values = np.asarray(losses, dtype=np.float64)
    shown = np.flatnonzero(np.isfinite(values) & (values > 0))
    return _Line(shown + 1, values[shown])
