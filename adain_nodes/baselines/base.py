"""What every baseline is, whatever its method."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor, nn


class Baseline(nn.Module, ABC):
    """A system that stylises in two steps, so that a style is encoded once and each step can be timed by itself."""

    @abstractmethod
    def encode_style(self, style: Tensor) -> Any:
        """What ``stylize`` wants to know of a style picture 1×3×H×W, RGB in [0, 1]."""

    @abstractmethod
    def stylize(self, content: Tensor, style: Any, alpha: float = 1.0) -> Tensor:
        """B×3×H×W contents, RGB in [0, 1], in an encoded style: the same shape and range, float32.

        ``alpha`` runs from 0 (as little style as the method can) to 1; InvalidValueError outside.
        """
