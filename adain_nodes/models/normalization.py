"""Normalisation inside a network: by the picture or by the batch, to statistics that were learnt."""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch
from torch import Tensor, nn

from adain_nodes.core.adain import Affine, adain
from adain_nodes.core.statistics import BIASED, Statistics

Normalization: TypeAlias = Literal["instance", "batch"]


class Norm(nn.Module):
    """Instance or batch normalisation to one of ``styles`` sets of 2 × ``channels`` learnt statistics, or a blend.

    Instance normalisation (Ulyanov et al. 2016) is AdaIN to a mean and a deviation that were learnt instead of
    measured; several sets make it conditional (Dumoulin et al. 2017, equation 5). Batch normalisation takes its
    statistics from all pictures of a batch in training, and from running means afterwards.
    """

    def __init__(self, channels: int, kind: Normalization = "instance", styles: int = 1) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(styles, channels))
        self.shift = nn.Parameter(torch.zeros(styles, channels))
        self.batch = nn.BatchNorm2d(channels, affine=False) if kind == "batch" else None

    def forward(self, x: Tensor, shares: Tensor | None = None) -> Tensor:
        """B×C×H×W to the same shape; ``shares``, (B or 1)×styles, say how much of each style, None all of one."""
        # float32, as all statistics: under autocast a product of matrices would be bfloat16
        with torch.autocast(x.device.type, enabled=False):
            shift, scale = (self.shift, self.scale) if shares is None else (shares @ self.shift, shares @ self.scale)
            if self.batch is not None:
                return Affine(scale, shift).apply(self.batch(x.float())).to(x.dtype)
            return adain(x, Statistics(shift, scale), convention=BIASED)
