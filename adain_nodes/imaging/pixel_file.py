"""Pixels in a file, written window by window in a thread of its own: the disk works while the next window is made."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import BinaryIO

import numpy as np

from adain_nodes.core.windows import Window


class PixelFile:
    """A file of pixels of one kind, in rows of ``width``. It is closed with the object.

    ``written`` is told of each window that is in the file, in the thread that writes. Arrays are those of windows: a
    row of h is one contiguous piece, of as many bytes for each pixel. Used from one thread, and by nobody else until
    ``wait`` has returned or ``written`` was told.
    """

    def __init__(self, file: BinaryIO, width: int, written: Callable[[Window], None] = lambda window: None) -> None:
        self._file = file
        self._width = width
        self._written = written
        self._thread = ThreadPoolExecutor(1, "pixel-file")
        self._writing: Future[None] | None = None
        self._finalizer = weakref.finalize(self, _close, self._thread, file)

    def put(self, window: Window, rows: np.ndarray) -> None:
        """Write a window, some time before ``wait`` returns; ``rows`` may not change until then.

        Raises OSError where the window before this one could not be written.
        """
        self.wait()
        self._writing = self._thread.submit(_write, self._file, self._width, window, rows, self._written)

    def read(self, window: Window, rows: np.ndarray) -> None:
        """Fill ``rows`` with a window. Raises OSError as ``wait``, and where the file cannot be read."""
        self.wait()
        for row, values in enumerate(rows, window.top):
            _seek(self._file, self._width, row, window, values)
            self._file.readinto(values.data)  # type: ignore[attr-defined]

    def wait(self) -> None:
        """Until all that was put is in the file. Raises OSError where the disk is full or fails."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.result()

    def close(self) -> None:
        """Close the file, whether or not what was put last could be written."""
        self._finalizer()


def _write(file: BinaryIO, width: int, window: Window, rows: np.ndarray, written: Callable[[Window], None]) -> None:
    for row, values in enumerate(rows, window.top):
        _seek(file, width, row, window, values)
        file.write(values.data)
    file.flush()
    written(window)


def _seek(file: BinaryIO, width: int, row: int, window: Window, values: np.ndarray) -> None:
    """Go to where the values of a row of the window lie."""
    pixel = values.nbytes // window.size[1]
    file.seek((row * width + window.left) * pixel)


def _close(thread: ThreadPoolExecutor, file: BinaryIO) -> None:
    thread.shutdown()  # before the file: another one might get its number
    file.close()
