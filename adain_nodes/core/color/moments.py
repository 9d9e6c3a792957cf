"""Colour matching by mean and covariance: CORAL in RGB, mean and standard deviation in Lab."""

from typing import cast

import torch
from torch import Tensor

from adain_nodes.core.color.spaces import lab_to_rgb, mix_channels, rgb_to_lab

# A variance that every measured one is raised by: that of 8-bit rounding in RGB, and less than that in Lab. It gives
# constant, grey and one-pixel pictures a defined result, and equal pictures still match exactly.
_RGB_NOISE = (1 / 255) ** 2 / 12
_LAB_NOISE = 0.05**2


def coral(image: Tensor, reference: Tensor, mask: Tensor | None = None, reference_mask: Tensor | None = None) -> Tensor:
    """Give ``image`` the mean and covariance of ``reference`` in RGB (correlation alignment, Sun et al. 2016).

    ``image`` is B×3×H×W, ``reference`` B×3×H'×W' or 1×3×H'×W', both in [0, 1]; the masks, B×1×H×W and B×1×H'×W' (or
    batch 1) in [0, 1], weight the pixels from which the statistics come. The result is not clipped.

    This is how the AdaIN paper keeps the content's colours: image = style, reference = content, before stylisation.
    As in ``coral`` of naoto0804/pytorch-AdaIN (``function.py``), the channels are standardised, whitened with the
    inverse symmetric root of their correlation and recoloured with the root of the reference's. There, an identity
    added to a *sum* over pixels regularises, by an amount that depends on the picture's size, and a constant channel
    gives NaN; here the regularisation is the noise of 8-bit rounding. The roots are taken in float64 on the CPU.
    """
    mean, covariance = _mean_and_covariance(image, mask)
    target_mean, target_covariance = _mean_and_covariance(reference, reference_mask)
    std, correlation = _standardise(covariance)
    target_std, target_correlation = _standardise(target_covariance)
    transform = _symmetric_power(target_correlation, 0.5) @ _symmetric_power(correlation, -0.5)
    transform = target_std.unsqueeze(-1) * transform / std.unsqueeze(-2)
    return mix_channels(transform.to(image), image - mean) + target_mean


def mean_std(
    image: Tensor, reference: Tensor, mask: Tensor | None = None, reference_mask: Tensor | None = None
) -> Tensor:
    """Give ``image`` the mean and standard deviation of ``reference`` in each channel of CIE Lab.

    Shapes, masks and clipping as in :func:`coral`. The method of Reinhard et al. 2001, in CIE Lab instead of their
    lαβ. Differentiable in both pictures.
    """
    lab, target = rgb_to_lab(image), rgb_to_lab(reference)
    mean, target_mean = weighted_mean(lab, mask), weighted_mean(target, reference_mask)
    variance = weighted_mean((lab - mean).square(), mask)
    target_variance = weighted_mean((target - target_mean).square(), reference_mask)
    gain = ((target_variance + _LAB_NOISE) / (variance + _LAB_NOISE)).sqrt()
    return lab_to_rgb((lab - mean) * gain + target_mean)


def weighted_mean(image: Tensor, weights: Tensor | None) -> Tensor:
    """Mean of each channel of a B×C×H×W tensor over its pixels, B×C×1×1; 0 where all of the B×1×H×W weights are 0."""
    if weights is None:
        return image.mean((2, 3), keepdim=True)
    total = weights.sum((2, 3), keepdim=True).clamp(min=torch.finfo(weights.dtype).tiny)
    return (image * weights).sum((2, 3), keepdim=True) / total


def _mean_and_covariance(image: Tensor, weights: Tensor | None) -> tuple[Tensor, Tensor]:
    """Mean, B×3×1×1, and covariance over the number of pixels, B×3×3."""
    mean = weighted_mean(image, weights)
    centred = image - mean
    columns = [weighted_mean(centred * channel, weights) for channel in centred.chunk(3, dim=1)]
    return mean, torch.cat(columns, dim=2).squeeze(-1)


def _standardise(covariance: Tensor) -> tuple[Tensor, Tensor]:
    """Regularise a B×3×3 covariance and split it into standard deviations, B×3, and correlation, B×3×3."""
    covariance = covariance.cpu().double() + _RGB_NOISE * torch.eye(3, dtype=torch.float64)
    std = covariance.diagonal(dim1=-2, dim2=-1).sqrt()
    return std, covariance / (std.unsqueeze(-1) * std.unsqueeze(-2))


def _symmetric_power(matrix: Tensor, exponent: float) -> Tensor:
    """Power of symmetric positive definite matrices, B×3×3."""
    # `torch.linalg` has no type annotations.
    values, vectors = cast("tuple[Tensor, Tensor]", torch.linalg.eigh(matrix))  # pyright: ignore[reportUnknownMemberType]
    return vectors * values.pow(exponent).unsqueeze(-2) @ vectors.mT
