"""Hostile and damaged data: a clear error or the whole picture, never half of one, and nothing left behind."""

import io
import struct
import threading
import warnings
import zlib
from collections.abc import Callable

import numpy as np
import pytest
import pyvips
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageFile

from adain_nodes.core.errors import ImageError
from adain_nodes.imaging import read_image
from adain_nodes.imaging.decoding import _pillow_warnings

Encode = Callable[..., bytes]
FORMATS = ["PNG", "palette PNG", "16-bit PNG", "APNG", "JPEG", "progressive JPEG", "CMYK JPEG"]
FORMATS += ["WebP", "lossless WebP", "animated WebP", "GIF", "animated GIF", "BMP", "TIFF", "LZW TIFF", "16-bit TIFF"]


@pytest.fixture(scope="module")
def files(encode: Encode, samples: np.ndarray) -> dict[str, bytes]:
    rgba = Image.fromarray(samples)
    rgb, palette = rgba.convert("RGB"), rgba.convert("P")
    deep = pyvips.Image.new_from_array(samples.astype(np.uint16) * 257, interpretation="rgb16")
    turned = {"save_all": True, "append_images": [rgba.rotate(90), rgba.rotate(180)]}
    encoded = {
        "PNG": encode(rgba, "PNG"),
        "palette PNG": encode(palette, "PNG", transparency=3),
        "16-bit PNG": deep.pngsave_buffer(),
        "APNG": encode(rgba, "PNG", **turned),
        "JPEG": encode(rgb, "JPEG"),
        "progressive JPEG": encode(rgb, "JPEG", progressive=True),
        "CMYK JPEG": encode(rgb.convert("CMYK"), "JPEG"),
        "WebP": encode(rgba, "WEBP"),
        "lossless WebP": encode(rgba, "WEBP", lossless=True),
        "animated WebP": encode(rgba, "WEBP", **turned),
        "GIF": encode(palette, "GIF"),
        "animated GIF": encode(palette, "GIF", save_all=True, append_images=[palette.rotate(90)]),
        "BMP": encode(rgb, "BMP"),
        "TIFF": encode(rgba, "TIFF"),
        "LZW TIFF": encode(rgba, "TIFF", compression="tiff_lzw"),
        "16-bit TIFF": deep.tiffsave_buffer(compression="deflate"),
    }
    assert list(encoded) == FORMATS
    return encoded


def read_or_none(data: bytes) -> torch.Tensor | None:
    try:
        return read_image(data, max_pixels=10**6).rgb
    except ImageError:
        return None


@pytest.mark.parametrize("kind", FORMATS)
def test_truncated_file_is_an_error_or_the_whole_picture(files: dict[str, bytes], kind: str) -> None:
    data = files[kind]
    whole = read_image(data).rgb
    results = [read_or_none(data[:end]) for end in [*range(0, len(data), len(data) // 60), len(data) - 1]]
    assert all(torch.equal(result, whole) for result in results if result is not None)
    assert sum(result is None for result in results) > 0.3 * len(results)


@pytest.mark.parametrize("kind", FORMATS)
def test_damaged_bytes_end_in_a_picture_or_an_error(files: dict[str, bytes], kind: str) -> None:
    rng = np.random.default_rng(1)
    for reach in (40, 200, len(files[kind])):
        for _ in range(25):
            data = bytearray(files[kind])
            for position in rng.integers(0, min(reach, len(data)), 4):
                data[position] = rng.integers(256)
            read_or_none(bytes(data))  # whatever else it raises, or warns of, fails the test


@given(st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"RIFF", b"GIF89a", b"BM", b"II*\0"]), st.binary())
@example(b"", b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>")
@example(b"", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n")
@settings(max_examples=150, deadline=None)
def test_random_bytes_are_an_error(signature: bytes, rest: bytes) -> None:
    with pytest.raises(ImageError, match="The picture cannot be decoded"):
        read_image(signature + rest)


def png(width: int, height: int, depth: int = 8, pixels: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(pixels)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )


@pytest.mark.parametrize("depth", [8, 16])
def test_bomb_is_refused_from_its_header(depth: int) -> None:
    with pytest.raises(ImageError, match="has 100000×100000 px, above the limit of 512 megapixels") as error:
        read_image(png(100_000, 100_000, depth))
    assert "Raise the pixel limit" in error.value.remedy
    assert error.value.facts == {"width": 100_000, "height": 100_000, "max_pixels": 512_000_000}


@pytest.mark.parametrize("kind", FORMATS)
def test_limit_is_adjustable_in_every_format(files: dict[str, bytes], kind: str) -> None:
    assert read_image(files[kind], max_pixels=24 * 31).rgb.shape == (1, 3, 24, 31)
    with pytest.raises(ImageError, match="has 31×24 px, above the limit"):
        read_image(files[kind], max_pixels=24 * 31 - 1)


@pytest.mark.parametrize("limit", [50, 500, None])
def test_pillows_own_limit_is_neither_used_nor_changed(monkeypatch: pytest.MonkeyPatch, limit: int | None) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", limit)
    filters = list(warnings.filters)
    assert read_image(png(30, 20, pixels=bytes(20 * 91))).rgb.shape == (1, 3, 20, 30)
    assert limit == Image.MAX_IMAGE_PIXELS
    assert warnings.filters == filters


def test_large_gif_does_not_warn(monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes]) -> None:
    # Its frame is larger than its screen, so Pillow itself checks the size while reading the header.
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 500)
    data = bytearray(files["GIF"])
    data[6:8] = b"\x02\0"
    picture = read_image(bytes(data))
    assert picture.rgb.shape == (1, 3, 24, 31)
    assert picture.notes == ()


def test_no_pixels_are_an_error() -> None:
    with pytest.raises(ImageError):
        read_image(png(0, 5))
    with pytest.raises(ImageError, match="The picture is empty, 0×5 px"):
        read_image(Image.new("RGB", (0, 5)))


@pytest.mark.parametrize("kind", [kind for kind in FORMATS if kind != "BMP"])
def test_truncation_shows_even_where_the_host_told_pillow_to_ignore_it(
    monkeypatch: pytest.MonkeyPatch, files: dict[str, bytes], kind: str
) -> None:
    whole = read_image(files[kind])
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    # Another decoder; libvips brings a profile for CMYK that has none, where Pillow has a formula.
    assert (read_image(files[kind]).rgb - whole.rgb).abs().mean() < (0.15 if kind == "CMYK JPEG" else 0.005)
    with pytest.raises(ImageError):
        read_image(files[kind][: len(files[kind]) // 3])


def test_odd_metadata_becomes_a_note(encode: Encode, samples: np.ndarray) -> None:
    exif = Image.Exif()
    exif[0x010E] = "a description"
    data = encode(Image.fromarray(samples[..., :3]), "JPEG", exif=exif)
    cut_short = data.replace(struct.pack(">HHI", 0x010E, 2, 14), struct.pack(">HHI", 0x010E, 2, 60_000))
    assert cut_short != data
    picture = read_image(cut_short)
    assert any(note.startswith("Pillow: ") for note in picture.notes)
    broken = read_image(encode(Image.fromarray(samples), "PNG", exif=b"not what EXIF looks like"))
    assert "EXIF data damaged, orientation unknown" in broken.notes[0]


def test_threads_take_turns_with_the_warning_filters(files: dict[str, bytes]) -> None:
    """Their state belongs to the process: overlapping changes would leave the wrong one behind."""
    filters = list(warnings.filters)
    thread = threading.Thread(target=read_image, args=[files["JPEG"]], daemon=True)
    with _pillow_warnings():
        thread.start()
        thread.join(0.05)
        assert thread.is_alive()
    thread.join()
    assert warnings.filters == filters


def test_float_samples_are_refused(encode: Encode) -> None:
    floats = Image.fromarray(np.zeros((4, 4), np.float32))
    with pytest.raises(ImageError, match="samples are of type float; save it with 8 or 16 bits"):
        read_image(encode(floats, "TIFF"))
    with pytest.raises(ImageError, match="mode F has no agreed range"):
        read_image(floats)


def test_unknown_format_names_the_known_ones() -> None:
    with pytest.raises(ImageError, match="not a PNG, JPEG, WebP, TIFF, GIF or BMP picture"):
        read_image(io.BytesIO(b"just some text, long enough to be one"))
