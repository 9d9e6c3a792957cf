"""What is no decoder is trained by the same trainer: networks that learn their styles, and parts of networks."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from adain_nodes.backend import choose_backend
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.models.base import Decoder, Encoder
from adain_nodes.models.feedforward import FeedForward, Pixels
from adain_nodes.training.config import TrainingConfig
from adain_nodes.training.data import Batch, Pairs, Pictures
from adain_nodes.training.learner import Learner
from adain_nodes.training.loop import train
from adain_nodes.training.objective import Objective
from adain_nodes.training.samples import STYLES, Samples

Configure = Callable[..., TrainingConfig]
Folders = tuple[Path, Path]
CPU = torch.device("cpu")


@pytest.fixture
def network() -> FeedForward:
    """For the five styles of the folders."""
    return FeedForward(2, 1, styles=5).eval().requires_grad_(False)


def test_batches_say_which_styles_they_hold(folders: Folders, config: Configure) -> None:
    grey = torch.tensor([0.0, 0.4, 0.8]).view(3, 1, 1, 1).expand(3, 3, 40, 50)
    batch = Pairs(Pictures([folders[0]], 40), Pictures([grey], 40), config(batch=8))[0]
    assert batch.numbers.unique().tolist() == [0, 1, 2]
    assert torch.allclose(batch.style.mean((1, 2, 3)), 0.4 * batch.numbers)


def test_each_picture_of_a_batch_learns_its_own_style(
    network: FeedForward, loss_network: Encoder, config: Configure
) -> None:
    learner = Learner(config(objective="decoder"), Pixels(), network, CPU)
    objective = Objective(config(objective="decoder"), Pixels(), loss_network)
    batch = Batch(torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32), torch.tensor([3, 1]))
    objective(*learner.networks, batch, 0)["total"].backward()
    gradient = learner.networks[1].get_parameter("first.norm.scale").grad
    assert gradient is not None
    assert [bool(row.any()) for row in gradient] == [False, True, False, True, False]


def test_there_is_no_alpha_0(network: FeedForward, loss_network: Encoder, config: Configure) -> None:
    batch = Batch(torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32), torch.tensor([0, 1]))
    for settings in (config(warmup=1), config(reconstruction_weight=1.0)):
        objective = Objective(settings, Pixels(), loss_network)
        with pytest.raises(InvalidValueError, match="A feed-forward network has no alpha 0"):
            objective(Pixels(), network, batch, 0)


def test_only_what_is_to_learn_changes(
    network: FeedForward, folders: Folders, loss_network: Encoder, config: Configure, tmp_path: Path
) -> None:
    given = network.for_new_style()
    outcome = train(
        config(objective="decoder", steps=2, learning_rate=0.1),
        [folders[0]],
        [folders[1] / "0.png"],
        encoder=Pixels(),
        decoder=given,
        loss_network=loss_network,
        folder=tmp_path,
        device="cpu",
    )
    before, after = given.state_dict(), outcome.decoder.state_dict()
    changed = {name for name, tensor in after.items() if not torch.equal(tensor, before[name])}
    assert changed
    assert all(".norm." in name for name in changed)


def test_running_means_come_from_training_alone(config: Configure) -> None:
    """Learning is in training mode, where a batch changes them; what is shown is in evaluation mode."""
    learner = Learner(config(objective="decoder"), Pixels(), FeedForward(2, 1, "batch"), CPU)
    encoder, decoder = learner.results
    before = [tensor.clone() for tensor in decoder.state_dict().values()]
    decoder.generate(encoder(torch.rand(1, 3, 16, 16)), torch.ones(1, 1))
    assert all(map(torch.equal, before, decoder.state_dict().values()))
    encoder, decoder = learner.networks
    decoder.generate(encoder(torch.rand(1, 3, 16, 16)), torch.ones(1, 1))
    assert not all(map(torch.equal, before, decoder.state_dict().values()))


def test_a_sheet_has_alpha_0_where_there_is_one(
    network: FeedForward, networks: tuple[Encoder, Decoder], folders: Folders, config: Configure
) -> None:
    shown = Samples(Pairs(*(Pictures([folder], 40) for folder in folders), config()))
    assert sorted(shown.numbers.tolist()) == list(range(STYLES))
    backend = choose_backend("cpu", "float32")
    with_it, without = shown.sheet(*networks, backend), shown.sheet(Pixels(), network, backend)
    assert with_it.width > without.width
    shares = network.describe(shown.styles[0][None], shown.numbers[:1], Pixels.convention)
    network.first.norm.scale.data[int(shares.argmax())] += 5  # the style of the first column
    difference = np.asarray(shown.sheet(Pixels(), network, backend)) != np.asarray(without)
    columns = np.flatnonzero(difference.any((0, 2)))
    assert columns.size
    assert columns.max() - columns.min() < without.width / (1 + STYLES)
