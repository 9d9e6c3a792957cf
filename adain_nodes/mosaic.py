"""Maps that come together window by window: in memory, or in a file where they are too large for it."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import numpy as np
import psutil
import torch
from torch import Tensor

from adain_nodes.core.sizing import Size
from adain_nodes.core.windows import Window, whole
from adain_nodes.imaging.pixel_file import PixelFile


class Mosaic:
    """A B×C×H×W tensor that comes together window by window; one that comes whole is taken as it is."""

    def __init__(self, size: Size, device: torch.device | None = None) -> None:
        self._size = size
        self._device = device
        self.tensor: Tensor = torch.empty(0)

    def put(self, window: Window, part: Tensor) -> None:
        """Lay B×C×h×w where the window is."""
        part = part.to(self._device or part.device)
        if window == whole(self._size):
            self.tensor = part
            return
        if not self.tensor.numel():
            layout = torch.channels_last if part.stride(1) == 1 else torch.contiguous_format
            shape = (*part.shape[:2], *self._size)
            self.tensor = torch.empty(shape, dtype=part.dtype, device=part.device, memory_format=layout)
        window.of(self.tensor).copy_(part)

    def part(self, window: Window) -> Tensor:
        """The B×C×h×w of a window, without a copy."""
        return window.of(self.tensor)


class FileMosaic:
    """A mosaic in a nameless file in TMPDIR, which is gone with it, or with the process however that ends.

    Parts are those of a CPU and of one kind. They lie there pixel by pixel, so that a row of a window is one piece.
    """

    def __init__(self, size: Size) -> None:
        self._file = PixelFile(tempfile.TemporaryFile(), size[1])  # noqa: SIM115 (closed with the mosaic)
        self._pixel = (0, 0)
        self._dtype = torch.float32

    def put(self, window: Window, part: Tensor) -> None:
        """Lay B×C×h×w, which may not change any more, where the window is.

        Raises OSError where the disk is full, for the part before this one.
        """
        self._pixel, self._dtype = (len(part), part.shape[1]), part.dtype
        pixels = part.permute(2, 3, 0, 1)
        whole_rows = pixels[0].is_contiguous()  # as in a window of a map whose channels lie side by side
        self._file.put(window, _bytes(pixels if whole_rows else pixels.contiguous()))

    def part(self, window: Window) -> Tensor:
        """The B×C×h×w of a window. Raises OSError as ``put``."""
        pixels = torch.empty((*window.size, *self._pixel), dtype=self._dtype)
        self._file.read(window, _bytes(pixels))
        return pixels.permute(2, 3, 0, 1)


def _bytes(pixels: Tensor) -> np.ndarray:
    """The memory of h×w×B×C, row by row."""
    return pixels.view(torch.uint8).numpy()


def room_on_disk() -> int:
    """The bytes that files in TMPDIR may take: half of what is free; none where that is no disk but memory."""
    folder = Path(tempfile.gettempdir()).resolve()
    mounts = {Path(each.mountpoint): each.fstype for each in psutil.disk_partitions(all=True)}
    holder = next((mounts[path] for path in (folder, *folder.parents) if path in mounts), "")
    return 0 if holder in ("tmpfs", "ramfs") else shutil.disk_usage(folder).free // 2
