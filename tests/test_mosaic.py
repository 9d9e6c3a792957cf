"""Maps that come together in memory and in files."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from adain_nodes.core.windows import Window, whole
from adain_nodes.imaging.pixel_file import PixelFile
from adain_nodes.mosaic import FileMosaic, Mosaic, room_on_disk

SIZE = (300, 470)


def test_a_mosaic_comes_together_and_a_whole_piece_is_taken_as_it_is():
    picture, mosaic = torch.rand(2, 3, *SIZE), Mosaic(SIZE)
    for window in whole(SIZE).tiles(100):
        mosaic.put(window, window.of(picture))
    assert torch.equal(mosaic.tensor, picture)
    mosaic.put(whole(SIZE), picture)
    assert mosaic.tensor is picture


@given(
    batch=st.integers(1, 2),
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    side=st.integers(1, 40),
    dtype=st.sampled_from([torch.float32, torch.bfloat16, torch.float16]),
    layout=st.sampled_from([torch.channels_last, torch.contiguous_format]),
)
@pytest.mark.parametrize("kind", [Mosaic, FileMosaic])
def test_parts_are_those_of_the_picture(kind, batch, height, width, side, dtype, layout):
    picture = torch.rand(batch, 3, height, width).to(dtype).contiguous(memory_format=layout)
    mosaic = kind((height, width))
    for window in reversed(list(whole((height, width)).tiles(side))):
        mosaic.put(window, window.of(picture))
    middle = Window(height // 3, width // 3, height, width)
    for window in (whole((height, width)), middle):
        part = mosaic.part(window)
        assert part.dtype == dtype
        assert torch.equal(part, window.of(picture))


def test_a_file_is_nameless_and_goes_with_its_mosaic(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    mosaic = FileMosaic(SIZE)
    mosaic.put(whole(SIZE), torch.rand(1, 3, *SIZE))
    file = mosaic._file._file
    assert (file.closed, list(tmp_path.iterdir()) == []) == (False, sys.platform != "win32")
    del mosaic
    gc.collect()
    assert (file.closed, list(tmp_path.iterdir())) == (True, [])


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_a_full_disk_is_an_error():
    mosaic, picture = FileMosaic((4, 4)), torch.rand(1, 3, 4, 4)
    mosaic._file = PixelFile(open("/dev/full", "r+b", buffering=0), 4)  # noqa: PTH123, SIM115
    mosaic.put(whole((4, 4)), picture)
    with pytest.raises(OSError, match="No space left"):
        mosaic.put(whole((4, 4)), picture)
    mosaic.put(whole((4, 4)), picture)
    with pytest.raises(OSError, match="No space left"):
        mosaic.part(whole((4, 4)))


def test_room_is_at_most_half_of_what_is_free(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    disk = os.statvfs(tmp_path)
    assert 0 <= room_on_disk() <= disk.f_bfree * disk.f_frsize // 2


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="the system has no folder in memory")
def test_a_folder_in_memory_is_no_disk(monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/dev/shm")
    assert room_on_disk() == 0
