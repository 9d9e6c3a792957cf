"""A style: the channel statistics of a picture at each level of an encoder. A few kilobytes, and all AdaIN needs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from adain_nodes.core.errors import EncoderMismatchError, InvalidValueError, ShapeError
from adain_nodes.core.statistics import Convention, Moments, Statistics, moments


@dataclass(frozen=True)
class Style:
    """Statistics of each encoder level, with the fingerprint of the encoder that they belong to.

    ``names`` and ``levels`` run from shallow to deep; the statistics are B×C, B being the number of styles (1 for
    most). ``note`` says in words where the style comes from.
    """

    names: tuple[str, ...]
    levels: tuple[Statistics, ...]
    encoder: str
    convention: Convention
    note: str = ""

    @property
    def batch(self) -> int:
        """The number of styles held."""
        return self.levels[0].mean.shape[0]

    def to(self, device: torch.device | str) -> Style:
        """The same style on another device."""
        return replace(self, levels=tuple(Statistics(*(t.to(device) for t in level)) for level in self.levels))

    def check_encoder(self, fingerprint: str, names: Sequence[str]) -> None:
        """Raise EncoderMismatchError unless the encoder with this fingerprint made the style at these levels."""
        if self.encoder != fingerprint or self.names != tuple(names):
            raise EncoderMismatchError(
                f"The style {self.note or '(unnamed)'!r} was made by the encoder {self.encoder} at "
                f"{', '.join(self.names)}; the encoder in use is {fingerprint} at {', '.join(names)}.",
                "Encode the style's picture again with this encoder, or load the model that the style was made with.",
                style=self.encoder,
                encoder=fingerprint,
            )

    def check_levels(self, features: Sequence[Tensor]) -> None:
        """Raise ShapeError unless the style has one level, with as many channels, for each map of ``features``."""
        wanted = [level.mean.shape[1] for level in self.levels]
        given = [level.shape[1] for level in features]
        if wanted != given:
            raise ShapeError(
                f"The style has levels of {wanted} channels ({', '.join(self.names)}), the features of {given}.",
                "Encode the style and the content with the same encoder.",
                style=wanted,
                features=given,
            )


def style_of(
    features: Sequence[Tensor],
    names: Sequence[str],
    encoder: str,
    convention: Convention,
    *,
    masks: Sequence[Tensor] | None = None,
    note: str = "",
) -> Style:
    """The style of a picture from its features; ``masks``, one a level, say which part of the picture counts."""
    weights = [None] * len(features) if masks is None else masks
    levels = [moments(level, mask) for level, mask in zip(features, weights, strict=True)]
    return style_of_moments(levels, names, encoder, convention, note=note)


def style_of_moments(
    levels: Sequence[Moments], names: Sequence[str], encoder: str, convention: Convention, *, note: str = ""
) -> Style:
    """The style of a picture from the moments of its levels, however many parts they were measured in."""
    unbiased, eps = convention.unbiased, convention.style_eps
    return Style(
        tuple(names), tuple(level.statistics(unbiased=unbiased, eps=eps) for level in levels), encoder, convention, note
    )


def blend(styles: Sequence[Style], weights: Sequence[float] | None = None) -> Style:
    """One style from several: the weighted mean of their statistics, weights normalised to sum 1 (equation 15).

    Equals the blend of the AdaIN features, at the cost of one. Weights default to equal shares; negative ones lead
    away from a style (standard deviations stop at 0). Raises InvalidValueError for no styles and for weights that are
    not finite, not one a style or sum to 0 or less, EncoderMismatchError for styles of different encoders, levels or
    conventions, and ShapeError for batches that do not fit.
    """
    shares = normalised(weights, len(styles))
    first = styles[0]
    for style in styles[1:]:
        style.check_encoder(first.encoder, first.names)
        if style.convention != first.convention:
            raise EncoderMismatchError(
                f"One style has {first.convention.name} statistics, another {style.convention.name} ones.",
                "Encode all styles with the same encoder.",
            )
    if len(batches := {style.batch for style in styles} - {1}) > 1:
        raise ShapeError(
            f"The styles to blend are of {' and '.join(map(str, sorted(batches)))} pictures.",
            "Blend styles of one picture with styles of equally many.",
            batches=sorted(batches),
        )
    levels = tuple(
        Statistics(
            weighted_sum([level.mean for level in same], shares),
            weighted_sum([level.std for level in same], shares).clamp_min(0),
        )
        for same in zip(*(style.levels for style in styles), strict=True)
    )
    note = " + ".join(f"{share:.2f} {style.note or 'style'}" for style, share in zip(styles, shares, strict=True))
    return replace(first, levels=levels, note=first.note if len(styles) == 1 else note)


def interpolate(start: Style, end: Style, amount: float) -> Style:
    """The style ``amount`` of the way from ``start`` (0) to ``end`` (1)."""
    return blend([start, end], [1 - amount, amount])


def normalised(weights: Sequence[float] | None, count: int) -> list[float]:
    """The weights of ``count`` styles, scaled to sum 1; equal shares without them. Raises as ``blend`` does."""
    weights = [1.0] * count if weights is None else weights
    if count == 0:
        raise InvalidValueError("There are no styles to blend.", "Pass at least one style.")
    if len(weights) != count:
        raise InvalidValueError(
            f"There are {count} styles and {len(weights)} weights.",
            "Give each style one weight.",
            weights=list(weights),
        )
    total = sum(weights)
    if not (math.isfinite(total) and total > 1e-8):
        raise InvalidValueError(
            f"The style weights {', '.join(f'{w:g}' for w in weights)} sum to {total:g}; the sum must be above 0.",
            "Give at least one style a weight above 0.",
            weights=list(weights),
        )
    return [weight / total for weight in weights]


def corner_weights(x: float, y: float) -> list[float]:
    """The shares of four styles in the corners of a square, row by row, at a point of it: x to the right, y down.

    They are bilinear. Raises InvalidValueError for a point outside [0, 1] × [0, 1].
    """
    if not (0 <= x <= 1 and 0 <= y <= 1):
        raise InvalidValueError(f"The point {x:g}, {y:g} is not in the square.", "Both numbers lie in [0, 1].")
    return [(1 - x) * (1 - y), x * (1 - y), (1 - x) * y, x * y]


def weighted_sum(parts: Sequence[Tensor], shares: Sequence[float]) -> Tensor:
    """The parts, of shapes that broadcast, each times its share."""
    total = parts[0] * shares[0]
    for part, share in zip(parts[1:], shares[1:], strict=True):
        total = total + part.to(total) * share
    return total
