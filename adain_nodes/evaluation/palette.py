"""How far the colours of one picture are from those of another, wherever in the picture they are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from adain_nodes.core.color.moments import lab_moments


@dataclass(frozen=True, eq=False)
class Palette:
    """The colours of a picture in CIE Lab: their mean (3) and the symmetric root of their covariance (3×3)."""

    mean: np.ndarray
    root: np.ndarray

    @classmethod
    def of(cls, picture: Tensor) -> Palette:
        """That of a picture 1×3×H×W, RGB in [0, 1]."""
        found = lab_moments(picture.detach().cpu().float())
        values, vectors = np.linalg.eigh(found.covariance[0].double().numpy())
        root = vectors * np.sqrt(values.clip(min=0)) @ vectors.T
        return cls(found.mean.flatten().double().numpy(), root)

    def distance(self, other: Palette) -> float:
        """The Fréchet distance of the two normal distributions with these moments, in units of ΔE (CIE 1976).

        Dowson and Landau 1982, equation 4: √(|m₁ - m₂|² + tr(C₁ + C₂ - 2 √(C₁ C₂))), which is the 2-Wasserstein
        distance too; 0 at best. The trace of √(C₁ C₂) is the sum of the singular values of √C₁ √C₂.
        """
        apart = np.square(self.mean - other.mean).sum()
        spread = np.square(self.root).sum() + np.square(other.root).sum()
        common = np.linalg.norm(self.root @ other.root, "nuc")
        return float(np.sqrt(max(0.0, apart + spread - 2 * common)))
