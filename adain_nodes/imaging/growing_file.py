"""A file of pixels that is read while it is filled: packing it begins with the first rows, not after the last ones."""

from __future__ import annotations

import os
import struct
import threading
from pathlib import Path
from typing import Any

import numpy as np

from adain_nodes.core.sizing import Size
from adain_nodes.core.windows import Window


class GrowingFile:
    """A picture in a file, row by row in ``pixel`` bytes each, that one thread fills and libvips reads in another.

    Rows are read once all their pixels are there, which is counted: each comes once. libvips wants a format that it
    knows, and TIFF holds plain bytes behind a header; so it gets a grey TIFF with a sample for each byte.
    """

    def __init__(self, path: Path, size: Size, pixel: int) -> None:
        height, width = size
        self._file = path.open("rb", buffering=0)  # a buffer would hold what lay there before
        self._pixel, self._row = pixel, width * pixel
        self._header = _grey_tiff(height, self._row)
        self._length = len(self._header) + height * self._row
        self._position = 0
        self._missing = np.full(height, width)
        self._whole = 0
        self._closed = False
        self._change = threading.Condition()

    def close(self) -> None:
        """End it: to whoever still reads, it ends here."""
        with self._change:
            self._closed = True
            self._file.close()
            self._change.notify_all()

    def add(self, window: Window) -> None:
        """A window has been filled."""
        with self._change:
            self._missing[window.top : window.bottom] -= window.size[1]
            while self._whole < len(self._missing) and self._missing[self._whole] <= 0:
                self._whole += 1
            self._change.notify_all()

    def finish(self) -> None:
        """Nothing more will come: what has been left out is read as it is."""
        with self._change:
            self._whole = len(self._missing)
            self._change.notify_all()

    def image(self, vips: Any) -> Any:
        """An image of libvips, H×W with a band for each byte of a pixel, to be read once and from the top."""
        source = vips.SourceCustom()
        source.on_read(self._read)
        source.on_seek(self._seek)
        bytes = vips.Image.new_from_source(source, "", access="sequential", fail_on="error")
        return bytes.bandfold(factor=self._pixel)

    def _read(self, length: int) -> bytes:
        """The next bytes, when they are there; none where there are no more."""
        start, header = self._position, len(self._header)
        if start < header:
            data = self._header[start : start + length]
        else:
            end = min(start + length, self._length) - header
            with self._change:
                self._change.wait_for(lambda: self._closed or self._whole * self._row >= end)
                if self._closed:
                    return b""
                self._file.seek(start - header)
                data = self._file.read(end - (start - header))
        self._position += len(data)
        return data

    def _seek(self, offset: int, whence: int) -> int:
        self._position = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._length}[whence] + offset
        return self._position


def _grey_tiff(height: int, width: int) -> bytes:
    """What stands before the samples of a BigTIFF of one strip: its signature, and one directory of nine entries."""
    start, entry, end = "<2sHHHQQ", "<HHQQ", "<Q"
    data = struct.calcsize(start) + 9 * struct.calcsize(entry) + struct.calcsize(end)
    short, long, long8 = 3, 4, 16  # of 16, 32 and 64 bits
    entries = (
        (256, long, 1, width),
        (257, long, 1, height),
        (258, short, 1, 8),  # bits a sample
        (259, short, 1, 1),  # not compressed
        (262, short, 1, 1),  # 0 is black
        (273, long, 1, data),  # where the strip begins
        (277, short, 1, 1),  # samples a pixel
        (278, long, 1, height),  # rows of the strip
        (279, long8, 1, height * width),  # bytes of the strip
    )
    directory = b"".join(struct.pack(entry, *each) for each in entries)
    return struct.pack(start, b"II", 43, 8, 0, 16, len(entries)) + directory + struct.pack(end, 0)
