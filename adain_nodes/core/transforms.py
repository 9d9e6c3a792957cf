"""Transforms of higher order in AdaIN's place: they give features more of a style's distribution than two moments.

AdaIN matches the mean and deviation of each channel. Whitening and colouring, and optimal transport, match the whole
covariance; histogram matching the whole distribution of each channel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

from adain_nodes.core.adain import Features, check_alpha, check_maps
from adain_nodes.core.color.histogram import distribution, histogram
from adain_nodes.core.errors import InvalidValueError, ShapeError
from adain_nodes.core.matrices import symmetric_power
from adain_nodes.core.regions import mask_on

EPS = 1e-5
"""What is added to the variances of whitened channels, as AdaIN adds it to those of its own."""

Transform: TypeAlias = "Callable[[Tensor, Tensor, Tensor | None], Tensor]"
"""Gives one level B×C×H×W the style of another one, (B or 1)×C×H'×W', both float32.

The mask (B or 1)×1×H×W, at least 0, says how much each cell counts in what is measured of the content: a region is
matched by its own cells. All cells are transformed.
"""


def whiten_and_color(content: Tensor, style: Tensor, mask: Tensor | None = None) -> Tensor:
    """Whitening and colouring (Li et al. 2017, equations 1 and 2): the mean and the covariance of the style.

    The symmetric roots, in float64 on the CPU. For the shapes see ``Transform``.
    """
    ours, theirs = _gaussian(content, mask), _gaussian(style)
    white, coloured = symmetric_power(ours.covariance, -0.5), symmetric_power(theirs.covariance, 0.5)
    return _mapped(ours, theirs, coloured @ white, content)


def transport(content: Tensor, style: Tensor, mask: Tensor | None = None) -> Tensor:
    """The optimal transport of Gaussians (Lu et al. 2019, Mroueh 2019): mean and covariance, with the least change.

    Shapes as in ``whiten_and_color``, from which it differs by a rotation that this one leaves out.
    """
    ours, theirs = _gaussian(content, mask), _gaussian(style)
    root, inverse = symmetric_power(ours.covariance, 0.5), symmetric_power(ours.covariance, -0.5)
    return _mapped(ours, theirs, inverse @ symmetric_power(root @ theirs.covariance @ root, 0.5) @ inverse, content)


def match_histograms(content: Tensor, style: Tensor, mask: Tensor | None = None) -> Tensor:
    """Histogram matching of each channel: equal values stay equal, as in ``skimage.exposure.match_histograms``.

    Shapes as in ``whiten_and_color``.
    """
    return histogram(content, distribution(style), mask)


def match_distributions(content: Tensor, style: Tensor, mask: Tensor | None = None) -> Tensor:
    """Exact histogram matching of each channel by sorting (Zhang et al. 2022, exact feature distribution matching).

    The n-th value becomes the style's n-th: equal ones, such as the zeros of a ReLU, are told apart by their places.
    Shapes as in ``whiten_and_color``; a style of another size is interpolated between its sorted values.
    """
    ours, wanted = content.flatten(2), style.flatten(2).sort(-1).values
    order = ours.argsort(stable=True, dim=-1)
    weights = torch.ones_like(ours) if mask is None else mask.flatten(2).expand_as(ours).gather(-1, order)
    below = weights.cumsum(-1) - weights  # what counts among the smaller values: n, without a mask
    most = torch.where(weights > 0, below, 0).amax(-1, keepdim=True).clamp_min(torch.finfo(below.dtype).eps)
    last = wanted.shape[-1] - 1
    places = (below * (last / most)).clamp(0, last)
    before = places.long()
    after = (before + 1).clamp(max=last)
    start, end = (wanted.expand(len(ours), -1, -1).gather(-1, at) for at in (before, after))
    return torch.empty_like(ours).scatter(-1, order, start.lerp(end, places - before)).view_as(content)


TRANSFORMS: Mapping[str, Transform] = {
    "wct": whiten_and_color,
    "transport": transport,
    "histogram": match_histograms,
    "exact-histogram": match_distributions,
}
"""By name."""


def transform_levels(
    content: Features, style: Features, transform: str, alpha: float = 1.0, mask: Tensor | None = None
) -> Features:
    """One of TRANSFORMS on each level of an encoder, and ``alpha`` of the way there.

    The style has one picture, or one for each content. The mask of the picture, (B or 1)×1×H×W in [0, 1] at any size,
    says what counts in what is measured of the content; ``compose`` keeps the result to it. Raises InvalidValueError
    for an unknown transform and an alpha outside [0, 1], ShapeError for features and a mask that do not fit.
    """
    check_alpha(alpha)
    if transform not in TRANSFORMS:
        raise InvalidValueError(f"There is no transform {transform!r}.", f"Choose {', '.join(TRANSFORMS)}.")
    if len(content) != len(style):
        raise ShapeError(f"The content has {len(content)} levels, the style {len(style)}.", "Encode both alike.")
    change = TRANSFORMS[transform]
    return tuple(_changed(ours, theirs, change, alpha, mask) for ours, theirs in zip(content, style, strict=True))


def _changed(content: Tensor, style: Tensor, change: Transform, alpha: float, mask: Tensor | None) -> Tensor:
    check_maps(content, style)
    level = content.float()
    return torch.lerp(level, change(level, style.float(), mask_on(level, mask)), alpha).to(content.dtype)


class _Gaussian(NamedTuple):
    """The mean, B×C×1, and the covariance, B×C×C, of the cells of a map; float64 on the CPU."""

    mean: Tensor
    covariance: Tensor


def _gaussian(level: Tensor, mask: Tensor | None = None) -> _Gaussian:
    cells = level.flatten(2)
    weights = torch.ones_like(cells[:1, :1]) if mask is None else mask.flatten(2)
    shares = weights / weights.sum(-1, keepdim=True).clamp_min(torch.finfo(weights.dtype).tiny)
    mean = (cells * shares).sum(-1, keepdim=True)
    centred = cells - mean
    covariance = ((centred * shares) @ centred.mT).cpu().double()
    noise = EPS * torch.eye(level.shape[1], dtype=torch.float64)
    return _Gaussian(mean.cpu().double(), covariance + noise)


def _mapped(ours: _Gaussian, theirs: _Gaussian, matrix: Tensor, content: Tensor) -> Tensor:
    """The cells as the matrices move them, from one mean to the other."""
    shift = theirs.mean - matrix @ ours.mean
    return (matrix.to(content) @ content.flatten(2) + shift.to(content)).view_as(content)
