"""What a person sees of a run: whether it still learns, the curve of its losses, and sheets of its pictures."""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from adain_nodes.core.files import replace_file
from adain_nodes.training.objective import TERMS

log = logging.getLogger("adain_nodes")

_BLOCKS = 40
_FEWEST_STEPS = 80
_FLAT_SHARE = 4
_NEIGHBOURS = 0.954
"""Median distance of two normal numbers of deviation 1."""


def verdict(totals: Sequence[float]) -> str:
    """Whether a run still learns, from the total loss of each step, in a few words.

    The losses are averaged over up to 40 equal blocks. They are flat since the earliest block from which on the second
    half of the blocks is not lower than the first by two standard errors, in logarithms; a quarter of the run must be
    flat to count. They diverged where the last blocks lie half above the best ones, or at one that is not finite.
    """
    values = np.asarray(totals, dtype=np.float64)
    if not np.isfinite(values).all():
        return "diverged: lower the learning rate"
    if len(values) < _FEWEST_STEPS:
        return "too early to tell"
    length = len(values) // min(_BLOCKS, len(values) // 8)
    blocks = values[len(values) % length :].reshape(-1, length).mean(1)
    tail = max(2, len(blocks) // 10)
    best = np.convolve(blocks, np.full(tail, 1 / tail), "valid").min()
    if blocks[-tail:].mean() > 1.5 * best:
        return "diverged: lower the learning rate"
    least = max(4, len(blocks) // _FLAT_SHARE)
    flat = next((len(blocks) - start for start in range(len(blocks) - least + 1) if _flat(blocks[start:])), 0)
    return f"flat for {flat * length} steps" if flat else "still falling"


def _flat(blocks: np.ndarray) -> bool:
    early, late = np.array_split(np.log(blocks), 2)
    # the noise, from neighbours and by the median: a fall at the beginning must not count as noise
    deviation = np.median(np.abs(np.diff(np.log(blocks)))) / _NEIGHBOURS
    return bool(early.mean() - late.mean() <= 2 * deviation * np.sqrt(1 / len(early) + 1 / len(late)))


@cache
def can_plot() -> bool:
    """Whether matplotlib is there to draw curves; says so once where it is not."""
    there = find_spec("matplotlib") is not None
    if not there:
        log.warning("There will be no picture of the losses: install it with `pip install matplotlib`.")
    return there


def draw_curve(path: Path, losses: dict[str, list[float]], title: str = "") -> None:
    """Draw the loss terms over the steps, on a logarithmic axis, into a PNG: averaged, with single steps behind.

    Raises OutputError where the file cannot be written.
    """
    from matplotlib.figure import Figure  # pyplot would keep every figure in memory

    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.add_subplot(xlabel="step", ylabel="loss", yscale="log", title=title)
    for name in TERMS:
        values = np.asarray(losses[name], dtype=np.float64)
        shown = np.flatnonzero(np.isfinite(values) & (values > 0))
        if len(shown):
            window = max(1, len(shown) // 100)
            smooth = np.convolve(values[shown], np.full(window, 1 / window), "valid")
            (line,) = axes.plot(shown[window - 1 :] + 1, smooth, label=name, linewidth=1.2)
            axes.plot(shown + 1, values[shown], color=line.get_color(), alpha=0.15, linewidth=0.5, zorder=0)
    axes.legend(loc="upper right")
    axes.grid(alpha=0.2)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", dpi=120)
    replace_file(path, picture.getvalue())
