"""Windows of a picture: tiles that cover it, the margin around each, and where they lie on a level's map."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from torch import Tensor

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.sizing import Size


class Window(NamedTuple):
    """Rows ``top`` to ``bottom`` and columns ``left`` to ``right``, the last ones not included."""

    top: int
    left: int
    bottom: int
    right: int

    @property
    def size(self) -> Size:
        """Height and width."""
        return self.bottom - self.top, self.right - self.left

    def grown(self, margin: int, size: Size) -> Window:
        """With ``margin`` more on each side, as far as a picture of ``size`` goes."""
        height, width = size
        return Window(
            max(0, self.top - margin),
            max(0, self.left - margin),
            min(height, self.bottom + margin),
            min(width, self.right + margin),
        )

    def cells(self, stride: int) -> Window:
        """The cells of a level that belong to these pixels: maps are as large as the picture, rounded up."""
        return Window(self.top // stride, self.left // stride, -(-self.bottom // stride), -(-self.right // stride))

    def inside(self, outer: Window) -> Window:
        """The same window, counted from the top left corner of ``outer``."""
        top, left = outer.top, outer.left
        return Window(self.top - top, self.left - left, self.bottom - top, self.right - left)

    def of(self, tensor: Tensor) -> Tensor:
        """This part of a …×H×W tensor, without a copy."""
        return tensor[..., self.top : self.bottom, self.left : self.right]

    def tiles(self, side: int) -> Iterator[Window]:
        """The ``side``×``side`` windows that cover this one, row by row; those at its end may be smaller.

        Raises InvalidValueError for a side below 1.
        """
        if side < 1:
            raise InvalidValueError(f"A tile has a side of {side} pixels.", "Use 64 or more.", side=side)
        for top in range(self.top, self.bottom, side):
            for left in range(self.left, self.right, side):
                yield Window(top, left, min(top + side, self.bottom), min(left + side, self.right))


def whole(size: Size) -> Window:
    """All of a picture."""
    return Window(0, 0, *size)
