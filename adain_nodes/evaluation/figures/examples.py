"""What the figures show: the example pictures, in rows with their names."""

from __future__ import annotations

from collections.abc import Mapping

from PIL import Image
from torch import Tensor

from adain_nodes.encoding import STYLE_SIZE
from adain_nodes.imaging import contact_sheet, read_square
from adain_nodes.resources import resource

SIDE = 384
"""Of the square photographs in pixels."""

CELL = 210
"""Side in pixels of a picture in a figure."""


def photo(name: str, side: int) -> Tensor:
    """The middle of an example photograph, 1×3×side×side."""
    return _example(f"content/{name}.jpg", side)


def style(name: str) -> Tensor:
    """The middle of an example style, at the size that styles have."""
    return _example(f"style/{name}.jpg", STYLE_SIZE)


def mask(name: str, side: int) -> Tensor:
    """The middle of an example mask, 1×1×side×side."""
    return _example(f"mask/{name}.png", side)[:, :1]


def _example(name: str, side: int) -> Tensor:
    return read_square(resource("examples", "pictures", name), side)


def strip(pictures: Mapping[str, Tensor]) -> Image.Image:
    """A row of pictures below their names."""
    return contact_sheet([[*pictures.values()]], column_labels=[*pictures], cell=CELL)
