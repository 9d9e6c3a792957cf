"""Colour matching by mean and covariance: CORAL in RGB, mean and standard deviation in Lab."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from adain_nodes.core.color.spaces import lab_to_rgb, mix_channels, rgb_to_lab
from adain_nodes.core.matrices import symmetric_power

# A variance that every measured one is raised by: that of 8-bit rounding in RGB, and less than that in Lab. It gives
# constant, grey and one-pixel pictures a defined result, and equal pictures still match exactly.
_RGB_NOISE = (1 / 255) ** 2 / 12
_LAB_NOISE = 0.05**2


class ColorMoments(NamedTuple):
    """How much was counted of a picture, B×1, and the mean, B×3×1×1, and covariance, B×3×3, of its channels."""

    weight: Tensor
    mean: Tensor
    covariance: Tensor

    def merged(self, other: ColorMoments) -> ColorMoments:
        """Those of two parts of a picture together, in float64 on the CPU, as in ``merge_moments``."""
        a, b = (ColorMoments(*(tensor.detach().cpu().double() for tensor in part)) for part in (self, other))
        weight = a.weight + b.weight
        share = (b.weight / weight.clamp(min=torch.finfo(weight.dtype).tiny))[..., None]
        delta = (b.mean - a.mean).flatten(2)
        spread = torch.lerp(a.covariance, b.covariance, share) + share * (1 - share) * delta @ delta.mT
        return ColorMoments(weight, a.mean + share[..., None] * (b.mean - a.mean), spread)


def rgb_moments(picture: Tensor, mask: Tensor | None = None) -> ColorMoments:
    """Those of a picture, B×3×H×W; the mask, (B or 1)×1×H×W in [0, 1], weights its pixels."""
    mean = weighted_mean(picture, mask)
    centred = picture - mean
    columns = [weighted_mean(centred * channel, mask) for channel in centred.chunk(3, dim=1)]
    weights = torch.ones_like(picture[:, :1]) if mask is None else mask
    return ColorMoments(weights.sum((2, 3)), mean, torch.cat(columns, dim=2).squeeze(-1))


def lab_moments(picture: Tensor, mask: Tensor | None = None) -> ColorMoments:
    """``rgb_moments``, of an RGB picture in CIE Lab."""
    return rgb_moments(rgb_to_lab(picture), mask)


def coral(image: Tensor, reference: ColorMoments, mask: Tensor | None = None) -> Tensor:
    """Give ``image`` the mean and covariance of a reference in RGB (correlation alignment, Sun et al. 2016).

    ``image`` is B×3×H×W in [0, 1], the ``rgb_moments`` those of B pictures or one; the mask, B×1×H×W (or batch 1) in
    [0, 1], weights the pixels from which the image's own come. The result is not clipped.

    This is how the AdaIN paper keeps the content's colours: image = style, reference = content, before stylisation.
    As in ``coral`` of naoto0804/pytorch-AdaIN (``function.py``), the channels are standardised, whitened with the
    inverse symmetric root of their correlation and recoloured with the root of the reference's. There, an identity
    added to a *sum* over pixels regularises, by an amount that depends on the picture's size, and a constant channel
    gives NaN; here the regularisation is the noise of 8-bit rounding. The roots are taken in float64 on the CPU.
    """
    own = rgb_moments(image, mask)
    std, correlation = _standardise(own.covariance)
    target_std, target_correlation = _standardise(reference.covariance)
    transform = symmetric_power(target_correlation, 0.5) @ symmetric_power(correlation, -0.5)
    transform = target_std.unsqueeze(-1) * transform / std.unsqueeze(-2)
    return mix_channels(transform.to(image), image - own.mean) + reference.mean.to(image)


def mean_std(image: Tensor, reference: ColorMoments, mask: Tensor | None = None) -> Tensor:
    """Give ``image`` the mean and standard deviation of a reference, by its ``lab_moments``, in each channel of Lab.

    Shapes, masks and clipping as in :func:`coral`. The method of Reinhard et al. 2001, in CIE Lab instead of their
    lαβ. Differentiable in the image and the moments.
    """
    lab = rgb_to_lab(image)
    own = rgb_moments(lab, mask)
    variance, target = (moments.covariance.diagonal(dim1=-2, dim2=-1).to(lab) for moments in (own, reference))
    gain = ((target + _LAB_NOISE) / (variance + _LAB_NOISE)).sqrt()[..., None, None]
    return lab_to_rgb((lab - own.mean) * gain + reference.mean.to(lab))


def weighted_mean(image: Tensor, weights: Tensor | None) -> Tensor:
    """Mean of each channel of a B×C×H×W tensor over its pixels, B×C×1×1; 0 where all of the B×1×H×W weights are 0."""
    if weights is None:
        return image.mean((2, 3), keepdim=True)
    total = weights.sum((2, 3), keepdim=True).clamp(min=torch.finfo(weights.dtype).tiny)
    return (image * weights).sum((2, 3), keepdim=True) / total


def _standardise(covariance: Tensor) -> tuple[Tensor, Tensor]:
    """Regularise a B×3×3 covariance and split it into standard deviations, B×3, and correlation, B×3×3."""
    covariance = covariance.cpu().double() + _RGB_NOISE * torch.eye(3, dtype=torch.float64)
    std = covariance.diagonal(dim1=-2, dim2=-1).sqrt()
    return std, covariance / (std.unsqueeze(-1) * std.unsqueeze(-2))
