"""Pictures that stay on the disk: read by windows, written by strips."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips
import torch
from PIL import Image

from adain_nodes.core.errors import ImageError, OutputError
from adain_nodes.core.windows import Window, whole
from adain_nodes.imaging import read_image, read_mask, read_parameters, to_array, to_tensor, write_image
from adain_nodes.imaging.decoding import size_by_windows
from adain_nodes.imaging.large import open_large, open_large_mask, writing_large
from adain_nodes.imaging.writing import Encoding

SIZE = (70, 90)


@pytest.fixture
def pixels() -> np.ndarray:
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.stack((rows * 3, columns * 2, rows + columns, 255 - rows * 2), -1).astype(np.uint8)


def write(path: Path, samples: np.ndarray, **settings: Any) -> list[str]:
    """H×W×C samples by windows, the last one first; returns what was said."""
    rgb, alpha = to_tensor(samples[..., :3]), to_tensor(samples[..., 3:]) if samples.shape[2] == 4 else None
    depth = 8 * samples.itemsize
    encoding = Encoding.of(path, depth=depth, **settings)
    notes: list[str] = []
    with writing_large(path, SIZE, encoding, transparent=alpha is not None) as put:
        for window in reversed(list(whole(SIZE).tiles(32))):
            notes.extend(put(window, window.of(rgb), None if alpha is None else window.of(alpha)))
    return notes


def agrees(path: Path, tolerance: float = 0.0, *, turned: bool = False) -> None:
    """Every window, in an order in which no file can be read through, is the part of what ``read_image`` gives."""
    wanted = read_image(path)
    picture = open_large(path)
    assert picture.rgb.size == size_by_windows(path) or turned
    assert picture.rgb.size == tuple(wanted.rgb.shape[2:])
    assert (picture.depth, picture.notes, picture.path) == (wanted.depth, wanted.notes, path)
    assert (picture.alpha is None) == (wanted.alpha is None)
    for window in reversed(list(whole(picture.rgb.size).tiles(32))):
        assert (picture.rgb.read(window) - window.of(wanted.rgb)).abs().max() <= tolerance
        if picture.alpha is not None and wanted.alpha is not None:
            assert (picture.alpha.read(window) - window.of(wanted.alpha)).abs().max() <= tolerance


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "tif"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_windows_are_parts_of_the_picture(tmp_path: Path, pixels: np.ndarray, suffix: str, mode: str) -> None:
    image = Image.fromarray(pixels).convert(mode)
    path = tmp_path / f"picture.{suffix}"
    (image.convert("RGB") if suffix == "jpg" and mode == "RGBA" else image).save(path)
    agrees(path, tolerance=1.01 / 255 if suffix == "jpg" else 0)


@pytest.mark.parametrize("tile", [False, True])
def test_deep_files_of_tiles_and_of_strips(tmp_path: Path, pixels: np.ndarray, tile: bool) -> None:
    deep = pixels[..., :3].astype(np.uint16) * 251
    image = pyvips.Image.new_from_array(deep, interpretation="rgb16")
    image.tiffsave(str(tmp_path / "deep.tif"), tile=tile, tile_width=32, tile_height=32)
    agrees(tmp_path / "deep.tif")


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_windows_are_those_of_the_upright_picture(tmp_path: Path, pixels: np.ndarray, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels[..., :3]).save(tmp_path / "turned.png", exif=exif)
    agrees(tmp_path / "turned.png", turned=True)


def test_an_alpha_channel_that_hides_nothing_is_none(tmp_path: Path, pixels: np.ndarray) -> None:
    pixels[..., 3] = 255
    for name, samples in (("8.png", pixels), ("16.tif", pixels.astype(np.uint16) * 257)):
        pyvips.Image.new_from_array(samples, interpretation="srgb" if name == "8.png" else "rgb16").write_to_file(
            str(tmp_path / name)
        )
        agrees(tmp_path / name)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_masks_are_those_of_read_mask(tmp_path: Path, pixels: np.ndarray, mode: str) -> None:
    Image.fromarray(pixels).convert(mode).save(tmp_path / "mask.png")
    expected, _ = read_mask(tmp_path / "mask.png")
    raster, notes = open_large_mask(tmp_path / "mask.png")
    assert torch.equal(raster.all(), expected)
    assert notes == ()


@pytest.mark.parametrize(("name", "kind"), [("a.gif", "GIF"), ("a.bmp", "BMP"), ("a.txt", None), ("none", None)])
def test_other_files_are_not_read_by_windows(tmp_path: Path, pixels: np.ndarray, name: str, kind: str | None) -> None:
    if kind:
        Image.fromarray(pixels[..., :3]).save(tmp_path / name, kind)
    elif name == "a.txt":
        (tmp_path / name).write_text("not a picture")
    assert size_by_windows(tmp_path / name) is None


def test_what_cannot_be_read_is_named(tmp_path: Path, pixels: np.ndarray) -> None:
    path = tmp_path / "picture.tif"
    Image.fromarray(pixels).resize((900, 700)).save(path)
    with pytest.raises(ImageError, match=r"900×700 px, above the limit of 0.1 megapixels"):
        open_large(path, max_pixels=100_000)
    path.write_bytes(path.read_bytes()[:1_000_000])
    with pytest.raises(ImageError, match=r"picture.tif cannot be decoded"):
        open_large(path).rgb.read(Window(600, 0, 700, 900))
    with pytest.raises(ImageError, match=r"none.png cannot be decoded: .*does not exist"):
        open_large(tmp_path / "none.png")


def test_a_damaged_strip_in_the_middle_is_named(tmp_path: Path) -> None:
    path = tmp_path / "scan.tif"
    noise = np.random.default_rng(0).integers(0, 256, (600, 500, 3), dtype=np.uint8)
    pyvips.Image.new_from_array(noise, interpretation="srgb").tiffsave(str(path), compression="deflate")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 : len(data) // 2 + 20_000] = bytes(20_000)
    path.write_bytes(data)
    with pytest.raises(ImageError, match=r"scan\.tif cannot be decoded: .*Check that the file is whole"):
        open_large(path).rgb.read(Window(0, 0, 64, 64))


def test_room_to_unpack_is_looked_for(tmp_path: Path, pixels: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    image = pyvips.Image.new_from_array(pixels[..., :3], interpretation="srgb")
    image.write_to_file(str(tmp_path / "a.png"))
    image.tiffsave(str(tmp_path / "a.tif"), tile=True)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr("adain_nodes.imaging.large._IN_MEMORY", 0)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: shutil._ntuple_diskusage(10**9, 10**9, 1000))
    assert open_large(tmp_path / "a.tif").rgb.size == SIZE
    with pytest.raises(ImageError, match=rf"takes 0\.0 GB when it is unpacked; {tmp_path} has 0\.0 GB left\. .*TMPDIR"):
        open_large(tmp_path / "a.png")


@pytest.mark.parametrize(
    ("suffix", "depth", "channels"),
    [(".png", 8, 3), (".png", 8, 4), (".png", 16, 3), (".tif", 8, 3), (".tif", 16, 4), (".webp", 8, 4)],
)
def test_windows_make_the_file(tmp_path: Path, pixels: np.ndarray, suffix: str, depth: int, channels: int) -> None:
    samples = pixels[..., :channels] if depth == 8 else pixels[..., :channels].astype(np.uint16) * 257
    path = tmp_path / f"result{suffix}"
    assert write(path, samples, lossless=True, parameters={"alpha": 0.5}) == []
    picture = read_image(path)
    assert picture.depth == depth
    assert np.array_equal(to_array(picture.rgb, depth)[0], samples[..., :3])
    if channels == 4:
        assert picture.alpha is not None
        assert np.array_equal(to_array(picture.alpha, depth)[0], samples[..., 3:])
    assert read_parameters(path) == {"alpha": 0.5}
    assert list(tmp_path.iterdir()) == [path]


def test_jpeg_comes_close_and_says_how_it_was_made(tmp_path: Path, pixels: np.ndarray) -> None:
    path = tmp_path / "result.jpg"
    write(path, pixels[..., :3], parameters={"model": "lite"})
    difference = to_array(read_image(path).rgb)[0].astype(int) - pixels[..., :3]
    assert np.abs(difference).mean() < 2
    assert read_parameters(path) == {"model": "lite"}


def test_a_file_that_has_changed_is_read_anew(tmp_path: Path, pixels: np.ndarray) -> None:
    for samples in (pixels[..., :3], 255 - pixels[..., :3]):
        Image.fromarray(samples).save(tmp_path / "same.png")
        agrees(tmp_path / "same.png")


def test_jpeg_shows_white_through_transparency(tmp_path: Path, pixels: np.ndarray) -> None:
    notes = write(tmp_path / "large.jpg", pixels)
    assert set(notes) == {"transparency laid over white"}
    alpha = to_tensor(pixels[..., 3:])
    write_image(tmp_path / "small.jpg", to_tensor(pixels[..., :3]), alpha=alpha)
    large, small = (read_image(tmp_path / name).rgb for name in ("large.jpg", "small.jpg"))
    assert (large - small).abs().mean() < 0.01


def test_a_run_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "result.png"
    path.write_bytes(b"older")

    def breaks_off() -> None:
        with writing_large(path, SIZE, Encoding.of(path)) as put:
            put(Window(0, 0, 8, 8), torch.rand(1, 3, 8, 8), None)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        breaks_off()
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"older"


def test_a_picture_that_cannot_be_packed_is_given_up_before_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*arguments: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Encoding, "save", fails)
    path, taken = tmp_path / "result.png", []

    def fill() -> None:
        with writing_large(path, (64, 64 * 500), Encoding.of(path)) as put:
            for window in whole((64, 64 * 500)).tiles(64):
                put(window, torch.rand(1, 3, 64, 64), None)
                taken.append(window)
                time.sleep(0.01)

    with pytest.raises(OutputError, match="Input/output error"):
        fill()
    assert len(taken) < 500
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a hidden file stays, which harms nothing")
def test_a_killed_run_leaves_nothing(tmp_path: Path) -> None:
    source = """
import os, signal, sys, torch
from pathlib import Path
from adain_nodes.core.windows import Window
from adain_nodes.imaging.large import writing_large
from adain_nodes.imaging.writing import Encoding
path = Path(sys.argv[1])
with writing_large(path, (64, 64), Encoding.of(path)) as put:
    put(Window(0, 0, 64, 64), torch.rand(1, 3, 64, 64), None)
    os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", source, str(tmp_path / "result.png")], check=False)
    assert done.returncode == -9
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("suffix", "side"), [(".jpg", 65_536), (".webp", 16_384)])
def test_formats_that_cannot_hold_it_are_refused_at_once(tmp_path: Path, suffix: str, side: int) -> None:
    path = tmp_path / f"result{suffix}"
    with (
        pytest.raises(OutputError, match=f"at most {side - 1} pixels a side, not {side}×4"),
        writing_large(path, (4, side), Encoding.of(path)),
    ):
        pass


def test_a_disk_that_cannot_hold_it_is_named_at_once(tmp_path: Path) -> None:
    path = tmp_path / "result.png"
    with (
        pytest.raises(OutputError, match=r"result\.png cannot be written: its 300000\.0 GB of samples do not fit"),
        writing_large(path, (10**7, 10**7), Encoding.of(path)),
    ):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_half_way_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "result.png"

    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Encoding, "save", full)
    with pytest.raises(OutputError, match=r"result\.png cannot be written: the disk is full\. Free some space"):
        write(path, np.zeros((*SIZE, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


def test_a_missing_folder_is_said(tmp_path: Path, pixels: np.ndarray) -> None:
    with pytest.raises(OutputError, match="its folder does not exist"):
        write(tmp_path / "none" / "result.png", pixels)
