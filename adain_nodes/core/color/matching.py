"""The entry point of colour control: one function for every method, with masks and a strength."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from adain_nodes.core.color.histogram import Distribution, distribution, histogram
from adain_nodes.core.color.luminance import luminance_only
from adain_nodes.core.color.moments import ColorMoments, coral, lab_moments, mean_std, rgb_moments
from adain_nodes.core.errors import InvalidValueError, ShapeError

# How a reference is measured, and how an image is changed by that.
_BY_STATISTICS: dict[str, tuple[Callable[..., ColorMoments | Distribution], Callable[..., Tensor]]] = {
    "coral": (rgb_moments, coral),
    "mean-std": (lab_moments, mean_std),
    "histogram": (distribution, histogram),
}

METHODS: tuple[str, ...] = (*_BY_STATISTICS, "luminance")


class Colors(NamedTuple):
    """What a method by statistics knows of a reference: all that it takes to give a picture its colours."""

    method: str
    found: Any  # ColorMoments or Distribution: whose `merged` takes its own kind

    def merged(self, other: Colors) -> Colors:
        """Those of two parts of a picture together."""
        return self._replace(found=self.found.merged(other.found))


def measure_colors(reference: Tensor, method: str, mask: Tensor | None = None) -> Colors:
    """The colours of a reference B×3×H×W, or of the part that (B or 1)×1×H×W in [0, 1] marks.

    ``method`` is one of ``METHODS`` but "luminance", which goes by pixels and not by statistics.
    """
    return Colors(method, _BY_STATISTICS[method][0](reference, mask))


def give_colors(image: Tensor, colors: Colors, *, mask: Tensor | None = None, strength: float = 1.0) -> Tensor:
    """``match_color`` with a reference that was measured before, as a whole or in parts."""
    matched = _BY_STATISTICS[colors.method][1](image, colors.found, mask)
    there = (colors.found.weight > 0).to(image)[..., None, None]
    return _mixed(image, matched, mask, strength * there)


def match_color(
    image: Tensor,
    reference: Tensor,
    method: str,
    *,
    mask: Tensor | None = None,
    reference_mask: Tensor | None = None,
    strength: float = 1.0,
) -> Tensor:
    """Give ``image`` the colours of ``reference``; the result is B×3×H×W in [0, 1].

    ``image`` is B×3×H×W in [0, 1], ``reference`` B×3×H'×W' (paired with the images) or 1×3×H'×W' (for all of them).
    ``method`` is one of ``METHODS``: ``coral`` matches mean and covariance in RGB, ``mean-std`` mean and standard
    deviation in Lab, ``histogram`` the distribution of each RGB channel; ``luminance`` keeps the luminance of
    ``image`` and takes the colours of ``reference``, of the same size, pixel by pixel. ``mean-std`` and ``luminance``
    are differentiable.

    ``mask``, (B or 1)×1×H×W in [0, 1], says which part of the image is changed, softly; its statistics come from that
    part alone. ``reference_mask``, (B or 1)×1×H'×W' in [0, 1], says which part of the reference supplies the colours.
    An image whose mask or reference mask is zero everywhere is returned unchanged. ``strength`` in [0, 1] is how far
    the colours move: 0 returns the image, 1 the full match.

    Raises :class:`InvalidValueError` for an unknown method, a strength outside [0, 1] and a reference mask with
    ``luminance``, which has no use for it; :class:`ShapeError` for shapes other than these.
    """
    if method not in METHODS:
        raise InvalidValueError(
            f"There is no colour matching method {method!r}.", f"Choose one of {', '.join(METHODS)}."
        )
    if not 0 <= strength <= 1:
        raise InvalidValueError(f"The strength of a colour match is {strength}.", "Give a number from 0 to 1.")
    if method == "luminance" and reference_mask is not None:
        raise InvalidValueError(
            "Luminance-only transfer takes colours pixel by pixel, so a reference mask means nothing to it.",
            "Leave the reference mask out; use the mask to limit what is changed.",
        )
    _check_shapes(image, reference, mask, reference_mask)
    if method == "luminance":
        return _mixed(image, luminance_only(image, reference), mask, torch.full_like(image[:, :1, :1, :1], strength))
    return give_colors(image, measure_colors(reference, method, reference_mask), mask=mask, strength=strength)


def _mixed(image: Tensor, matched: Tensor, mask: Tensor | None, strength: Tensor) -> Tensor:
    """From the image to its match by (B or 1)×1×1×1, where the mask is."""
    return torch.lerp(image, matched.clamp(0, 1), strength if mask is None else strength * mask)


def _check_shapes(image: Tensor, reference: Tensor, mask: Tensor | None, reference_mask: Tensor | None) -> None:
    for name, picture in (("image", image), ("reference", reference)):
        if picture.ndim != 4 or picture.shape[1] != 3 or picture.numel() == 0:
            raise ShapeError(
                f"The {name} is a tensor of shape {tuple(picture.shape)}, not B×3×H×W.",
                "Give a batch of RGB pictures with at least one pixel.",
                shape=tuple(picture.shape),
            )
    batch = len(image)
    if len(reference) not in (1, batch):
        raise ShapeError(
            f"There are {batch} images and {len(reference)} references.",
            "Give one reference for all images, or one for each.",
            images=batch,
            references=len(reference),
        )
    for name, weights, picture in (("mask", mask, image), ("reference mask", reference_mask, reference)):
        expected = (1, *picture.shape[2:])
        if weights is not None and (weights.shape[1:] != expected or len(weights) not in (1, batch)):
            raise ShapeError(
                f"The {name} is a tensor of shape {tuple(weights.shape)} for {batch} images.",
                f"Give 1 or {batch} of shape {expected}: one channel and the size of its picture.",
                shape=tuple(weights.shape),
            )
