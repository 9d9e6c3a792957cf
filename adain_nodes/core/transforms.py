"""Transforms of higher order in AdaIN's place: they give features more of a style's distribution than two moments.

AdaIN matches the mean and deviation of each channel. Whitening and colouring, and optimal transport, match the whole
covariance; histogram matching the whole distribution of each channel.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple, cast

import torch
from torch import Tensor
from torch.nn import functional as F

from adain_nodes.core.adain import Features, check_alpha, check_maps
from adain_nodes.core.color.histogram import distribution, histogram
from adain_nodes.core.errors import InvalidValueError, ShapeError

EPS = 1e-5
"""What is added to the variances of whitened channels, as AdaIN adds it to those of its own."""


def whiten_and_color(content: Tensor, style: Tensor) -> Tensor:
    """Whitening and colouring (Li et al. 2017, equations 1 and 2): the mean and the covariance of the style.

    Both B×C×H×W, each of its own size; the symmetric roots, in float64 on the CPU.
    """
    ours, theirs = _gaussian(content), _gaussian(style)
    return _mapped(ours, theirs, _power(theirs.covariance, 0.5) @ _power(ours.covariance, -0.5), content)


def transport(content: Tensor, style: Tensor) -> Tensor:
    """The optimal transport of Gaussians (Lu et al. 2019, Mroueh 2019): mean and covariance, with the least change.

    Shapes as in ``whiten_and_color``, from which it differs by a rotation that this one leaves out.
    """
    ours, theirs = _gaussian(content), _gaussian(style)
    root, inverse = _power(ours.covariance, 0.5), _power(ours.covariance, -0.5)
    return _mapped(ours, theirs, inverse @ _power(root @ theirs.covariance @ root, 0.5) @ inverse, content)


def match_histograms(content: Tensor, style: Tensor) -> Tensor:
    """Histogram matching of each channel: equal values stay equal, as in ``skimage.exposure.match_histograms``.

    Shapes as in ``whiten_and_color``.
    """
    return histogram(content, distribution(style))


def match_distributions(content: Tensor, style: Tensor) -> Tensor:
    """Exact histogram matching of each channel by sorting (Zhang et al. 2022, exact feature distribution matching).

    The n-th value becomes the style's n-th: equal ones, such as the zeros of a ReLU, are told apart by their places.
    Shapes as in ``whiten_and_color``; a style of another size is interpolated between its sorted values.
    """
    ours, theirs = content.flatten(2), style.flatten(2)
    wanted = theirs.sort(-1).values
    if ours.shape[-1] != theirs.shape[-1]:
        wanted = F.interpolate(wanted, ours.shape[-1], mode="linear", align_corners=theirs.shape[-1] > 1)
    order = ours.argsort(stable=True, dim=-1)
    return torch.empty_like(ours).scatter(-1, order, wanted.expand_as(ours)).view_as(content)


TRANSFORMS: Mapping[str, Callable[[Tensor, Tensor], Tensor]] = {
    "wct": whiten_and_color,
    "transport": transport,
    "histogram": match_histograms,
    "exact-histogram": match_distributions,
}
"""By name, what gives one level B×C×H×W the style of another one, both in float32."""


def transform_levels(content: Features, style: Features, transform: str, alpha: float = 1.0) -> Features:
    """One of TRANSFORMS on each level of an encoder, and ``alpha`` of the way there.

    The style has one picture, or one for each content. Raises InvalidValueError for an unknown transform and an
    alpha outside [0, 1], ShapeError for features that do not fit.
    """
    check_alpha(alpha)
    if transform not in TRANSFORMS:
        raise InvalidValueError(f"There is no transform {transform!r}.", f"Choose {', '.join(TRANSFORMS)}.")
    if len(content) != len(style):
        raise ShapeError(f"The content has {len(content)} levels, the style {len(style)}.", "Encode both alike.")
    return tuple(_changed(*levels, transform, alpha) for levels in zip(content, style, strict=True))


def _changed(content: Tensor, style: Tensor, transform: str, alpha: float) -> Tensor:
    check_maps(content, style)
    level = content.float()
    return torch.lerp(level, TRANSFORMS[transform](level, style.float()), alpha).to(content.dtype)


class _Gaussian(NamedTuple):
    """The mean, B×C×1, and the covariance, B×C×C, of the cells of a map; float64 on the CPU."""

    mean: Tensor
    covariance: Tensor


def _gaussian(level: Tensor) -> _Gaussian:
    cells = level.flatten(2)
    mean = cells.mean(-1, keepdim=True)
    centred = cells - mean
    covariance = (centred @ centred.mT / cells.shape[-1]).cpu().double()
    noise = EPS * torch.eye(level.shape[1], dtype=torch.float64)
    return _Gaussian(mean.cpu().double(), covariance + noise)


def _mapped(ours: _Gaussian, theirs: _Gaussian, matrix: Tensor, content: Tensor) -> Tensor:
    """The cells as the matrices move them, from one mean to the other."""
    shift = theirs.mean - matrix @ ours.mean
    return (matrix.to(content) @ content.flatten(2) + shift.to(content)).view_as(content)


def _power(matrix: Tensor, exponent: float) -> Tensor:
    """Power of symmetric matrices B×C×C with no eigenvalue below that of the noise, but for rounding."""
    # `torch.linalg` has no type annotations.
    values, vectors = cast("tuple[Tensor, Tensor]", torch.linalg.eigh(matrix))  # pyright: ignore[reportUnknownMemberType]
    return vectors * values.clamp(min=1e-12).pow(exponent).unsqueeze(-2) @ vectors.mT
