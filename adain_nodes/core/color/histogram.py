"""Colour matching by the exact histogram of each channel."""

import torch
from torch import Tensor

# Where uncounted pixels of a reference go: behind all others, where no frequency reaches them.
_BEYOND_EVERY_COLOR = 2.0


def histogram(
    image: Tensor, reference: Tensor, mask: Tensor | None = None, reference_mask: Tensor | None = None
) -> Tensor:
    """Give each RGB channel of ``image`` the distribution of the same channel of ``reference``.

    ``image`` is B×3×H×W, ``reference`` B×3×H'×W' or 1×3×H'×W', both in [0, 1]; the masks, B×1×H×W and B×1×H'×W' (or
    batch 1) in [0, 1], weight the pixels that are counted.

    No bins: a value goes to the reference's value of the same cumulative frequency, interpolated between the values
    that occur, as in ``skimage.exposure.match_histograms``. That works in float64, this in float32: a frequency is off
    by about 1e-7, which moves a result by a small part of the gap between two neighbouring values of the reference.
    """
    if reference_mask is not None:
        reference = reference.masked_fill(reference_mask == 0, _BEYOND_EVERY_COLOR)
    frequencies, _, order = _cumulative_frequencies(image, mask)
    target_frequencies, target_values, _ = _cumulative_frequencies(reference, reference_mask)
    matched = _value_at(frequencies, target_frequencies, target_values)
    return torch.empty_like(matched).scatter(-1, order, matched).view_as(image)


def _cumulative_frequencies(image: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
    """Share of pixels up to and including each value, the values in ascending order and their places, all B×3×N."""
    weights = torch.ones_like(image)
    if mask is not None:
        weights = weights * mask
    values, order = image.expand_as(weights).flatten(2).contiguous().sort(-1)
    counts = weights.flatten(2).gather(-1, order).cumsum(-1)
    last_equal = torch.searchsorted(values, values, right=True) - 1
    total = counts[..., -1:].clamp(min=torch.finfo(counts.dtype).tiny)
    # A parallel sum may exceed its own total by a rounding.
    return (counts.gather(-1, last_equal) / total).clamp(max=1), values, order


def _value_at(frequency: Tensor, frequencies: Tensor, values: Tensor) -> Tensor:
    """Interpolate the inverse of a cumulative distribution, (B or 1)×3×M, at the frequencies B×3×N."""
    frequencies, values = (table.expand(len(frequency), -1, -1).contiguous() for table in (frequencies, values))
    above = torch.searchsorted(frequencies, frequency).clamp(max=frequencies.shape[-1] - 1)
    below = (above - 1).clamp(min=0)
    start, end = frequencies.gather(-1, below), frequencies.gather(-1, above)
    share = (frequency - start) / (end - start).clamp(min=torch.finfo(end.dtype).tiny)
    return torch.lerp(values.gather(-1, below), values.gather(-1, above), share)
