"""Matrices of channels."""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor


def symmetric_power(matrix: Tensor, exponent: float) -> Tensor:
    """Power of symmetric matrices B×C×C that have, but for rounding, no eigenvalue below 1e-12."""
    # `torch.linalg` has no type annotations.
    values, vectors = cast("tuple[Tensor, Tensor]", torch.linalg.eigh(matrix))  # pyright: ignore[reportUnknownMemberType]
    return vectors * values.clamp(min=1e-12).pow(exponent).unsqueeze(-2) @ vectors.mT
