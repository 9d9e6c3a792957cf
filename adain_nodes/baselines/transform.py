"""Systems that stand beside AdaIN between the same encoder and decoder: another transform of the features."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor

from adain_nodes.core.adain import Features
from adain_nodes.core.sizing import size_of
from adain_nodes.core.swap import Patches, swap_levels
from adain_nodes.core.transforms import TRANSFORMS, transform_levels
from adain_nodes.encoding import STYLE_SIZE
from adain_nodes.imaging.likes import ImageLike
from adain_nodes.pipeline import StyleTransfer
from adain_nodes.tiling import Progress

Transform: TypeAlias = "Callable[[Features, Features, float, Progress], Features]"
"""Gives a content's features the style of others: content, style, alpha and what is told the share done."""


class FeatureTransfer:
    """Content and style through the encoder, a transform in AdaIN's place, and the decoder."""

    def __init__(self, transfer: StyleTransfer, transform: Transform) -> None:
        self.transfer, self.transform = transfer, transform

    def encode(self, picture: ImageLike, *, size: int = STYLE_SIZE) -> Features:
        """All features of a picture with ``size`` pixels on its short side, 0 keeps its own.

        Raises the errors of ``StyleTransfer.prepare``.
        """
        return self.transfer.encode(self.transfer.prepare(picture, size=size).image)

    def stylize(
        self,
        content: ImageLike,
        style: Features,
        alpha: float = 1.0,
        *,
        size: int = 0,
        progress: Progress = lambda share: None,
    ) -> Tensor:
        """B×3×H×W in [0, 1] of contents at their size, or at ``size``, in the style of features.

        Raises the errors of ``StyleTransfer.prepare`` and of the transform.
        """
        image = self.transfer.prepare(content, size=size).image
        with torch.no_grad():
            features = self.transform(self.transfer.encode(image), style, alpha, progress)
        return self.transfer.decode(features, size_of(image))


def style_swap_transfer(transfer: StyleTransfer, patches: Patches = Patches()) -> FeatureTransfer:  # noqa: B008
    """Chen and Schmidt's system, with the decoder as their inverse network."""
    return FeatureTransfer(
        transfer,
        lambda content, style, alpha, progress: swap_levels(content, style, patches, alpha=alpha, progress=progress),
    )


def transform_transfer(transfer: StyleTransfer, transform: str) -> FeatureTransfer:
    """One of TRANSFORMS in AdaIN's place."""
    return FeatureTransfer(
        transfer, lambda content, style, alpha, progress: transform_levels(content, style, transform, alpha)
    )


SYSTEMS: Mapping[str, Callable[[StyleTransfer], FeatureTransfer]] = {
    "swap": style_swap_transfer,
    **{name: partial(transform_transfer, transform=name) for name in TRANSFORMS},
}
"""By name, what makes each system of a pipeline whose networks it uses."""
