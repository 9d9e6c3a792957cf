"""The training objective of the paper (equations 11 to 13), also used to report quality, and its relatives."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from adain_nodes.core.errors import ShapeError
from adain_nodes.core.statistics import Statistics

PATCHES = (8, 4, 2)
"""Sides in pixels of the patches that the halo loss averages over: for a glow, a light line, and cracks beside it."""

ALIKE = 0.02
"""Mean difference of two patches of the content, of a range of 1, at which they count a third."""


def content_loss(output: Tensor, target: Tensor) -> Tensor:
    """Equation 12, as the reference implementations compute it: mean squared error of two B×C×H×W maps.

    ``output`` holds f(g(t)), ``target`` the AdaIN features t (or f(c), the content's own).
    """
    _check_same(output.shape, target.shape)
    return F.mse_loss(output.float(), target.float())


def style_loss(output: Sequence[Statistics], target: Sequence[Statistics]) -> Tensor:
    """Equation 13: over the levels, squared errors of the means and of the standard deviations, averaged over B×C."""
    if not output:
        raise ShapeError("There are no levels to compare.", "Pass the statistics of at least one level.")
    _check_same(len(output), len(target))
    total = output[0].mean.new_zeros(())
    for ours, theirs in zip(output, target, strict=True):
        _check_same(ours.mean.shape, theirs.mean.shape)
        total = total + F.mse_loss(ours.mean, theirs.mean) + F.mse_loss(ours.std, theirs.std)
    return total


def gram_loss(output: Tensor, target: Tensor) -> Tensor:
    """Gatys et al. 2016, equation 4, for one level: a quarter of the mean squared error of B×C×C Gram matrices."""
    _check_same(output.shape, target.shape)
    return F.mse_loss(output, target) / 4


def total_variation(image: Tensor) -> Tensor:
    """Mean squared difference of neighbours in a B×3×H×W image (Mahendran and Vedaldi 2015, β = 2)."""
    image = image.float()
    return image.diff(dim=2).square().mean() + image.diff(dim=3).square().mean()


def halo_loss(output: Tensor, content: Tensor) -> Tensor:
    """Mean squared difference of nearby patches of the output where those of the content are alike, both B×3×H×W.

    An edge-aware smoothness (Godard et al. 2017, equation 3) of averages over ``PATCHES`` pixels, summed over these
    sides: what is new around an object before a smooth ground costs the more, the broader it is. Patches are compared
    with those beside them and with the next but one: a rim may be one patch wide.
    """
    _check_same(output.shape, content.shape)
    least = 3 * max(PATCHES)
    if min(output.shape[-2:]) < least:
        raise ShapeError(f"The halo loss needs pictures of {least} pixels a side or more.", "Use larger crops.")
    total = output.new_zeros((), dtype=torch.float32)
    for side in PATCHES:
        ours, theirs = (F.avg_pool2d(image.float(), side, side // 2) for image in (output, content))
        for dim in (2, 3):
            for step in (2, 4):
                change, original = (_change(patches, dim, step) for patches in (ours, theirs))
                alike = torch.exp(-original.abs().mean(1, keepdim=True) / ALIKE)
                total = total + (alike * change.square()).mean()
    return total


def total_loss(content: Tensor, style: Tensor, style_weight: float) -> Tensor:
    """Equation 11: L = L_c + λ L_s."""
    return content + style_weight * style


def _change(x: Tensor, dim: int, step: int) -> Tensor:
    """What is added on the way from each position to the one ``step`` further."""
    count = x.shape[dim] - step
    return x.narrow(dim, step, count) - x.narrow(dim, 0, count)


def _check_same(output: object, target: object) -> None:
    if output != target:
        raise ShapeError(
            f"The losses compare like with like; the output has {output}, the target {target}.",
            "Encode both with the same network, at the same size and batch.",
            output=output,
            target=target,
        )
