"""ICC profiles: which of them matter, and the way to sRGB through them."""

import io
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, ImageCms

_MODES = {"GRAY": "L", "RGB ": "RGB", "CMYK": "CMYK"}


@dataclass(frozen=True)
class Profile:
    """An ICC profile that changes colours; ``mode`` is the Pillow mode of the samples it describes: L, RGB or CMYK."""

    name: str
    mode: str
    transform: ImageCms.ImageCmsTransform

    def to_srgb(self, image: Image.Image) -> Image.Image:
        """``image`` (of mode ``self.mode``, or L where that is RGB) as 8-bit sRGB."""
        return self.transform.apply(image.convert(self.mode))


def read_profile(data: bytes | None, mode: str) -> tuple[Profile | None, list[str]]:
    """The profile that a picture of ``mode`` (L, RGB or CMYK) has to be taken through, and notes about it.

    None for a picture without a profile, and for a profile that is sRGB under any name. A damaged profile, or one
    for other samples than the picture's, is left aside and a note says so.
    """
    notes = []
    try:
        profile = _open_profile(data) if data else None
        if profile and profile.mode != mode and (profile.mode, mode) != ("RGB", "L"):
            notes.append(f"ICC profile '{profile.name}' is for {profile.mode} samples, not {mode}: ignored")
            profile = None
        if profile and profile.mode == "RGB" and _keeps_colours(profile):
            profile = None
    except (ImageCms.PyCMSError, OSError, LookupError) as error:
        notes.append(f"ICC profile damaged: ignored ({error})")
        profile = None
    if profile:
        notes.append(f"ICC profile '{profile.name}' converted to sRGB")
    elif mode == "CMYK":
        notes.append("CMYK without a usable ICC profile converted to RGB: its colours are approximate")
    return profile, notes


def _open_profile(data: bytes) -> Profile:
    profile: Any = ImageCms.ImageCmsProfile(io.BytesIO(data))
    mode = _MODES[profile.profile.xcolor_space]
    flags = ImageCms.Flags.BLACKPOINTCOMPENSATION
    if mode == "L":
        flags |= ImageCms.Flags.GRIDPOINTS(255)  # its default of 33 is up to 9 levels off in the shadows
    transform = ImageCms.buildTransform(
        profile,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        flags,
    )
    return Profile(ImageCms.getProfileDescription(profile).strip() or "unnamed", mode, transform)


def _keeps_colours(profile: Profile) -> bool:
    """Whether a grid of colours moves by at most one 8-bit level: sRGB has too many names to go by those."""
    levels = np.arange(0, 256, 51, dtype=np.uint8)
    grid = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(1, -1, 3)
    moved = np.asarray(profile.to_srgb(Image.fromarray(grid)))
    return int(np.abs(moved.astype(int) - grid).max()) <= 1
