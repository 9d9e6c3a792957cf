"""Pictures that stay on the disk: read by windows, written by strips."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import pyvips
from PIL import Image

from adain_nodes.core.errors import ImageError, OutputError, ShapeError
from adain_nodes.core.windows import Window, whole
from adain_nodes.imaging import read_image, read_parameters, to_array
from adain_nodes.imaging.large import open_large, write_large
from adain_nodes.imaging.writing import Encoding

SIZE = (70, 90)


@pytest.fixture
def pixels() -> np.ndarray:
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    return np.stack((rows * 3, columns * 2, rows + columns, 255 - rows * 2), -1).astype(np.uint8)


def strips(pixels: np.ndarray, rows: int = 16) -> Iterator[np.ndarray]:
    for top in range(0, len(pixels), rows):
        yield pixels[top : top + rows]


def agrees(path: Path, tolerance: float = 0.0) -> None:
    """Every window, in an order in which no file can be read through, is the part of what ``read_image`` gives."""
    wanted = read_image(path)
    with open_large(path) as picture:
        assert picture.size == tuple(wanted.rgb.shape[2:])
        assert (picture.depth, picture.notes, picture.path) == (wanted.depth, wanted.notes, path)
        for window in reversed(list(whole(picture.size).tiles(32))):
            rgb, alpha = picture.read(window)
            assert (rgb - window.of(wanted.rgb)).abs().max() <= tolerance
            if wanted.alpha is not None:
                assert alpha is not None
                assert (alpha - window.of(wanted.alpha)).abs().max() <= tolerance


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
    agrees(tmp_path / "turned.png")


def test_what_cannot_be_read_is_named(tmp_path: Path, pixels: np.ndarray) -> None:
    path = tmp_path / "picture.tif"
    Image.fromarray(pixels).resize((900, 700)).save(path)
    with (
        pytest.raises(ImageError, match=r"900×700 px, above the limit of 0.1 megapixels"),
        open_large(path, max_pixels=100_000),
    ):
        pass
    path.write_bytes(path.read_bytes()[:1_000_000])
    with pytest.raises(ImageError, match=r"picture.tif cannot be decoded"), open_large(path) as picture:
        picture.read(Window(600, 0, 700, 900))
    with (
        pytest.raises(ImageError, match=r"none.png cannot be decoded: .*does not exist"),
        open_large(tmp_path / "none.png"),
    ):
        pass


@pytest.mark.parametrize(
    ("suffix", "depth", "channels"),
    [(".png", 8, 3), (".png", 8, 4), (".png", 16, 3), (".tif", 8, 3), (".tif", 16, 4), (".webp", 8, 4)],
)
def test_strips_make_the_file(tmp_path: Path, pixels: np.ndarray, suffix: str, depth: int, channels: int) -> None:
    samples = pixels[..., :channels] if depth == 8 else pixels[..., :channels].astype(np.uint16) * 257
    path = tmp_path / f"result{suffix}"
    encoding = Encoding.of(path, depth=depth, lossless=True, parameters={"alpha": 0.5})
    write_large(path, SIZE, strips(samples), encoding, channels)
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
    write_large(path, SIZE, strips(pixels[..., :3]), Encoding.of(path, parameters={"model": "lite"}))
    difference = to_array(read_image(path).rgb)[0].astype(int) - pixels[..., :3]
    assert np.abs(difference).mean() < 2
    assert read_parameters(path) == {"model": "lite"}


def test_a_run_that_breaks_off_leaves_nothing(tmp_path: Path, pixels: np.ndarray) -> None:
    path = tmp_path / "result.png"
    path.write_bytes(b"older")

    def broken() -> Iterator[np.ndarray]:
        yield pixels[:16, :, :3]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_large(path, SIZE, broken(), Encoding.of(path))
    with pytest.raises(ShapeError, match="16 rows came for a picture of 70"):
        write_large(path, SIZE, [pixels[:16, :, :3]], Encoding.of(path))
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"older"


@pytest.mark.parametrize(("suffix", "side"), [(".jpg", 65_536), (".webp", 16_384)])
def test_formats_that_cannot_hold_it_are_refused_at_once(tmp_path: Path, suffix: str, side: int) -> None:
    path = tmp_path / f"result{suffix}"
    with pytest.raises(OutputError, match=f"at most {side - 1} pixels a side, not {side}×4"):
        write_large(path, (4, side), iter(()), Encoding.of(path))


def test_a_missing_folder_is_said(tmp_path: Path, pixels: np.ndarray) -> None:
    path = tmp_path / "none" / "result.png"
    with pytest.raises(OutputError, match="its folder does not exist"):
        write_large(path, SIZE, strips(pixels[..., :3]), Encoding.of(path))
