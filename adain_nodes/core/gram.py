"""Gram matrices: which channels are active together, wherever in the picture that is (Gatys et al. 2015, eq. 1)."""

from __future__ import annotations

from typing import Any, cast

import torch
from torch import Tensor

from adain_nodes.core.statistics import check_map


def gram_matrix(features: Tensor) -> Tensor:
    """B×C×C float32 of a B×C×H×W map: the product of each two channels, averaged over the positions.

    The average, where the paper takes the sum, makes maps of different sizes comparable. The gradient has the
    map's own precision. Raises ShapeError for another shape.
    """
    check_map(features)
    return cast("Tensor", _Gram.apply(features))  # pyright: ignore[reportUnknownMemberType]


class _Gram(torch.autograd.Function):
    """F Fᵀ / n. Its gradient (D + Dᵀ) F / n takes one product of matrices, where PyTorch on its own takes two."""

    @staticmethod
    def forward(ctx: Any, features: Tensor) -> Tensor:
        ctx.save_for_backward(features)
        flat = features.flatten(2).float()
        with torch.autocast(features.device.type, enabled=False):
            return flat @ flat.mT / flat.shape[2]

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Tensor) -> Tensor:
        (gradient,), (features,) = grad_outputs, ctx.saved_tensors
        flat = features.flatten(2)
        both = (gradient + gradient.mT) / flat.shape[2]
        return (both.to(flat.dtype) @ flat).reshape(features.shape)
