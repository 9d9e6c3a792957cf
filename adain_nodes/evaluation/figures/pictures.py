"""The figures that are pictures, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from PIL import Image

from adain_nodes.evaluation.figures.alpha import draw_alpha
from adain_nodes.evaluation.figures.color import draw_color
from adain_nodes.evaluation.figures.interpolation import draw_interpolation
from adain_nodes.evaluation.figures.regions import draw_regions
from adain_nodes.pipeline import StyleTransfer

Draw: TypeAlias = "Callable[[StyleTransfer, int], Image.Image]"
"""Draws a figure with a model; photographs are squares of so many pixels."""

PICTURES: Mapping[str, Draw] = {
    "alpha": draw_alpha,
    "interpolation": draw_interpolation,
    "color": draw_color,
    "regions": draw_regions,
}
