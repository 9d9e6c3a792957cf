"""A file of pixels that is read while it is filled."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from adain_nodes.core.windows import Window
from adain_nodes.imaging.growing_file import GrowingFile
from adain_nodes.imaging.libvips import libvips

SIZE = (70, 90)


@pytest.fixture
def pixels() -> np.ndarray:
    return np.random.default_rng(0).integers(256, size=(*SIZE, 4), dtype=np.uint8)


def test_rows_are_packed_once_they_are_whole(tmp_path: Path, pixels: np.ndarray) -> None:
    raw, (height, width) = np.memmap(tmp_path / "raw", np.uint8, "w+", shape=pixels.shape), SIZE
    top, bottom = Window(0, 0, height // 2, width), Window(height // 2, 0, height, width)
    rows = GrowingFile(tmp_path / "raw", SIZE, 4)
    with ThreadPoolExecutor(1) as thread, libvips() as vips:
        reading = thread.submit(rows.image(vips).numpy)
        for part in (bottom, *top.tiles(width // 3)):
            time.sleep(0.05)
            assert not reading.done()
            area = np.s_[part.top : part.bottom, part.left : part.right]
            raw[area] = pixels[area]
            rows.add(part)
        assert np.array_equal(reading.result(timeout=10), pixels)
    rows.close()


def test_whoever_reads_rows_is_told_when_they_never_come(tmp_path: Path, pixels: np.ndarray) -> None:
    (tmp_path / "raw").write_bytes(pixels.tobytes())
    rows = GrowingFile(tmp_path / "raw", SIZE, 4)
    with ThreadPoolExecutor(1) as thread, libvips() as vips:
        reading = thread.submit(rows.image(vips).numpy)
        rows.close()
        with pytest.raises(vips.Error):
            reading.result(timeout=10)
