"""Tensors, arrays and Pillow images: one layout each way, and the one resampling of the project."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from adain_nodes.core.errors import InvalidValueError, ShapeError

_FULL_SCALE = {8: 255, 16: 65535}


def to_tensor(pixels: np.ndarray) -> Tensor:
    """H×W×C or B×H×W×C samples (uint8: 0–255, uint16: 0–65535) as B×C×H×W float32 in [0, 1].

    Raises ShapeError for another number of axes and InvalidValueError for other sample types.
    """
    if pixels.ndim not in (3, 4):
        raise ShapeError(f"Pixels come as H×W×C or B×H×W×C, not with {pixels.ndim} axes.", shape=pixels.shape)
    if pixels.dtype not in (np.uint8, np.uint16):
        raise InvalidValueError(f"Samples are uint8 or uint16, not {pixels.dtype}.", dtype=str(pixels.dtype))
    batch = pixels if pixels.ndim == 4 else pixels[None]
    samples = batch.transpose(0, 3, 1, 2).astype(np.float32, order="C")
    return torch.from_numpy(samples).div_(np.iinfo(pixels.dtype).max)


def to_array(picture: Tensor, depth: int = 8) -> np.ndarray:
    """A B×C×H×W tensor in [0, 1] as B×H×W×C samples, uint8 or uint16 as ``depth`` says, rounded to the nearest.

    Values outside the range are clamped. Raises InvalidValueError for NaN, which no sample can hold, and for
    another depth; ShapeError unless there are four axes.
    """
    if picture.ndim != 4:
        raise ShapeError(f"A picture is B×C×H×W, not {tuple(picture.shape)}.", shape=tuple(picture.shape))
    if depth not in _FULL_SCALE:
        raise InvalidValueError(f"A depth of {depth} bits does not exist here.", "Choose 8 or 16.", depth=depth)
    values = picture.detach().to("cpu", torch.float32)
    if values.isnan().any():
        raise InvalidValueError("The picture holds NaN.", "Look for the step that made them; float16 often overflows.")
    samples = (values.clamp(0, 1) * _FULL_SCALE[depth]).round().permute(0, 2, 3, 1)
    return np.ascontiguousarray(samples.numpy().astype(np.uint8 if depth == 8 else np.uint16))


def to_pil(picture: Tensor) -> Image.Image:
    """A 1×C×H×W tensor in [0, 1] as an 8-bit Pillow image: one channel is grey, three RGB, four RGBA.

    Raises ShapeError for a batch or another number of channels.
    """
    if picture.ndim != 4 or picture.shape[0] != 1 or picture.shape[1] not in (1, 3, 4):
        raise ShapeError(
            f"One picture with 1, 3 or 4 channels makes a Pillow image, not {tuple(picture.shape)}.",
            "Convert the pictures of a batch one by one.",
            shape=tuple(picture.shape),
        )
    pixels = to_array(picture)[0]
    return Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)


def scaled_size(height: int, width: int, short_side: int) -> tuple[int, int]:
    """Height and width in pixels with the same aspect whose shorter one is ``short_side``.

    Raises InvalidValueError for less than one pixel.
    """
    if short_side < 1:
        raise InvalidValueError(f"A short side of {short_side} px is not possible.", "Give 1 or more, or 0 to keep it.")
    scale = short_side / min(height, width)
    return max(short_side, round(height * scale)), max(short_side, round(width * scale))


def resize(picture: Tensor, short_side: int | None) -> Tensor:
    """B×C×H×W in [0, 1] with the shorter side at ``short_side`` pixels and the aspect kept; None or 0 keeps the size.

    Pillow's LANCZOS, antialiased, on float32 samples: the filter of the evaluation protocol, without its rounding to
    8 bits. It runs on the CPU; the result is clamped to [0, 1] (the filter overshoots at edges) and comes back on the
    picture's device. Raises InvalidValueError for a negative size.
    """
    if not short_side:
        return picture
    height, width = scaled_size(picture.shape[2], picture.shape[3], short_side)
    if (height, width) == picture.shape[2:]:
        return picture
    planes = picture.detach().to("cpu", torch.float32).flatten(0, 1).numpy()
    resized = [np.asarray(Image.fromarray(plane).resize((width, height), Image.Resampling.LANCZOS)) for plane in planes]
    result = torch.from_numpy(np.stack(resized)).clamp_(0, 1).reshape(*picture.shape[:2], height, width)
    return result.to(picture.device)
