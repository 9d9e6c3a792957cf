"""The quality figures that the project reports: style, content, structure and colours of an output."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from torch import Tensor

from adain_nodes.backend import choose_backend
from adain_nodes.checkpoints.networks import load_encoder
from adain_nodes.core.color.spaces import luminance
from adain_nodes.core.errors import AdaINError, EncoderMismatchError
from adain_nodes.core.losses import content_loss, style_loss
from adain_nodes.core.statistics import BIASED, Statistics, content_statistics
from adain_nodes.evaluation.palette import Palette
from adain_nodes.models.base import Encoder
from adain_nodes.models.vgg import NORMALISED, STYLE_LEVELS

FIGURES = ("style", *STYLE_LEVELS, "content", "ssim", "color")
"""The names of what is measured: the style loss and its share of each level, and the rest."""


@dataclass(frozen=True)
class Figures:
    """How near an output comes to its style and its content.

    ``style`` (equation 13) and ``content`` (equation 12, against the content's own features) are losses of the paper,
    0 at best, measured on the finished picture; ``levels`` are the style loss at each of STYLE_LEVELS, of which
    ``style`` is the sum. ``ssim`` is the structural similarity to the content, 1 at best. ``color`` is how far the
    colours are from the style's, as ``Palette.distance`` says, 0 at best.
    """

    levels: tuple[float, ...]
    content: float
    ssim: float
    color: float

    @property
    def style(self) -> float:
        """The style loss over all levels."""
        return sum(self.levels)

    def named(self) -> dict[str, float]:
        """Each of FIGURES by its name."""
        values = (self.style, *self.levels, self.content, self.ssim, self.color)
        return dict(zip(FIGURES, values, strict=True))

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Figures:
        """The figures that ``asdict`` made a mapping of."""
        return cls(**{**values, "levels": tuple(values["levels"])})


@dataclass(frozen=True, eq=False)
class Description:
    """What the figures need to know of one picture, computed once however often it is compared.

    ``statistics`` are 1×C at each style level, ``features`` 1×512×⌈H/8⌉×⌈W/8⌉ at relu4_1, ``luminance`` H×W.
    """

    statistics: tuple[Statistics, ...]
    features: Tensor
    luminance: np.ndarray
    palette: Palette


class LossNetwork:
    """VGG-19 from relu1_1 to relu4_1 in float32, in whose features pictures are compared."""

    def __init__(self, encoder: Encoder, *, device: str = "auto") -> None:
        """``device`` as for ``choose_backend``. Raises EncoderMismatchError when the encoder has other levels."""
        if encoder.levels != STYLE_LEVELS:
            raise EncoderMismatchError(
                f"The figures are measured at {', '.join(STYLE_LEVELS)}; this {encoder.family} encoder has "
                f"{', '.join(encoder.levels)}.",
                "Measure with a VGG-19, such as vgg19-normalised.",
                levels=encoder.levels,
            )
        self._backend = choose_backend(device, "float32")
        self._encoder = encoder.to(self._backend.device)
        self.fingerprint = encoder.fingerprint()

    @classmethod
    def load(cls, source: str | Path = NORMALISED, *, device: str = "auto") -> LossNetwork:
        """From a name of the catalogue or a weight file; raises the errors of ``load_encoder``."""
        return cls(load_encoder(source, STYLE_LEVELS), device=device)

    def describe(self, pictures: Tensor) -> list[Description]:
        """Each of B×3×H×W pictures, RGB in [0, 1], sides of 9 pixels or more."""
        with self._backend.running():
            features = self._encoder(self._backend.place(pictures))
        statistics = [content_statistics(level, BIASED) for level in features]
        seen = pictures.detach().cpu().float()
        grey = luminance(seen).squeeze(1).numpy()
        return [
            Description(
                tuple(Statistics(level.mean[i : i + 1], level.std[i : i + 1]) for level in statistics),
                features[-1][i : i + 1],
                grey[i],
                Palette.of(seen[i : i + 1]),
            )
            for i in range(len(pictures))
        ]


def compare(output: Description, content: Description, style: Description) -> Figures:
    """The figures of one output. Raises ShapeError when output and content differ in size.

    The structural similarity is that of ``skimage.metrics.structural_similarity`` with its defaults and a data range
    of 1, on Rec. 601 luma; AdaINError says how to install scikit-image where it is missing.
    """
    levels = zip(output.statistics, style.statistics, strict=True)
    return Figures(
        levels=tuple(style_loss((ours,), (theirs,)).item() for ours, theirs in levels),
        content=content_loss(output.features, content.features).item(),
        ssim=_ssim(output.luminance, content.luminance),
        color=output.palette.distance(style.palette),
    )


def _ssim(output: np.ndarray, content: np.ndarray) -> float:
    try:
        from skimage.metrics import structural_similarity
    except ImportError as error:
        raise AdaINError(
            "The structural similarity is computed by scikit-image, which is not installed.",
            "Run `pip install scikit-image`.",
        ) from error
    return float(cast("float", structural_similarity(output, content, data_range=1.0)))
