"""Sheets of sample pictures: the same contents and styles each time, so that one sees what changed."""

from __future__ import annotations

import io
from pathlib import Path
from random import Random

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from adain_nodes.backend import Backend
from adain_nodes.core.files import make_folder, replace_file
from adain_nodes.core.sizing import size_of
from adain_nodes.imaging import contact_sheet, to_tensor
from adain_nodes.models.base import Decoder, Encoder, Generator
from adain_nodes.training.data import Pairs

CONTENTS, STYLES = 3, 5
_LABELS = tuple(f"style {number}" for number in range(1, STYLES + 1))


class Samples:
    """Some contents and styles of a run, the same ones whenever its seed is the same: squares from their centres.

    They are different pictures, and fewer where the run has not so many.
    """

    def __init__(self, pairs: Pairs) -> None:
        random = Random(f"{pairs.config.seed}/samples")
        contents, styles = pairs.contents.sample(random, CONTENTS), pairs.styles.sample(random, STYLES)
        self.contents = [_square(pixels, pairs.config.crop) for pixels in contents.values()]
        self.styles = [_square(pixels, pairs.config.crop) for pixels in styles.values()]
        self.numbers = torch.tensor(list(styles))

    def sheet(self, encoder: Encoder, decoder: Generator, backend: Backend) -> Image.Image:
        """Every content in every style; behind the contents stands what a decoder gives at alpha 0."""
        plain = isinstance(decoder, Decoder)
        with backend.running():
            encoded = [encoder(backend.place(style)) for style in self.styles]
            numbers = self.numbers.split(1)
            looks = [decoder.describe(*known, encoder.convention) for known in zip(encoded, numbers, strict=True)]
            rows: list[list[Tensor]] = []
            for content in self.contents:
                features, size = encoder(backend.place(content)), size_of(content)
                rows.append([decoder.decode(features, size)] if isinstance(decoder, Decoder) else [])
                rows[-1] += [decoder.picture(features, look, size) for look in looks]
        shown = [torch.ones_like(self.styles[0])] * plain + self.styles
        labels = ("alpha 0",) * plain + _LABELS
        return contact_sheet(rows, contents=self.contents, styles=shown, column_labels=labels[: len(shown)])


def write_picture(path: Path, picture: Image.Image) -> None:
    """Write a picture as PNG or JPEG, its folder made if need be; raises OutputError where that fails."""
    make_folder(path.parent)
    data = io.BytesIO()
    picture.save(data, "png" if path.suffix == ".png" else "jpeg", quality=90)
    replace_file(path, data.getvalue())


def _square(pixels: np.ndarray, side: int) -> Tensor:
    top, left = ((length - side) // 2 for length in pixels.shape[:2])
    return to_tensor(pixels[top : top + side, left : left + side])
