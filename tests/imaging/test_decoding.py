"""Every kind of picture that people have, to the samples that it shows."""

import io
from collections.abc import Callable

import numpy as np
import pytest
import pyvips
import torch
from PIL import Image, ImageCms

from adain_nodes.imaging import read_image

Encode = Callable[..., bytes]


def levels(tensor: torch.Tensor | None) -> np.ndarray:
    """H×W×C samples of a picture that was read."""
    assert tensor is not None
    return (tensor[0].permute(1, 2, 0) * 255).round().numpy().astype(int)


@pytest.mark.parametrize("format", ["PNG", "TIFF", "BMP", "GIF"])
def test_grey_and_bilevel(encode: Encode, samples: np.ndarray, format: str) -> None:
    grey = Image.fromarray(samples[..., 0])
    picture = read_image(encode(grey, format))
    assert np.array_equal(levels(picture.rgb), np.repeat(samples[..., :1], 3, axis=2))
    assert picture.alpha is None
    bilevel = read_image(encode(grey.convert("1", dither=Image.Dither.NONE), format))
    assert np.array_equal(levels(bilevel.rgb)[..., 1], np.where(samples[..., 0] > 127, 255, 0))


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_grey_with_alpha(encode: Encode, samples: np.ndarray, format: str) -> None:
    picture = read_image(encode(Image.fromarray(samples[..., :2]), format))
    assert np.array_equal(levels(picture.rgb), np.repeat(samples[..., :1], 3, axis=2))
    assert np.array_equal(levels(picture.alpha), samples[..., 1:2])


@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP"])
def test_alpha_is_kept_and_so_are_the_colours_below_it(encode: Encode, samples: np.ndarray, format: str) -> None:
    options = {"lossless": True, "exact": True} if format == "WEBP" else {}
    picture = read_image(encode(Image.fromarray(samples), format, **options))
    assert np.array_equal(levels(picture.rgb), samples[..., :3])
    assert np.array_equal(levels(picture.alpha), samples[..., 3:])


def test_opaque_alpha_is_none(encode: Encode, samples: np.ndarray) -> None:
    assert read_image(encode(Image.fromarray(samples[..., :3]).convert("RGBA"), "PNG")).alpha is None


@pytest.mark.parametrize("format", ["PNG", "GIF"])
def test_palette_with_a_transparent_entry(encode: Encode, format: str) -> None:
    image = Image.new("P", (2, 1))
    image.putpalette([10, 20, 30, 200, 100, 50])
    image.putpixel((1, 0), 1)
    picture = read_image(encode(image, format, transparency=0))
    assert levels(picture.rgb)[0, 1].tolist() == [200, 100, 50]
    assert levels(picture.alpha)[0, :, 0].tolist() == [0, 255]
    assert levels(read_image(encode(image, format)).rgb).tolist() == [[[10, 20, 30], [200, 100, 50]]]


def test_palette_with_graded_transparency(encode: Encode) -> None:
    image = Image.new("P", (3, 1))
    image.putpalette([10, 20, 30, 200, 100, 50, 0, 0, 0])
    image.putdata([0, 1, 2])
    picture = read_image(encode(image, "PNG", transparency=bytes([0, 128, 255])))
    assert levels(picture.alpha)[0, :, 0].tolist() == [0, 128, 255]
    assert levels(picture.rgb)[0, :2].tolist() == [[10, 20, 30], [200, 100, 50]]


def test_colour_key_transparency(encode: Encode) -> None:
    image = Image.new("RGB", (2, 1), (1, 2, 3))
    image.putpixel((1, 0), (9, 9, 9))
    picture = read_image(encode(image, "PNG", transparency=(9, 9, 9)))
    assert levels(picture.alpha)[0, :, 0].tolist() == [255, 0]


def test_cmyk_jpeg_is_not_inverted() -> None:
    """Adobe stores CMYK inverted, with a marker; here as libvips writes it, not the decoder that reads it."""
    inks = np.zeros((16, 16, 4), np.uint8)
    inks[..., 0] = 255
    data = pyvips.Image.new_from_array(inks, interpretation="cmyk").jpegsave_buffer(Q=100, keep="none")
    assert b"Adobe" in data
    picture = read_image(data)
    assert np.abs(levels(picture.rgb) - [0, 255, 255]).max() <= 2
    assert picture.notes == ("CMYK without a usable ICC profile converted to RGB: its colours are approximate",)


@pytest.mark.parametrize("format", ["JPEG", "TIFF"])
def test_cmyk_with_a_profile_goes_through_it(encode: Encode, format: str) -> None:
    data = bytes(pyvips.Image.profile_load("cmyk"))
    inks = Image.new("CMYK", (16, 16), (40, 120, 200, 30))
    picture = read_image(encode(inks, format, icc_profile=data, **({"quality": 100} if format == "JPEG" else {})))
    through = ImageCms.profileToProfile(
        inks,
        ImageCms.ImageCmsProfile(io.BytesIO(data)),
        ImageCms.createProfile("sRGB"),
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        "RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert through is not None
    assert np.abs(levels(picture.rgb)[8, 8] - through.getpixel((8, 8))).max() <= 2
    assert len(picture.notes) == 1
    assert picture.notes[0].endswith("converted to sRGB")


UPRIGHT = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40
STORED = {
    1: UPRIGHT,
    2: UPRIGHT[:, ::-1],
    3: UPRIGHT[::-1, ::-1],
    4: UPRIGHT[::-1],
    5: UPRIGHT.T,
    6: np.rot90(UPRIGHT, 1),  # to be shown turned clockwise
    7: UPRIGHT[::-1, ::-1].T,
    8: np.rot90(UPRIGHT, -1),
}


@pytest.mark.parametrize("orientation", STORED)
@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF", "JPEG", "16-bit PNG"])
def test_exif_orientation_is_applied(encode: Encode, orientation: int, format: str) -> None:
    stored = np.ascontiguousarray(STORED[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    if format == "16-bit PNG":
        deep = pyvips.Image.new_from_array(stored.astype(np.uint16) * 257, interpretation="grey16")
        deep.set_type(pyvips.GValue.gint_type, "orientation", orientation)
        data = deep.pngsave_buffer()
    elif format == "JPEG":  # blocks of 8×8 pixels survive its compression
        data = encode(Image.fromarray(np.kron(stored, np.ones((8, 8), np.uint8))), format, exif=exif, quality=100)
    else:
        data = encode(Image.fromarray(stored).convert("RGB"), format, exif=exif, lossless=True)
    step = 8 if format == "JPEG" else 1
    assert np.abs(levels(read_image(data).rgb)[::step, ::step, 1] - UPRIGHT).max() <= 1


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_impossible_orientation_is_no_orientation(encode: Encode, samples: np.ndarray, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = read_image(encode(Image.fromarray(samples[..., :3]), "PNG", exif=exif))
    assert np.array_equal(levels(picture.rgb), samples[..., :3])


def test_alpha_turns_with_the_picture(encode: Encode, samples: np.ndarray) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = read_image(encode(Image.fromarray(samples), "PNG", exif=exif))
    assert np.array_equal(levels(picture.alpha), np.rot90(samples[..., 3:], -1))


@pytest.mark.parametrize("format", ["GIF", "PNG", "WEBP"])
def test_first_frame_of_an_animation(encode: Encode, format: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime", "blue")]
    options = {"save_all": True, "append_images": frames[1:], "duration": 50, "lossless": True}
    picture = read_image(encode(frames[0], format, **options))
    assert np.array_equal(levels(picture.rgb), np.broadcast_to([255, 0, 0], (8, 8, 3)))
    assert picture.notes == ("animated: frame 1 of 3 used",)


def test_first_page_of_a_tiff(encode: Encode) -> None:
    pages = [Image.new("RGB", (8, 8), colour) for colour in ("red", "lime")]
    picture = read_image(encode(pages[0], "TIFF", save_all=True, append_images=pages[1:]))
    assert levels(picture.rgb)[0, 0].tolist() == [255, 0, 0]
    assert picture.notes == ("first of 2 pages used",)


@pytest.mark.parametrize("format", ["PNG", "WEBP", "TIFF"])
def test_profile_in_a_file_is_applied(
    encode: Encode,
    samples: np.ndarray,
    display_p3: bytes,
    p3_to_srgb: Callable[[np.ndarray], np.ndarray],
    format: str,
) -> None:
    options = {"lossless": True, "exact": True} if format == "WEBP" else {}
    picture = read_image(encode(Image.fromarray(samples), format, icc_profile=display_p3, **options))
    assert np.abs(levels(picture.rgb) - 255 * p3_to_srgb(samples[..., :3] / 255)).max() < 2
    assert np.array_equal(levels(picture.alpha), samples[..., 3:])
    assert picture.notes == ("ICC profile 'Test P3' converted to sRGB",)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_grey_files_go_through_grey_profiles(
    encode: Encode, samples: np.ndarray, linear_grey: bytes, format: str, channels: int
) -> None:
    picture = read_image(encode(Image.fromarray(samples[..., :channels].squeeze()), format, icc_profile=linear_grey))
    light = samples[..., 0] / 255
    expected = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    assert np.abs(levels(picture.rgb)[..., 0] - 255 * expected).max() < 2
    assert (picture.alpha is not None) == (channels == 2)
    assert picture.notes == ("ICC profile 'Linear grey' converted to sRGB",)


@pytest.mark.parametrize("mode", ["HSV", "YCbCr", "LAB", "RGBX", "RGBa", "PA"])
def test_other_pillow_modes_are_converted(mode: str) -> None:
    plain = Image.new("RGB", (4, 4), (200, 100, 50))
    if mode == "LAB":
        image = ImageCms.profileToProfile(
            plain, ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), outputMode="LAB"
        )
    else:
        image = plain.convert({"RGBa": "RGBA", "PA": "P"}.get(mode, "RGB")).convert(mode)
    assert image is not None
    assert np.abs(levels(read_image(image).rgb)[0, 0] - [200, 100, 50]).max() <= (30 if mode == "PA" else 2)
