"""Pictures of 16 bits per channel, which must not lose any of them."""

import io
from collections.abc import Callable

import numpy as np
import pytest
import pyvips
import tifffile
from PIL import Image

from adain_nodes.imaging import read_image, to_array

Encode = Callable[..., bytes]


@pytest.fixture(scope="module")
def deep_samples() -> np.ndarray:
    return np.random.default_rng(2).integers(0, 65536, (9, 11, 4), dtype=np.uint16)


def deep_file(format: str, pixels: np.ndarray) -> bytes:
    if format == "PNG":
        interpretation = "rgb16" if pixels.shape[2] > 2 else "grey16"
        return pyvips.Image.new_from_array(pixels, interpretation=interpretation).pngsave_buffer()
    tifffile.imwrite(
        buffer := io.BytesIO(),
        pixels.squeeze(),
        photometric="rgb" if pixels.shape[2] > 2 else "minisblack",
        extrasamples=["unassalpha"] if pixels.shape[2] in (2, 4) else [],
    )
    return buffer.getvalue()


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_sixteen_bits_survive(deep_samples: np.ndarray, format: str, channels: int) -> None:
    pixels = deep_samples[..., :channels]
    picture = read_image(deep_file(format, np.ascontiguousarray(pixels)))
    colours = pixels[..., :3] if channels > 2 else np.repeat(pixels[..., :1], 3, axis=2)
    assert picture.depth == 16
    assert picture.notes == ()
    assert np.array_equal(to_array(picture.rgb, 16)[0], colours)
    if channels in (2, 4):
        assert np.array_equal(to_array(picture.alpha, 16)[0], pixels[..., -1:])
    else:
        assert picture.alpha is None


def test_sixteen_bits_go_through_a_profile_at_full_depth(
    deep_samples: np.ndarray, display_p3: bytes, p3_to_srgb: Callable[[np.ndarray], np.ndarray]
) -> None:
    image = pyvips.Image.new_from_array(deep_samples, interpretation="rgb16")
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", display_p3)
    for data in (image.pngsave_buffer(), image.tiffsave_buffer()):
        picture = read_image(data)
        expected = p3_to_srgb(deep_samples[..., :3] / 65535)
        assert np.abs(picture.rgb[0].permute(1, 2, 0).numpy() - expected).max() < 1.1 / 255
        assert np.abs(picture.rgb[0].permute(1, 2, 0).numpy() - expected).mean() < 0.1 / 255
        assert np.array_equal(to_array(picture.alpha, 16)[0], deep_samples[..., 3:])
        assert picture.notes == ("ICC profile 'Test P3' converted to sRGB",)


def test_deep_grey_goes_through_an_rgb_profile(
    deep_samples: np.ndarray, display_p3: bytes, p3_to_srgb: Callable[[np.ndarray], np.ndarray]
) -> None:
    tifffile.imwrite(buffer := io.BytesIO(), deep_samples[..., 0], photometric="minisblack", iccprofile=display_p3)
    picture = read_image(buffer.getvalue())
    expected = p3_to_srgb(np.repeat(deep_samples[..., :1], 3, axis=2) / 65535)
    assert np.abs(picture.rgb[0].permute(1, 2, 0).numpy() - expected).max() < 1.1 / 255
    assert picture.notes == ("ICC profile 'Test P3' converted to sRGB",)


def test_further_samples_of_a_tiff_are_dropped(deep_samples: np.ndarray) -> None:
    pixels = np.concatenate([deep_samples, deep_samples], axis=2)[..., :6]
    tifffile.imwrite(buffer := io.BytesIO(), pixels, photometric="rgb", extrasamples=["unassalpha", 0, 0])
    picture = read_image(buffer.getvalue())
    assert np.array_equal(to_array(picture.rgb, 16)[0], pixels[..., :3])
    assert np.array_equal(to_array(picture.alpha, 16)[0], pixels[..., 3:4])


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I"])
def test_sixteen_bit_grey_pillow_images(deep_samples: np.ndarray, mode: str) -> None:
    grey = deep_samples[..., 0]
    dtype = {"I;16": "<u2", "I;16B": ">u2", "I": "<i4"}[mode]
    image = Image.frombytes(mode, (11, 9), grey.astype(dtype).tobytes())
    picture = read_image(image)
    assert picture.depth == 16
    assert np.array_equal(to_array(picture.rgb, 16)[0][..., 0], grey)


def test_metadata_of_sixteen_bit_pillow_images_counts(
    deep_samples: np.ndarray, linear_grey: bytes, encode: Encode
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    image = Image.open(io.BytesIO(encode(Image.fromarray(deep_samples[..., 0]), "PNG", exif=exif)))
    image.info["icc_profile"] = linear_grey
    assert image.mode == "I;16"
    picture = read_image(image)
    light = np.rot90(deep_samples[..., 0], -1) / 65535
    expected = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    assert np.abs(picture.rgb[0, 1].numpy() - expected).max() < 1.1 / 255
    assert picture.notes == ("ICC profile 'Linear grey' converted to sRGB",)


def test_integers_beyond_sixteen_bits_are_clamped() -> None:
    image = Image.fromarray(np.array([[-5, 70_000]], np.int32))
    assert read_image(image).rgb[0, 0].tolist() == [[0, 1]]
