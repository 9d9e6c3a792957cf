from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from adain_nodes.backend import choose_backend
from adain_nodes.core.errors import ImageError, OutputError
from adain_nodes.models.base import Decoder, Encoder
from adain_nodes.training.config import TrainingConfig
from adain_nodes.training.data import Pairs, Pictures, Place
from adain_nodes.training.samples import CONTENTS, STYLES, Samples, write_picture

Configure = Callable[..., TrainingConfig]
Folders = tuple[Path, Path]


def samples(folders: tuple[Place, Place], config: TrainingConfig) -> Samples:
    contents, styles = (Pictures([folder], config.size) for folder in folders)
    return Samples(Pairs(contents, styles, config))


def test_the_same_ones_for_the_same_seed(folders: Folders, config: Configure) -> None:
    one, same, other = (samples(folders, config(seed=seed)) for seed in (3, 3, 4))
    assert len(one.contents) == CONTENTS
    assert len(one.styles) == STYLES
    assert all(picture.shape == (1, 3, 32, 32) for picture in one.contents + one.styles)
    assert torch.equal(torch.cat(one.contents + one.styles), torch.cat(same.contents + same.styles))
    assert not torch.equal(torch.cat(one.contents + one.styles), torch.cat(other.contents + other.styles))


def test_different_ones_as_far_as_there_are(
    folders: Folders, config: Configure, networks: tuple[Encoder, Decoder]
) -> None:
    shown = samples(folders, config())
    assert len({style.numpy().tobytes() for style in shown.styles}) == STYLES
    few = torch.rand(2, 3, 40, 40)
    shown = samples((few, few[:1]), config())
    assert (len(shown.contents), len(shown.styles)) == (2, 1)
    sheet = shown.sheet(*networks, choose_backend("cpu", "float32"))
    assert sheet.width < 5 * 256


def test_pictures_that_cannot_be_read_are_not_shown(folders: Folders, config: Configure) -> None:
    for broken in sorted(folders[0].iterdir())[:4]:
        broken.write_bytes(b"no picture")
    shown = samples(folders, config())
    assert len({content.numpy().tobytes() for content in shown.contents}) == 2
    for broken in folders[0].iterdir():
        broken.write_bytes(b"no picture")
    with pytest.raises(ImageError, match="6 of 6 pictures cannot be read"):
        samples(folders, config())


def test_squares_come_from_the_middle(tmp_path: Path, config: Configure) -> None:
    rows, columns = np.mgrid[:40, :60]
    Image.fromarray(np.stack((rows, columns, 0 * rows), -1).astype(np.uint8)).save(tmp_path / "ramp.png")
    square = (samples((tmp_path, tmp_path), config()).contents[0] * 255).round()
    assert (square[0, 0, 0, 0], square[0, 0, -1, 0]) == (4, 35)
    assert (square[0, 1, 0, 0], square[0, 1, 0, -1]) == (14, 45)


def test_sheet(folders: Folders, config: Configure, networks: tuple[Encoder, Decoder]) -> None:
    """Room for the contents, alpha 0 and all styles; it shows what the decoder makes, and leaves no gradients."""
    encoder, decoder = networks
    backend, shown = choose_backend("cpu", "float32"), samples(folders, config())
    sheet = shown.sheet(encoder, decoder, backend)
    assert sheet.width > (2 + STYLES) * 32
    assert sheet.height > (1 + CONTENTS) * 32
    assert np.array_equal(shown.sheet(encoder, decoder, backend), sheet)
    decoder.get_parameter("out.bias").data += 1.0
    assert not np.array_equal(shown.sheet(encoder, decoder, backend), sheet)
    assert all(parameter.grad is None for parameter in decoder.parameters())


def test_written_as_png_or_jpeg(tmp_path: Path) -> None:
    sheet = Image.new("RGB", (40, 30), (200, 100, 50))
    write_picture(tmp_path / "samples" / "000001.jpg", sheet)
    with Image.open(tmp_path / "samples" / "000001.jpg") as written:
        assert (written.format, written.size) == ("JPEG", (40, 30))
        assert np.abs(np.asarray(written, np.int16) - np.asarray(sheet, np.int16)).max() <= 2
    write_picture(tmp_path / "curve.png", sheet)
    with Image.open(tmp_path / "curve.png") as written:
        assert written.format == "PNG"
        assert np.array_equal(written, sheet)
    (tmp_path / "folder.jpg").mkdir()
    with pytest.raises(OutputError, match="it is a folder"):
        write_picture(tmp_path / "folder.jpg", sheet)
