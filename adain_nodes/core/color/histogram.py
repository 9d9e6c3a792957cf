"""Colour matching by the exact histogram of each channel."""

from __future__ import annotations

from typing import NamedTuple, cast

import torch
from torch import Tensor

# A value behind all others, which no frequency reaches: it fills rows to the length of the longest one.
_BEYOND_EVERY_COLOR = 2.0


class Distribution(NamedTuple):
    """How often each value occurs in each channel: ``values`` ascending and their ``counts`` (float64), both B×3×N.

    ``counts`` are sums of weights, on the CPU. Pictures of 8 or 16 bits have at most 65,536 values, however large
    they are.
    """

    values: Tensor
    counts: Tensor

    @property
    def weight(self) -> Tensor:
        """How much was counted, B×1."""
        return self.counts[:, 0].sum(1, keepdim=True)

    def merged(self, other: Distribution) -> Distribution:
        """That of two parts of a picture together."""
        values = torch.cat((self.values, other.values), -1)
        return _counted(values, torch.cat((self.counts, other.counts), -1))


def distribution(picture: Tensor, mask: Tensor | None = None) -> Distribution:
    """That of a picture B×3×H×W; pixels count by their weights in the mask (B or 1)×1×H×W, in [0, 1]."""
    weights = torch.ones_like(picture) if mask is None else mask.expand(max(len(picture), len(mask)), 3, -1, -1)
    return _counted(picture.expand_as(weights).flatten(2), weights.flatten(2).cpu().double())


def histogram(image: Tensor, reference: Distribution, mask: Tensor | None = None) -> Tensor:
    """Give each RGB channel of ``image`` the distribution of the same channel of a reference picture.

    ``image`` is B×3×H×W in [0, 1], the distribution of B pictures or one; the mask, B×1×H×W (or batch 1) in [0, 1],
    weights the pixels that are counted.

    No bins: a value goes to the reference's value of the same cumulative frequency, interpolated between the values
    that occur, as in ``skimage.exposure.match_histograms``. That works in float64, this in float32: a frequency is off
    by about 1e-7, which moves a result by a small part of the gap between two neighbouring values of the reference.
    """
    frequencies, order = _frequencies(image, mask)
    counts = reference.counts.cumsum(-1)
    targets = (counts / counts[..., -1:].clamp(min=torch.finfo(counts.dtype).tiny)).to(frequencies)
    matched = _value_at(frequencies, targets, reference.values.to(image))
    return torch.empty_like(matched).scatter(-1, order, matched).view_as(image)


def _counted(values: Tensor, counts: Tensor) -> Distribution:
    """Each value of B×3×N once, without those that do not count."""
    rows: list[tuple[Tensor, Tensor]] = []
    for row, weights in zip(values.flatten(0, 1), counts.flatten(0, 1), strict=True):
        there = weights > 0
        once, places = _unique(row[there.to(row.device)])
        rows.append((once, weights.new_zeros(len(once)).index_add(0, places.cpu(), weights[there])))
    length = max(1, *(len(once) for once, _ in rows))
    full_values = values.new_full((len(rows), length), _BEYOND_EVERY_COLOR)
    full_counts = counts.new_zeros((len(rows), length))
    for index, (once, sums) in enumerate(rows):
        full_values[index, : len(once)] = once
        full_counts[index, : len(once)] = sums
    return Distribution(*(full.unflatten(0, values.shape[:2]) for full in (full_values, full_counts)))


def _unique(values: Tensor) -> tuple[Tensor, Tensor]:
    """Each value once, in ascending order, and the places of all of them in that."""
    # `torch.unique` has no type annotations.
    return cast("tuple[Tensor, Tensor]", torch.unique(values, return_inverse=True))  # pyright: ignore[reportUnknownMemberType]


def _frequencies(image: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor]:
    """Share of pixels up to and including each value, in ascending order, and their places, both B×3×N."""
    weights = torch.ones_like(image)
    if mask is not None:
        weights = weights * mask
    values, order = image.flatten(2).contiguous().sort(-1)
    counts = weights.flatten(2).gather(-1, order).cumsum(-1)
    last_equal = torch.searchsorted(values, values, right=True) - 1
    total = counts[..., -1:].clamp(min=torch.finfo(counts.dtype).tiny)
    # A parallel sum may exceed its own total by a rounding.
    return (counts.gather(-1, last_equal) / total).clamp(max=1), order


def _value_at(frequency: Tensor, frequencies: Tensor, values: Tensor) -> Tensor:
    """Interpolate the inverse of a cumulative distribution, (B or 1)×3×M, at the frequencies B×3×N."""
    frequencies, values = (table.expand(len(frequency), -1, -1).contiguous() for table in (frequencies, values))
    above = torch.searchsorted(frequencies, frequency).clamp(max=frequencies.shape[-1] - 1)
    below = (above - 1).clamp(min=0)
    start, end = frequencies.gather(-1, below), frequencies.gather(-1, above)
    share = (frequency - start) / (end - start).clamp(min=torch.finfo(end.dtype).tiny)
    return torch.lerp(values.gather(-1, below), values.gather(-1, above), share)
