"""A few small pictures, a VGG of random weights that judges, and experiments of two steps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from adain_nodes.checkpoints.save import save_networks
from adain_nodes.experiments.catalogue import run_experiment
from adain_nodes.experiments.settings import Settings
from adain_nodes.imaging import write_image
from adain_nodes.models.vgg import VGGEncoder

TINY = Settings(steps=2, batch=2, size=32, crop=32, width=2, level="relu2_1")

Run = Callable[..., Path]


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with content/0 … 3.png, style/0 … 3.png, and vgg.safetensors."""
    folder = tmp_path_factory.mktemp("pictures")
    torch.manual_seed(0)
    for kind in ("content", "style"):
        (folder / kind).mkdir()
        for number in range(4):
            write_image(folder / kind / f"{number}.png", torch.rand(1, 3, 36 + number, 40))
    network = VGGEncoder(("relu1_1", "relu2_1"))
    for parameter in network.parameters():
        if parameter.ndim > 1:
            torch.nn.init.kaiming_normal_(parameter)
    save_networks(folder / "vgg.safetensors", network)
    return folder


@pytest.fixture
def run(pictures: Path) -> Run:
    """Run an experiment of this name, settings and folder on these pictures; returns its page."""

    def start(name: str, folder: Path, settings: Settings = TINY, **options: object) -> Path:
        sources = [[str(pictures / kind)] for kind in ("content", "style")]
        network = str(pictures / "vgg.safetensors")
        return run_experiment(name, *sources, folder, settings, loss_network=network, device="cpu", **options)  # pyright: ignore[reportArgumentType]

    return start
