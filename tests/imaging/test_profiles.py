"""ICC profiles against the colour science that they stand for."""

from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageCms

from adain_nodes.imaging.profiles import read_profile


def test_wide_gamut_profile_gives_the_srgb_of_the_same_colours(
    display_p3: bytes, p3_to_srgb: Callable[[np.ndarray], np.ndarray], samples: np.ndarray
) -> None:
    profile, notes = read_profile(display_p3, "RGB")
    assert profile is not None
    converted = np.asarray(profile.to_srgb(Image.fromarray(samples[..., :3]))) / 255
    expected = p3_to_srgb(samples[..., :3] / 255)
    assert np.abs(converted - expected).max() < 1.5 / 255
    assert np.abs(expected - samples[..., :3] / 255).max() > 0.1  # the profile does matter
    assert notes == ["ICC profile 'Test P3' converted to sRGB"]


def test_grey_profile_applies_to_grey_samples(linear_grey: bytes) -> None:
    profile, notes = read_profile(linear_grey, "L")
    assert profile is not None
    assert profile.mode == "L"
    light = np.array([[0.1, 0.25, 0.5]])
    converted = np.asarray(profile.to_srgb(Image.fromarray((light * 255).round().astype(np.uint8))))
    expected = (1.055 * light ** (1 / 2.4) - 0.055) * 255
    assert converted.shape == (1, 3, 3)
    assert np.abs(converted - expected[..., None]).max() <= 1.5
    assert notes == ["ICC profile 'Linear grey' converted to sRGB"]


def test_grey_samples_go_through_an_rgb_profile(display_p3: bytes) -> None:
    profile, _ = read_profile(display_p3, "L")
    assert profile is not None
    red, green, blue = profile.to_srgb(Image.new("L", (1, 1), 128)).getpixel((0, 0))
    assert max(red, green, blue) - min(red, green, blue) <= 1


def test_srgb_under_any_name_is_no_conversion() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert read_profile(srgb.replace(b"sRGB", b"Mine"), "RGB") == (None, [])
    assert read_profile(None, "RGB") == (None, [])


def test_profile_without_a_name(display_p3: bytes) -> None:
    profile, _ = read_profile(display_p3.replace(b"Test P3", b"       "), "RGB")
    assert profile is not None
    assert profile.name == "unnamed"


@pytest.mark.parametrize("damage", [lambda data: data[:100], lambda data: b"x" * len(data), lambda data: data[:300]])
def test_damaged_profile_is_left_aside_with_a_note(display_p3: bytes, damage: Callable[[bytes], bytes]) -> None:
    profile, notes = read_profile(damage(display_p3), "RGB")
    assert profile is None
    assert len(notes) == 1
    assert notes[0].startswith("ICC profile damaged: ignored")


def test_profile_for_other_samples_is_left_aside_with_a_note(linear_grey: bytes, display_p3: bytes) -> None:
    assert read_profile(linear_grey, "RGB") == (None, ["ICC profile 'Linear grey' is for L samples, not RGB: ignored"])
    profile, notes = read_profile(display_p3, "CMYK")
    assert profile is None
    assert notes[0] == "ICC profile 'Test P3' is for RGB samples, not CMYK: ignored"
    assert "approximate" in notes[1]
