"""A tiny training set and tiny networks: a step takes milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from adain_nodes.models.base import Decoder, Encoder
from adain_nodes.models.lite import LiteDecoder, LiteEncoder
from adain_nodes.models.vgg import VGGEncoder
from adain_nodes.training.config import TrainingConfig

WIDTHS = (8, 8, 16)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """Folders of 6 contents and 5 styles, 40 to 60 px a side, all different."""
    random = np.random.default_rng(0)
    made = tmp_path / "contents", tmp_path / "styles"
    for folder, count in zip(made, (6, 5), strict=True):
        folder.mkdir()
        for index in range(count):
            pixels = random.integers(0, 256, (40 + 4 * index, 60 - 3 * index, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / f"{index}.png")
    return made


@pytest.fixture
def config() -> Callable[..., TrainingConfig]:
    """Settings of a tiny joint run, with any of them changed."""

    def make(**changes: object) -> TrainingConfig:
        tiny = {"objective": "joint", "steps": 3, "batch": 2, "size": 40, "crop": 32, "content_target": "content"}
        return TrainingConfig(**{**tiny, **changes})  # pyright: ignore[reportArgumentType]

    return make


@pytest.fixture
def networks() -> tuple[Encoder, Decoder]:
    """A lite pair of a few thousand parameters, as a file gives it: without gradients."""
    torch.manual_seed(1)
    encoder = LiteEncoder(WIDTHS)
    decoder = LiteDecoder(WIDTHS, encoder.fingerprint())
    return encoder.eval().requires_grad_(False), decoder.eval().requires_grad_(False)


@pytest.fixture(scope="session")
def loss_network() -> Encoder:
    """VGG-19 to relu2_1 with random weights, scaled so that its maps stay about as large as a picture's."""
    torch.manual_seed(2)
    network = VGGEncoder(("relu1_1", "relu2_1"), "vgg19-random")
    for parameter in network.parameters():
        if parameter.ndim > 1:
            torch.nn.init.kaiming_normal_(parameter)
    return network.eval().requires_grad_(False)
