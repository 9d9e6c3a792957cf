"""Channel statistics: the mean and standard deviation that AdaIN moves from the style to the content."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor

from adain_nodes.core.errors import InvalidValueError, ShapeError

EPS = 1e-5

_BAND = 1 << 18
"""Numbers in a band of rows: 2 MiB in float64."""


@dataclass(frozen=True)
class Convention:
    """How a standard deviation is estimated: ``sqrt(variance + eps)``.

    Networks are trained with one of these and must be used with the same one (on random features they differ by
    up to 1.2 %). ``unbiased`` divides by n - 1 instead of n.
    """

    name: str
    unbiased: bool
    content_eps: float = EPS
    style_eps: float = EPS


UNBIASED = Convention("unbiased", unbiased=True)
"""The common PyTorch port (naoto0804/pytorch-AdaIN, function.py, ``calc_mean_std``); public decoders expect it."""

BIASED = Convention("biased", unbiased=False)
"""Population variance with eps on both sides: the lite model, and every figure that the project reports."""

ORIGINAL = Convention("original", unbiased=False, style_eps=0.0)
"""The authors' Lua code (xunhuang1995/AdaIN-style, lib/AdaptiveInstanceNormalization.lua): eps on the content only."""

CONVENTIONS = {c.name: c for c in (UNBIASED, BIASED, ORIGINAL)}


class Statistics(NamedTuple):
    """Mean and standard deviation of each channel, both B×C float32."""

    mean: Tensor
    std: Tensor


class Moments(NamedTuple):
    """What statistics are made of, in a form that can be merged: weighted sums of a map or of a part of it.

    ``weight`` (Σw) and ``weight_squared`` (Σw²) are B×1, ``mean`` and ``scatter`` (Σw(x - mean)²) are B×C.
    """

    weight: Tensor
    weight_squared: Tensor
    mean: Tensor
    scatter: Tensor

    def statistics(self, *, unbiased: bool, eps: float) -> Statistics:
        """The statistics of these moments, float32.

        With soft weights the unbiased variance uses the effective sample size (Σw)² / Σw²; a mask of zeros and
        ones gives the usual n. Where one sample or none is left there is no spread to speak of: the variance is 0
        (never NaN), and so is the mean where the weights are all 0.
        """
        variance = self.scatter / self.weight.clamp_min(torch.finfo(torch.float32).tiny)
        if unbiased:
            size = self.weight.square() / self.weight_squared.clamp_min(torch.finfo(torch.float32).tiny)
            more_than_one = size > 1 + 1e-6
            correction = size / torch.where(more_than_one, size - 1, torch.ones_like(size))
            variance = torch.where(more_than_one, variance * correction, torch.zeros_like(variance))
        return Statistics(self.mean.float(), _sqrt(variance + eps).float())


def moments(features: Tensor, mask: Tensor | None = None) -> Moments:
    """Moments of a B×C×H×W map, on its device: in float64 on a CPU; in float32 elsewhere, and for gradients.

    ``mask`` holds soft weights, (B or 1)×1×H×W, at least 0. Raises ShapeError when it does not fit the map.
    """
    check_map(features)
    if mask is not None:
        _check_mask(mask, features)
    if _can_be_exact(features, mask):
        return _exact_moments(features, mask)
    if mask is None:
        batch, _, height, width = features.shape
        area = features.new_full((batch, 1), height * width, dtype=torch.float32)  # no float(): exports keep it open
        mean, scatter = _plain_moments(features)
        return Moments(area, area, mean, scatter)
    x = features.float()
    w = mask.to(x).expand(x.shape[0], -1, -1, -1)
    weight = w.sum((2, 3))
    mean = (x * w).sum((2, 3)) / weight.clamp_min(torch.finfo(torch.float32).tiny)
    scatter = ((x - mean[..., None, None]).square() * w).sum((2, 3))
    return Moments(weight, w.square().sum((2, 3)), mean, scatter)


def _can_be_exact(*maps: Tensor | None) -> bool:
    """Whether float64 costs nothing here: not every accelerator has it, and no graph should hold a loop over bands."""
    if torch.compiler.is_compiling():
        return False
    given = [each for each in maps if each is not None]
    wanted = torch.is_grad_enabled() and any(each.requires_grad for each in given)
    return not wanted and all(each.device.type == "cpu" for each in given)


def _exact_moments(features: Tensor, mask: Tensor | None) -> Moments:
    """Moments in float64, so that those of tiles merge to the statistics of the whole, nearly always to the bit.

    One pass, in bands of rows that stay in a core's cache: a few per cent of a picture's time. The differences are
    those from the first cell: a constant map has no spread, and a large mean does not drown it.
    """
    batch, channels, height, width = features.shape
    rows = max(1, _BAND // (batch * channels * width))
    pivot = features[:, :, :1, :1].double()
    weight = weight_squared = torch.full((batch, 1), float(height * width), dtype=torch.float64)
    if mask is not None:
        mask = mask.double().expand(batch, -1, -1, -1)
        weight, weight_squared = mask.sum((2, 3)), mask.square().sum((2, 3))
    total, squares = torch.zeros(2, batch, channels, dtype=torch.float64)
    for i, band in enumerate(torch.split(features, rows, 2)):
        difference = band.to(torch.float64, copy=True).sub_(pivot)
        weighted = difference if mask is None else difference * mask[:, :, i * rows : (i + 1) * rows]
        total += weighted.sum((2, 3))
        squares += difference.mul_(weighted).sum((2, 3))
    some = weight.clamp_min(torch.finfo(torch.float32).tiny)
    mean = torch.where(weight > 0, pivot[..., 0, 0] + total / some, 0.0)
    return Moments(weight, weight_squared, mean, (squares - total.square() / some).clamp_min(0))


class _PlainMoments(torch.autograd.Function):
    """Mean and scatter, both B×C, of each channel of a B×C×H×W map.

    The gradient of both together is affine in the map, a·x + b with one a and one b a channel: one pass over memory
    where autograd would take eight. It made a third of the time of a training step in bfloat16 on a CPU.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> tuple[Tensor, Tensor]:
        """Mean, then the sum of squared differences.

        As exact as Welford's and several times faster on a CPU in the channels-last layout, where torch.var_mean
        walks memory with a stride.
        """
        mean = x.float().mean((2, 3))
        ctx.save_for_backward(x, mean)
        return mean, (x.float() - mean[..., None, None]).square_().sum((2, 3))

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> Tensor:
        """d mean / dx = 1/n, d scatter / dx = 2 (x - mean)."""
        x, mean = ctx.saved_tensors
        of_mean, of_scatter = grads
        slope = 2 * of_scatter
        offset = of_mean / (x.shape[2] * x.shape[3]) - slope * mean
        return torch.addcmul(offset[..., None, None].to(x), x, slope[..., None, None].to(x))


_plain_moments = cast("Callable[[Tensor], tuple[Tensor, Tensor]]", getattr(_PlainMoments, "apply"))  # noqa: B009


def merge_moments(parts: Iterable[Moments]) -> Moments:
    """Moments of a whole from those of its parts (tiles, pictures), in float64 on the CPU.

    Chan, Golub and LeVeque's pairwise update. float64 because thousands of tiles are added, and on the CPU because
    these are a few hundred numbers and not every accelerator has float64. Raises InvalidValueError without parts.
    """
    doubles = [Moments(*(t.detach().to("cpu", torch.float64) for t in part)) for part in parts]
    if not doubles:
        raise InvalidValueError("There are no moments to merge.", "Pass at least one part.")
    return reduce(_merge, doubles)


def content_statistics(features: Tensor, convention: Convention = UNBIASED, mask: Tensor | None = None) -> Statistics:
    """Statistics by which AdaIN normalises a content map B×C×H×W, over the soft ``mask`` if there is one."""
    return moments(features, mask).statistics(unbiased=convention.unbiased, eps=convention.content_eps)


def style_statistics(features: Tensor, convention: Convention = UNBIASED, mask: Tensor | None = None) -> Statistics:
    """Statistics that AdaIN gives to the content, from a style map B×C×H×W, over the soft ``mask`` if there is one."""
    return moments(features, mask).statistics(unbiased=convention.unbiased, eps=convention.style_eps)


def _merge(a: Moments, b: Moments) -> Moments:
    weight = a.weight + b.weight
    share = b.weight / weight.clamp_min(torch.finfo(torch.float64).tiny)
    delta = b.mean - a.mean
    return Moments(
        weight,
        a.weight_squared + b.weight_squared,
        a.mean + delta * share,
        a.scatter + b.scatter + delta.square() * a.weight * share,
    )


def _sqrt(x: Tensor) -> Tensor:
    """Square root whose gradient at 0 is 0 instead of infinite (a constant channel must not turn training to NaN)."""
    positive = x > 0
    return torch.where(positive, torch.where(positive, x, torch.ones_like(x)).sqrt(), torch.zeros_like(x))


def check_map(features: Tensor) -> None:
    """Raise ShapeError for what is no B×C×H×W map with something in it."""
    if features.ndim != 4 or 0 in features.shape:
        raise ShapeError(
            f"Features have the shape {tuple(features.shape)}; expected batch × channels × height × width, none 0.",
            "Pass one level of what an encoder returns.",
            shape=tuple(features.shape),
        )


def _check_mask(mask: Tensor, features: Tensor) -> None:
    batch, _, height, width = features.shape
    if mask.ndim != 4 or mask.shape[0] not in (1, batch) or tuple(mask.shape[1:]) != (1, height, width):
        raise ShapeError(
            f"The mask has the shape {tuple(mask.shape)}; features of shape {tuple(features.shape)} need "
            f"{batch}×1×{height}×{width} (or 1×1×{height}×{width}).",
            "Resize the mask to the features' level with resize_mask.",
            mask=tuple(mask.shape),
            features=tuple(features.shape),
        )
