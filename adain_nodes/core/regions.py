"""Spatial control (section 7 of the paper): each region of the content receives a style of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from adain_nodes.core.adain import Features, adain_affine
from adain_nodes.core.errors import InvalidValueError, ShapeError
from adain_nodes.core.sizing import mask_of_level, size_of
from adain_nodes.core.statistics import Moments, merge_moments, moments
from adain_nodes.core.style import Style

FADE = 0.25
"""How much of a soft mask there must be, with no style outside, before none of the photograph's own pixels is left."""


@dataclass(frozen=True)
class Region:
    """A soft mask (B or 1)×1×H×W in [0, 1], at any size, with the style and the alpha inside it; None is everywhere."""

    mask: Tensor | None
    style: Style
    alpha: float = 1.0


Measured = tuple[tuple[Moments, ...], ...]
"""The moments of each region on each level: what AdaIN must know of the whole picture before it changes a part."""


def adain_regions(
    features: Features, regions: Sequence[Region], visible: Tensor | None = None, measured: Measured | None = None
) -> Features:
    """AdaIN region by region, on every level.

    Each region is normalised with the content statistics of *its own* part of the map and given its own style.
    Masks may be soft and may overlap: where they sum to more than 1 they share the pixel, where they sum to less
    the rest keeps the content. An empty region changes nothing; a region of one cell takes the style's mean.
    ``visible``, a further mask, weights the content statistics without limiting where the style goes: what is
    transparent must not count, and what shines through is stylised in full.
    ``measured`` holds what ``measure_regions`` found, where the features are only a part of the picture.
    Raises ShapeError for a mask or a style that does not fit, InvalidValueError without regions.
    """
    measured = measure_regions(features, regions, visible) if measured is None else measured
    return tuple(_adain_level(level, i, regions, measured[i]) for i, level in enumerate(features))


def measure_regions(features: Features, regions: Sequence[Region], visible: Tensor | None = None) -> Measured:
    """The moments by which ``adain_regions`` normalises each region; raises as that does."""
    if not regions:
        raise InvalidValueError("There are no regions.", "Give at least one mask with its style.")
    for region in regions:
        region.style.check_levels(features)
    return tuple(
        tuple(moments(level, intersection(mask_on(level, region.mask), mask_on(level, visible))) for region in regions)
        for level in features
    )


def compose(features: Features, made: Sequence[Features], masks: Sequence[Tensor | None]) -> Features:
    """Features with what was made of them inside each mask, on every level: x + Σ_k m_k (T_k(x) - x).

    Masks are a picture's, (B or 1)×1×H×W in [0, 1] at any size, or None for everywhere; where they overlap or leave
    something, it is as in ``adain_regions``. Raises ShapeError for a mask that does not fit.
    """
    if len(made) == 1 and masks[0] is None:
        return made[0]
    return tuple(
        _composed(level, changed, masks) for level, changed in zip(features, zip(*made, strict=True), strict=True)
    )


def merge_measured(parts: Sequence[Measured]) -> Measured:
    """What was measured of the parts of a picture as what is true of the whole."""
    if len(parts) == 1:
        return parts[0]
    return tuple(
        tuple(merge_moments(same) for same in zip(*regions, strict=True)) for regions in zip(*parts, strict=True)
    )


def coverage(masks: Sequence[Tensor]) -> Tensor:
    """How much of each pixel belongs to any region, (B or 1)×1×H×W in [0, 1]; all masks at one size."""
    return sum(masks[1:], masks[0]).clamp(0, 1)


def intersection(a: Tensor | None, b: Tensor | None) -> Tensor | None:
    """What belongs to both of two masks of one size, of which None is everywhere."""
    return b if a is None else a if b is None else a * b


def keep_uncovered(image: Tensor, result: Tensor, covered: Tensor) -> Tensor:
    """The photograph itself where no region is, instead of what decoding makes of it; all B×3×H×W of one size.

    Features fade with the mask; the photograph's own pixels appear where less than ``FADE`` of it is left.
    """
    return torch.lerp(image, result, (covered / FADE).clamp(max=1))


def feather(mask: Tensor, radius: float) -> Tensor:
    """The mask with soft edges: about ``radius`` pixels of transition on either side.

    Three box averages, which come within a few percent of a Gaussian (central limit theorem) at a fraction of the
    cost. The picture's border is not darkened: averages count only pixels that exist.
    """
    if not 0 <= radius < math.inf:
        raise InvalidValueError(
            f"The feather radius is {radius:g}.", "Use 0 (hard edges) or more pixels.", radius=radius
        )
    reach = round(radius / 1.5)
    for _ in range(3 if reach else 0):
        for kernel, padding in (((1, 2 * reach + 1), (0, reach)), ((2 * reach + 1, 1), (reach, 0))):
            mask = F.avg_pool2d(mask, kernel, stride=1, padding=padding, count_include_pad=False)
    return mask


def mask_on(level: Tensor, mask: Tensor | None) -> Tensor | None:
    """A picture's mask, (B or 1)×1×H×W, as float32 weights for the cells of one of its levels; None of None.

    Raises ShapeError for a mask that does not fit.
    """
    if mask is None:
        return None
    _check_mask(mask, level.shape[0])
    return mask_of_level(mask.to(level.device, torch.float32), size_of(level))


def _adain_level(level: Tensor, index: int, regions: Sequence[Region], measured: Sequence[Moments]) -> Tensor:
    """x + Σ_k m_k (T_k(x) - x): every T_k is ``x * scale + shift``, so only scale and shift maps are summed."""
    affines = [
        adain_affine(
            known.statistics(unbiased=region.style.convention.unbiased, eps=region.style.convention.content_eps),
            region.style.levels[index],
            region.alpha,
        )
        for region, known in zip(regions, measured, strict=True)
    ]
    if len(regions) == 1 and regions[0].mask is None:
        return affines[0].apply(level)
    scale: Tensor | float = 1.0
    shift: Tensor | float = 0.0
    for share, affine in zip(_shares(level, [region.mask for region in regions]), affines, strict=True):
        scale = scale + share * (affine.scale.to(share) - 1)[..., None, None]
        shift = shift + share * affine.shift.to(share)[..., None, None]
    return (level.float() * scale + shift).to(level.dtype)


def _composed(level: Tensor, made: Sequence[Tensor], masks: Sequence[Tensor | None]) -> Tensor:
    total = level = level.float()
    for share, changed in zip(_shares(level, masks), made, strict=True):
        total = total + share * (changed.float() - level)
    return total.to(made[0].dtype)


def _shares(level: Tensor, masks: Sequence[Tensor | None]) -> list[Tensor]:
    """How much of each cell every mask has; where they overlap they share it."""
    everywhere = level.new_ones((1, 1, *size_of(level)), dtype=torch.float32)
    maps = [everywhere if (on_level := mask_on(level, mask)) is None else on_level for mask in masks]
    crowding = sum(maps[1:], maps[0]).clamp_min(1)
    return [each / crowding for each in maps]


def _check_mask(mask: Tensor, batch: int) -> None:
    if mask.ndim != 4 or mask.shape[1] != 1 or mask.shape[0] not in (1, batch):
        raise ShapeError(
            f"A mask has the shape {tuple(mask.shape)}; {batch} pictures need {batch}×1×H×W or 1×1×H×W.",
            "Use one mask for all pictures, or one for each.",
            mask=tuple(mask.shape),
            batch=batch,
        )
