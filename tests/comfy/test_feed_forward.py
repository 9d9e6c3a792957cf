"""Networks that have learnt their styles, in a real ComfyUI."""

from __future__ import annotations

import pytest
import torch
from prompts import compare, error, picture, repeated

from adain_nodes.checkpoints.save import save_networks
from adain_nodes.models.feedforward import FeedForward


@pytest.fixture(scope="module")
def network(host):
    """One of three styles that differ, as learnt.safetensors in the host's model folder."""
    torch.manual_seed(0)
    made = FeedForward(4, 1, styles=3).eval()
    for name, parameter in made.named_parameters():
        if ".norm." in name:
            torch.nn.init.normal_(parameter, mean=1.0)
    folder = host.base / "models" / "adain"
    folder.mkdir(parents=True, exist_ok=True)
    save_networks(folder / "learnt.safetensors", None, made)
    return made


def prompt(**settings):
    """A photograph through the network."""
    settings = {"weights": "learnt.safetensors", "style": 2, "other_style": 3, "blend": 0.0, **settings}
    return {
        "photo": {"class_type": "LoadImage", "inputs": {"image": "castle.jpg"}},
        "ours": {"class_type": "AdaIN_FeedForward", "inputs": {"image": ["photo", 0], **settings}},
        "save": {"class_type": "SaveImage", "inputs": {"images": ["ours", 0], "filename_prefix": "learnt"}},
    }


@pytest.mark.parametrize(("blend", "weights"), [(0.0, [1.0]), (0.25, [0.75, 0.25]), (1.0, [0.0, 1.0])])
def test_the_node_does_what_the_library_does(host, network, blend, weights):
    outcome = host.run(prompt(blend=blend))
    assert outcome.end == "success", outcome.error
    shares = network.shares([2, 3][: len(weights)], weights)
    compare(outcome.pictures[0], network.stylize(picture("castle.jpg"), shares))


def test_a_batch(host, network):
    outcome = host.run(repeated(prompt(style=1), "FeedForward", 2))
    assert outcome.end == "success", outcome.error
    assert len(outcome.pictures) == 2


@pytest.mark.usefixtures("network")
def test_refusals(host):
    assert "named: [9]. Name one of 1, 2, 3" in error(host, prompt(style=9))[1]
