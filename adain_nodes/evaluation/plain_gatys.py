"""Gatys' method as a plain PyTorch script runs it: what the speed of ours is compared with.

The usual way: an eager ``nn.Sequential`` in float32 and the default memory layout, frozen, Gram matrices by ``bmm``,
and ``torch.optim.LBFGS`` as it is.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from adain_nodes.evaluation.plain import plain_encoder
from adain_nodes.models.vgg import STYLE_LEVELS, VGGEncoder


class PlainGatys:
    """Gatys' losses in a VGG-19 of ours to relu4_1, rebuilt the plain way; the content's level is the deepest."""

    def __init__(self, encoder: VGGEncoder, content: Tensor, style: Tensor, style_weight: float) -> None:
        self.layers = plain_encoder(encoder).requires_grad_(False)
        convolutions = [at for at, layer in enumerate(self.layers) if isinstance(layer, nn.Conv2d)][1:]
        wanted = {level.replace("relu", "conv") for level in STYLE_LEVELS}
        self.taps = {at + 1 for at, name in zip(convolutions, encoder.convs, strict=True) if name in wanted}
        self.style_weight = style_weight
        with torch.no_grad():
            self.content = self._see(content)[-1]
            self.grams = [_gram(level) for level in self._see(style)]

    def run(self, picture: Tensor, iterations: int) -> Tensor:
        """The picture after so many evaluations of the losses."""
        picture = picture.clone().requires_grad_()
        optimiser = torch.optim.LBFGS([picture], max_iter=iterations, tolerance_grad=0, tolerance_change=0)

        def evaluate() -> Tensor:
            optimiser.zero_grad()
            levels = self._see(picture)
            losses = [F.mse_loss(_gram(level), gram) for level, gram in zip(levels, self.grams, strict=True)]
            loss = F.mse_loss(levels[-1], self.content) + self.style_weight / 4 * torch.stack(losses).sum()
            loss.backward()
            return loss

        optimiser.step(evaluate)  # pyright: ignore[reportArgumentType, reportCallIssue]
        return picture.detach().clamp(0, 1)

    def _see(self, picture: Tensor) -> list[Tensor]:
        levels: list[Tensor] = []
        for position, layer in enumerate(self.layers):
            picture = layer(picture)
            if position in self.taps:
                levels.append(picture)
        return levels


def _gram(level: Tensor) -> Tensor:
    batch, channels, height, width = level.shape
    flat = level.view(batch, channels, height * width)
    return torch.bmm(flat, flat.transpose(1, 2)) / (height * width)
