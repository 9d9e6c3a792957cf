"""Spatial control (section 7 of the paper): each region of the content receives a style of its own."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from adain_nodes.core.adain import Features, adain_affine, adain_levels
from adain_nodes.core.errors import InvalidValueError, ShapeError
from adain_nodes.core.sizing import mask_of_level, size_of
from adain_nodes.core.statistics import content_statistics
from adain_nodes.core.style import Style


@dataclass(frozen=True)
class Region:
    """A soft mask (B or 1)×1×H×W in [0, 1], at any size, with the style and the alpha inside it; None is everywhere."""

    mask: Tensor | None
    style: Style
    alpha: float = 1.0


def adain_regions(features: Features, regions: Sequence[Region], visible: Tensor | None = None) -> Features:
    """AdaIN region by region, on every level.

    Each region is normalised with the content statistics of *its own* part of the map and given its own style.
    Masks may be soft and may overlap: where they sum to more than 1 they share the pixel, where they sum to less
    the rest keeps the content. An empty region changes nothing; a region of one cell takes the style's mean.
    ``visible``, a further mask, weights the content statistics without limiting where the style goes: what is
    transparent must not count, and what shines through is stylised in full.
    Raises ShapeError for a mask or a style that does not fit, InvalidValueError without regions.
    """
    if not regions:
        raise InvalidValueError("There are no regions.", "Give at least one mask with its style.")
    for region in regions:
        region.style.check_levels(features)
        if region.mask is not None:
            _check_mask(region.mask, features[0].shape[0])
    if visible is not None:
        _check_mask(visible, features[0].shape[0])
    if len(regions) == 1 and regions[0].mask is visible is None:
        return adain_levels(features, regions[0].style, regions[0].alpha)
    return tuple(_adain_level(level, i, regions, visible) for i, level in enumerate(features))


def coverage(masks: Sequence[Tensor]) -> Tensor:
    """How much of each pixel belongs to any region, (B or 1)×1×H×W in [0, 1]; all masks at one size."""
    return sum(masks[1:], masks[0]).clamp(0, 1)


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


def _adain_level(level: Tensor, index: int, regions: Sequence[Region], visible: Tensor | None) -> Tensor:
    """x + Σ_k m_k (T_k(x) - x): every T_k is ``x * scale + shift``, so only scale and shift maps are summed."""
    everywhere = level.new_ones((1, 1, *size_of(level)), dtype=torch.float32)
    masks = [
        everywhere if region.mask is None else mask_of_level(region.mask.to(everywhere), size_of(level))
        for region in regions
    ]
    counted = everywhere if visible is None else mask_of_level(visible.to(everywhere), size_of(level))
    crowding = sum(masks[1:], masks[0]).clamp_min(1)
    scale: Tensor | float = 1.0
    shift: Tensor | float = 0.0
    for mask, region in zip(masks, regions, strict=True):
        content = content_statistics(level, region.style.convention, mask * counted)
        affine = adain_affine(content, region.style.levels[index], region.alpha)
        share = mask / crowding
        scale = scale + share * (affine.scale - 1)[..., None, None]
        shift = shift + share * affine.shift[..., None, None]
    return (level.float() * scale + shift).to(level.dtype)


def _check_mask(mask: Tensor, batch: int) -> None:
    if mask.ndim != 4 or mask.shape[1] != 1 or mask.shape[0] not in (1, batch):
        raise ShapeError(
            f"A mask has the shape {tuple(mask.shape)}; {batch} pictures need {batch}×1×H×W or 1×1×H×W.",
            "Use one mask for all pictures, or one for each.",
            mask=tuple(mask.shape),
            batch=batch,
        )
