"""Pictures, masks and alpha channels that are read window by window, wherever they lie."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor
from torch.nn import functional as F

from adain_nodes.core.sizing import Size, size_of
from adain_nodes.core.windows import Window, whole


class Raster:
    """B×C×H×W samples in [0, 1]: ``read`` gives B×C×h×w of any window of ``size`` (height, width).

    ``tensor`` has all of them where they lie in memory, and is None where they do not.
    """

    def __init__(
        self, size: Size, read: Callable[[Window], Tensor], batch: int = 1, tensor: Tensor | None = None
    ) -> None:
        self.size = size
        self.batch = batch
        self.tensor = tensor
        self._read = read

    @classmethod
    def of(cls, tensor: Tensor) -> Raster:
        """A B×C×H×W tensor, whose windows are no copies."""
        return cls(size_of(tensor), lambda window: window.of(tensor), len(tensor), tensor)

    @classmethod
    def made(cls, make: Callable[..., Tensor], *parts: Raster) -> Raster:
        """What ``make`` returns of the same window of each part, pixel by pixel; all parts have one size."""

        def read(window: Window) -> Tensor:
            return make(*(part.read(window) for part in parts))

        return cls(parts[0].size, read, max(part.batch for part in parts))

    def read(self, window: Window) -> Tensor:
        """B×C×h×w of a window; beyond the end the last row and column go on, as in ``pad_to_minimum``."""
        inner = window.grown(0, self.size)
        (height, width), (inner_height, inner_width) = window.size, inner.size
        missing = (0, width - inner_width, 0, height - inner_height)
        part = self._read(inner)
        return F.pad(part, missing, mode="replicate") if any(missing) else part

    def all(self) -> Tensor:
        """B×C×H×W of everything."""
        return self.read(whole(self.size)) if self.tensor is None else self.tensor
