from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import nn

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.training.config import TrainingConfig
from adain_nodes.training.optimiser import Optimiser

Configure = Callable[..., TrainingConfig]


def network() -> nn.Sequential:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 6, 3), nn.Conv2d(6, 8, 1))
    return layers.to(memory_format=torch.channels_last)


def stepped(optimiser: Optimiser, layers: nn.Module, rate: float = 0.1) -> None:
    layers(torch.rand(1, 3, 9, 9)).square().sum().backward()
    optimiser.step(rate)


def test_muon_makes_the_steps_of_kernels_orthogonal(config: Configure) -> None:
    """All singular values of the change are about alike, where those of a gradient differ widely."""
    layers = network()
    before = layers[1].weight.detach().clone()
    stepped(Optimiser(config(optimiser="muon"), dict(layers.named_parameters())), layers)
    values = torch.linalg.svdvals((layers[1].weight.detach() - before).permute(0, 2, 3, 1).flatten(1))
    assert float(values.max() / values.min()) < 2
    # As large as a step of Adam: a root mean square of 0.2 times the rate.
    size = float((layers[1].weight.detach() - before).square().mean().sqrt())
    assert size == pytest.approx(0.2 * 0.1, rel=0.3)


def test_the_rest_is_left_to_adam(config: Configure) -> None:
    """Adam's first step is the rate itself, along the sign of each gradient."""
    layers = network()
    before = {name: parameter.detach().clone() for name, parameter in layers.named_parameters()}
    optimiser = Optimiser(config(optimiser="muon"), dict(layers.named_parameters()))
    stepped(optimiser, layers)
    for name in ("0.weight", "0.bias", "1.bias"):
        change = (layers.get_parameter(name).detach() - before[name]).abs()
        assert torch.allclose(change, torch.full_like(change, 0.1), rtol=1e-3)
    assert {name.split(".", 2)[2] for name in optimiser.tensors() if name.startswith("muon.")} == {
        "1.weight",
        "2.weight",
    }


@pytest.mark.parametrize("kind", ["adam", "muon"])
def test_gradients_are_used_up(config: Configure, kind: str) -> None:
    layers = network()
    optimiser = Optimiser(config(optimiser=kind), dict(layers.named_parameters()))
    stepped(optimiser, layers)
    assert all(parameter.grad is None for parameter in layers.parameters())
    weights = layers[1].weight.detach().clone()
    optimiser.step(0.1)
    assert torch.equal(layers[1].weight, weights)


def test_an_older_torch_is_said(config: Configure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(torch.optim, "Muon")
    with pytest.raises(InvalidValueError, match="has no Muon"):
        Optimiser(config(optimiser="muon"), dict(network().named_parameters()))
    Optimiser(config(optimiser="adam"), dict(network().named_parameters()))
