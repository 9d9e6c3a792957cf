"""Sources, what is wrong with them, masks and the square of the evaluation protocol."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from adain_nodes.core.errors import ImageError
from adain_nodes.imaging import Picture, read_image, read_mask, read_square, to_array

Encode = Callable[..., bytes]


def test_rgb_file_is_read_as_it_is(encode: Encode, samples: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "plain.png"
    path.write_bytes(encode(Image.fromarray(samples[..., :3]), "PNG"))
    picture = read_image(path)
    assert np.array_equal(to_array(picture.rgb)[0], samples[..., :3])
    assert picture.rgb.dtype == torch.float32
    assert (picture.alpha, picture.depth, picture.notes, picture.path) == (None, 8, (), path)
    assert read_image(str(path)).path == path


def test_bytes_file_objects_and_pillow_images_are_sources(encode: Encode, samples: np.ndarray) -> None:
    image = Image.fromarray(samples)
    data = encode(image, "PNG")
    pictures = [
        read_image(data),
        read_image(io.BytesIO(data)),
        read_image(image),
        read_image(Image.open(io.BytesIO(data))),
    ]
    for picture in pictures:
        assert picture.path is None
        assert np.array_equal(to_array(picture.rgb)[0], samples[..., :3])
        assert np.array_equal(to_array(picture.alpha)[0], samples[..., 3:])


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"nowhere\.png does not exist\. Check the spelling"):
        read_image(tmp_path / "nowhere.png")
    with pytest.raises(ImageError, match="is a folder, not a picture"):
        read_image(tmp_path)
    (tmp_path / "empty.png").touch()
    with pytest.raises(ImageError, match=r"empty\.png is empty, 0 bytes"):
        read_image(tmp_path / "empty.png")
    (tmp_path / "notes.jpg").write_text("a text that calls itself a picture")
    with pytest.raises(ImageError, match=r"notes\.jpg cannot be decoded: it is not a PNG") as error:
        read_image(tmp_path / "notes.jpg")
    assert error.value.facts["path"] == tmp_path / "notes.jpg"


def test_truncated_file_is_named(encode: Encode, samples: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "half.jpg"
    path.write_bytes(encode(Image.fromarray(samples[..., :3]), "JPEG")[:900])
    with pytest.raises(ImageError, match=r"half\.jpg cannot be decoded: .*truncated.*Check that the file is whole"):
        read_image(path)


def test_wrong_suffix_does_not_matter(encode: Encode, samples: np.ndarray, tmp_path: Path) -> None:
    path = tmp_path / "really_a_png.jpg"
    path.write_bytes(encode(Image.fromarray(samples), "PNG"))
    assert np.array_equal(to_array(read_image(path).rgb)[0], samples[..., :3])


def test_picture_says_nothing_about_equality(samples: np.ndarray) -> None:
    picture = read_image(Image.fromarray(samples))
    assert isinstance(picture, Picture)
    assert picture != read_image(Image.fromarray(samples))  # by identity: tensors have no single truth value


def test_mask_from_luminance(encode: Encode, samples: np.ndarray) -> None:
    mask, notes = read_mask(encode(Image.fromarray(samples[..., 0]), "PNG"))
    assert mask.shape == (1, 1, 24, 31)
    assert np.array_equal(to_array(mask)[0, ..., 0], samples[..., 0])
    assert notes == ()
    coloured, _ = read_mask(Image.fromarray(samples[..., :3]))
    expected = np.asarray(Image.fromarray(samples[..., :3]).convert("L"))
    assert np.abs(to_array(coloured)[0, ..., 0].astype(int) - expected).max() <= 1


def test_mask_from_alpha(samples: np.ndarray) -> None:
    mask, _ = read_mask(Image.fromarray(samples))
    assert np.array_equal(to_array(mask)[0], samples[..., 3:])


def test_mask_takes_the_size_asked_for() -> None:
    half = np.zeros((40, 60), np.uint8)
    half[:, 30:] = 255
    mask, notes = read_mask(Image.fromarray(half), (10, 20))
    assert mask.shape == (1, 1, 10, 20)
    assert notes == ("mask resized from 60×40 to 20×10 px",)
    assert mask[..., :8].max() == 0
    assert mask[..., 12:].min() == 1
    assert mask.mean().item() == pytest.approx(0.5, abs=1e-6)
    stripes = np.zeros((64, 64), np.uint8)
    stripes[:, ::8] = 255
    averaged, _ = read_mask(Image.fromarray(stripes), (8, 8))
    assert (averaged - 1 / 8).abs().max() < 0.05
    grown, _ = read_mask(Image.fromarray(half), (80, 60))
    assert grown.shape == (1, 1, 80, 60)
    same, notes = read_mask(Image.fromarray(half), (40, 60))
    assert notes == ()
    assert np.array_equal(to_array(same)[0, ..., 0], half)


@pytest.mark.parametrize("shape", [(300, 451), (451, 300), (256, 256), (100, 130)])
def test_square_is_the_protocol_of_the_reported_figures(encode: Encode, shape: tuple[int, int]) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (*shape, 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    scale = 256 / min(shape)
    width, height = round(image.width * scale), round(image.height * scale)
    left, top = (width - 256) // 2, (height - 256) // 2
    expected = image.resize((width, height), Image.Resampling.LANCZOS).crop((left, top, left + 256, top + 256))
    square = read_square(encode(image, "PNG"))
    assert square.shape == (1, 3, 256, 256)
    assert np.array_equal(to_array(square)[0], np.asarray(expected))
    assert read_square(image, 64).shape == (1, 3, 64, 64)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
def test_devices_and_unreadable_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ImageError, match="is a device or a pipe"):
        read_image("/dev/zero")
    with pytest.raises(ImageError, match="is no file name"):
        read_image("nul\0.png")
    (tmp_path / "file").touch()
    with pytest.raises(ImageError, match="cannot be read: Not a directory"):
        read_image(tmp_path / "file" / "inside.png")

    def refuse(self: Path, mode: str) -> None:  # root may read everything, so the refusal is made up
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ImageError, match=r"cannot be read: Permission denied\. Check its permissions"):
        read_image(tmp_path / "file")
