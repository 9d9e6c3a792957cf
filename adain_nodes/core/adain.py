"""Adaptive instance normalisation (Huang & Belongie 2017, equation 8) and its interpolation to the content (14)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from adain_nodes.core.errors import InvalidValueError, ShapeError
from adain_nodes.core.statistics import UNBIASED, Convention, Statistics, content_statistics
from adain_nodes.core.style import Style, normalised, weighted_sum

Features = tuple[Tensor, ...]
"""One B×C×H×W map for each level of an encoder, shallow to deep."""


class Affine(NamedTuple):
    """AdaIN as what it is once the statistics are known: ``x * scale + shift``, both B×C."""

    scale: Tensor
    shift: Tensor

    def apply(self, features: Tensor) -> Tensor:
        """The map B×C×H×W, scaled and shifted; computed in float32, returned in the map's dtype."""
        scale, shift = (t.to(features.device)[..., None, None] for t in self)
        return torch.addcmul(shift, features.float(), scale).to(features.dtype)


def adain_affine(content: Statistics, style: Statistics, alpha: float | Tensor = 1.0) -> Affine:
    """The scale and shift that give ``content`` the statistics of ``style``.

    ``alpha`` in [0, 1] moves from the content (0) to the full style (1): interpolating statistics equals
    interpolating features. A tensor of B numbers sets it picture by picture. Raises InvalidValueError outside the
    range and ShapeError when pictures, styles and alphas are neither 1 nor equally many.
    """
    alpha = check_alpha(alpha)
    _check_batches(content, style, alpha)
    if isinstance(alpha, Tensor):
        alpha = alpha.to(content.mean).reshape(-1, 1)
    scale = style.std.to(content.std) / content.std
    shift = style.mean.to(content.mean) - content.mean * scale
    return Affine(1 + alpha * (scale - 1), alpha * shift)


def adain(
    features: Tensor,
    style: Statistics,
    alpha: float | Tensor = 1.0,
    *,
    content: Statistics | None = None,
    convention: Convention = UNBIASED,
) -> Tensor:
    """One level B×C×H×W with the statistics of ``style``: σ(s) (x - μ(x)) / σ(x) + μ(s).

    ``content`` holds the map's own statistics where they are known already, or where they come from more than this
    map: tiles of a larger picture, frames of a clip. Differentiable in the features and the style.
    """
    if content is None:
        content = content_statistics(features, convention)
    if features.shape[1] != style.mean.shape[1]:
        raise ShapeError(
            f"The features have {features.shape[1]} channels, the style has {style.mean.shape[1]}.",
            "Encode the style with the encoder that made the features, at the same level.",
            features=features.shape[1],
            style=style.mean.shape[1],
        )
    return adain_affine(content, style, alpha).apply(features)


def adain_levels(features: Features, style: Style, alpha: float | Tensor = 1.0) -> Features:
    """AdaIN on every level of an encoder's features. Raises ShapeError when the style has other levels."""
    style.check_levels(features)
    return tuple(
        adain(level, statistics, alpha, convention=style.convention)
        for level, statistics in zip(features, style.levels, strict=True)
    )


def blend_features(made: Sequence[Features], weights: Sequence[float] | None = None) -> Features:
    """Equation 15 for any transform: the weighted mean of what several styles made of one content, on every level.

    Weights are as in ``blend``, which for AdaIN comes to the same at the cost of one style; raises as that does.
    """
    shares = normalised(weights, len(made))
    return tuple(weighted_sum(same, shares) for same in zip(*made, strict=True))


def check_alpha(alpha: float | Tensor) -> float | Tensor:
    """``alpha`` if every value lies in [0, 1]; otherwise InvalidValueError."""
    low, high = (float(alpha.min()), float(alpha.max())) if isinstance(alpha, Tensor) else (alpha, alpha)
    if not (low >= 0 and high <= 1):  # written so that NaN fails too
        wrong = low if not low >= 0 else high
        raise InvalidValueError(
            f"alpha is {wrong:g}; it must lie between 0 (the content) and 1 (the full style).",
            "For more than the full style, enlarge the style's texture with a larger style size.",
            alpha=wrong,
        )
    return alpha


def check_maps(content: Tensor, style: Tensor) -> None:
    """Raise ShapeError unless both are B×C×H×W maps of the same channels, and the styles one or as many."""
    if content.ndim != 4 or style.ndim != 4 or content.shape[1] != style.shape[1]:
        raise ShapeError(
            f"A content of shape {tuple(content.shape)} cannot be made of a style of shape {tuple(style.shape)}.",
            "Encode both with the same encoder, at the same level.",
            content=tuple(content.shape),
            style=tuple(style.shape),
        )
    if len(style) not in (1, len(content)):
        raise ShapeError(f"There are {len(content)} contents and {len(style)} styles.", "Give one style, or as many.")


def _check_batches(content: Statistics, style: Statistics, alpha: float | Tensor) -> None:
    pictures, styles = content.mean.shape[0], style.mean.shape[0]
    alphas = alpha.numel() if isinstance(alpha, Tensor) else 1
    several = [count for count in (pictures, styles, alphas) if count != 1]  # no set: traced sizes cannot be hashed
    if any(count != several[0] for count in several):
        raise ShapeError(
            f"Pictures, styles and values of alpha do not fit together: there are {pictures}, {styles} and {alphas}.",
            "Use one style and one alpha for all, or as many as pictures.",
            pictures=pictures,
            styles=styles,
            alphas=alphas,
        )
