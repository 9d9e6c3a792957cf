"""What is made of a content, window by window: where which style goes, and what stays of the photograph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor

from adain_nodes.core.adain import Features
from adain_nodes.core.color import match_color
from adain_nodes.core.raster import Raster
from adain_nodes.core.regions import Measured, Region, adain_regions, coverage, keep_uncovered, measure_regions
from adain_nodes.core.style import Style
from adain_nodes.core.windows import Window
from adain_nodes.encoding import Content


class Area(NamedTuple):
    """A part of the content, all of it without a mask, and its style."""

    mask: Raster | None
    style: Style


@dataclass(frozen=True, eq=False)
class Painting:
    """A content and the styles of its areas; where there is no area it stays as it is.

    With ``own_colors`` only the lightness of what is decoded is taken, and the colours are the content's.
    """

    content: Content
    areas: Sequence[Area]
    alpha: float
    own_colors: bool = False

    def measure(self, features: Features, window: Window) -> Measured:
        """What AdaIN must know of the content, as far as it shows in the features of a window."""
        visible = self.content.visible
        return measure_regions(features, self._regions(window), None if visible is None else visible.read(window))

    def change(self, features: Features, window: Window, measured: Measured) -> Features:
        """AdaIN on the features of a window, with what was measured of the whole content."""
        return adain_regions(features, self._regions(window), measured=measured)

    def finish(self, result: Tensor, window: Window) -> Tensor:
        """What was decoded of a window, B×3×h×w in [0, 1], with what stays of the photograph."""
        masks = [area.mask.read(window).to(result) for area in self.areas if area.mask is not None]
        if len(masks) == len(self.areas):
            result = keep_uncovered(self.content.rgb.read(window).to(result), result, coverage(masks))
        if self.own_colors:
            result = match_color(result, self.content.rgb.read(window).to(result), "luminance")
        return result

    def _regions(self, window: Window) -> list[Region]:
        masks = (None if area.mask is None else area.mask.read(window) for area in self.areas)
        return [Region(mask, area.style, self.alpha) for mask, area in zip(masks, self.areas, strict=True)]
