"""libvips: errors, and processes in which it does not work."""

import os
import sys
from pathlib import Path

import pytest
import torch

from adain_nodes.core.errors import ImageError, OutputError
from adain_nodes.imaging import read_image, write_image
from adain_nodes.imaging.libvips import libvips


def test_its_errors_are_those_of_the_system() -> None:
    with pytest.raises(OSError, match=r"^VipsForeignLoad: buffer is not in a known format$"), libvips() as vips:
        vips.Image.new_from_buffer(b"not a picture", "")


def test_forked_process_gets_an_error_instead_of_waiting_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_image(tmp_path / "a.tif", torch.zeros(1, 3, 4, 4))
    child = os.getpid() + 1
    monkeypatch.setattr(os, "getpid", lambda: child)
    with pytest.raises(ImageError, match="start workers with 'spawn'"):
        read_image(tmp_path / "a.tif")
    with pytest.raises(OutputError, match="start workers with 'spawn'"):
        write_image(tmp_path / "b.tif", torch.zeros(1, 3, 4, 4))
    write_image(tmp_path / "c.png", torch.zeros(1, 3, 4, 4))  # Pillow does not mind
    assert read_image(tmp_path / "c.png").rgb.shape == (1, 3, 4, 4)


def test_missing_library_is_an_error_of_the_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_image(tmp_path / "a.tif", torch.zeros(1, 3, 4, 4))
    monkeypatch.setitem(sys.modules, "pyvips", None)
    with pytest.raises(ImageError, match=r"a\.tif cannot be decoded: .*pyvips"):
        read_image(tmp_path / "a.tif")
    with pytest.raises(OutputError, match=r"b\.tif cannot be encoded as TIFF: .*pyvips"):
        write_image(tmp_path / "b.tif", torch.zeros(1, 3, 4, 4))
