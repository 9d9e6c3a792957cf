"""`adain feedforward`, with a network of two styles."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
import torch

from adain_nodes.checkpoints.save import save_networks
from adain_nodes.cli import feedforward
from adain_nodes.imaging import read_image, read_parameters
from adain_nodes.models.feedforward import FeedForward

PHOTO = "photos/one.png"


@pytest.fixture
def network(folder: Path) -> FeedForward:
    """Kept as net.safetensors in the working folder."""
    made = FeedForward(4, 1, styles=2).eval()
    for name, parameter in made.named_parameters():
        if ".norm." in name:
            torch.nn.init.normal_(parameter, mean=1.0)
    save_networks(folder / "net.safetensors", None, made, {"styles": "wave\nstars"})
    return made


def test_a_style_by_name(adain, network):
    status, out, _ = adain("feedforward", PHOTO, "-w", "net.safetensors", "-s", "stars", "--dtype", "float32")
    assert (status, out.strip()) == (0, "results/one_stars_feedforward.png")
    expected = network.stylize(read_image(PHOTO).rgb, network.shares(["2"]))
    assert (read_image(out.strip()).rgb - expected).abs().max() < 1 / 255
    kept = read_parameters(out.strip())
    assert (kept["command"], kept["weights"], kept["style"]) == ("feedforward", "net.safetensors", ["stars"])


def test_a_blend_by_number_at_another_size(adain, network):
    options = ("--size", 20, "--dtype", "float32", "-o", "made.png")
    assert adain("feedforward", PHOTO, "-w", "net.safetensors", "-s", "1:3", "-s", "2", *options)[0] == 0
    assert read_image("made.png").rgb.shape == (1, 3, 20, 24)


@pytest.mark.usefixtures("network")
def test_refusals(adain):
    status, _, err = adain("feedforward", PHOTO, "-w", "net.safetensors")
    assert status == 1
    assert "Name one of wave, stars, or its number from 1" in err
    status, _, err = adain("stylize", PHOTO, "-s", "styles/warm.png", "-m", "net.safetensors")
    assert status == 1
    assert "Apply it with `adain feedforward`" in err


def test_the_photograph_keeps_its_size_unless_told():
    assert inspect.signature(feedforward.feedforward).parameters["size"].default == 0
