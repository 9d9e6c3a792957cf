"""What a person sees of a run: whether it still learns, the curve of its losses, and a sheet of its pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from PIL import Image

_BLOCKS = 40
_FEWEST_STEPS = 80
_FLAT_SHARE = 4
_NEIGHBOURS = 0.954
"""Median distance of two normal numbers of deviation 1."""


class Report(NamedTuple):
    """Where a run stands after ``step``: a sheet of samples, and the curve of the losses so far."""

    step: int
    sheet: Image.Image
    curve: Image.Image


def verdict(totals: Sequence[float]) -> str:
    """Whether a run still learns, from the total loss of each step, in a few words.

    Of up to 40 equal blocks the medians count: one pair of extreme contrast may have a thousand times the usual loss,
    and would hide whether the others still improve. They are flat since the earliest block from which on the second
    half of the blocks is not lower than the first by two standard errors, in logarithms; a quarter of the run must be
    flat to count. They diverged where the last blocks lie half above the best ones, or at one that is not finite.
    """
    values = np.asarray(totals, dtype=np.float64)
    if not np.isfinite(values).all():
        return "diverged: lower the learning rate"
    if len(values) < _FEWEST_STEPS:
        return "too early to tell"
    length = len(values) // min(_BLOCKS, len(values) // 8)
    blocks = values[len(values) % length :].reshape(-1, length)
    blocks = np.median(blocks, axis=1)
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
