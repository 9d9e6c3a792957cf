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
from adain_nodes.core.adain import adain_levels
from adain_nodes.core.files import replace_file
from adain_nodes.core.sizing import size_of
from adain_nodes.core.style import style_of
from adain_nodes.imaging import contact_sheet, to_tensor
from adain_nodes.models.base import Decoder, Encoder
from adain_nodes.training.data import Pairs

CONTENTS, STYLES = 3, 5
_LABELS = ("alpha 0", *[f"style {number}" for number in range(1, STYLES + 1)])


class Samples:
    """Some contents and styles of a run, the same ones whenever its seed is the same: squares from their centres.

    They are different pictures, and fewer where the run has not so many.
    """

    def __init__(self, pairs: Pairs) -> None:
        random = Random(f"{pairs.config.seed}/samples")
        self.contents = [_square(pixels, pairs.config.crop) for pixels in pairs.contents.sample(random, CONTENTS)]
        self.styles = [_square(pixels, pairs.config.crop) for pixels in pairs.styles.sample(random, STYLES)]

    def sheet(self, encoder: Encoder, decoder: Decoder, backend: Backend) -> Image.Image:
        """Every content in every style; the first column shows the contents, the second what alpha 0 gives."""
        with backend.running():
            encoded = [encoder(backend.place(style)) for style in self.styles]
            styles = [style_of(features, encoder.levels, "", encoder.convention) for features in encoded]
            rows: list[list[Tensor]] = []
            for content in self.contents:
                plain = encoder(backend.place(content))
                stylized = (plain, *(adain_levels(plain, style) for style in styles))
                rows.append([decoder.decode(features, size_of(content)) for features in stylized])
        shown = [torch.ones_like(self.styles[0]), *self.styles]
        return contact_sheet(rows, contents=self.contents, styles=shown, column_labels=_LABELS[: len(shown)])


def write_picture(path: Path, picture: Image.Image) -> None:
    """Write a picture as PNG or JPEG, its folder made if need be; raises OutputError where that fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = io.BytesIO()
    picture.save(data, "png" if path.suffix == ".png" else "jpeg", quality=90)
    replace_file(path, data.getvalue())


def _square(pixels: np.ndarray, side: int) -> Tensor:
    top, left = ((length - side) // 2 for length in pixels.shape[:2])
    return to_tensor(pixels[top : top + side, left : left + side])
