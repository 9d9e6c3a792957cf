from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from adain_nodes.checkpoints.networks import load_feedforward, load_networks
from adain_nodes.checkpoints.save import save_networks
from adain_nodes.core.errors import CheckpointError, InvalidValueError, ShapeError
from adain_nodes.core.statistics import BIASED
from adain_nodes.models.feedforward import FeedForward, Pixels
from adain_nodes.models.lite import LiteDecoder

Close = Callable[..., None]


@pytest.fixture
def network() -> FeedForward:
    """Three styles that differ."""
    made = FeedForward(4, 1, styles=3)
    for name, parameter in made.named_parameters():
        if ".norm." in name:
            torch.nn.init.normal_(parameter, mean=1.0)
    return made.eval().requires_grad_(False)


@pytest.mark.parametrize("size", [(1, 1), (7, 9), (8, 8), (33, 18)])
def test_a_picture_of_the_same_size(network: FeedForward, size: tuple[int, int]) -> None:
    made = network.stylize(torch.rand(2, 3, *size), network.shares(["2"]))
    assert made.shape == (2, 3, *size)
    assert made.dtype == torch.float32
    assert made.min() >= 0
    assert made.max() <= 1


def test_styles_by_number_and_name(network: FeedForward) -> None:
    assert network.shares(["3"]).tolist() == [[0, 0, 1]]
    network.names = ("wave", "stars", "1")
    assert network.shares(["stars", "wave"], [3, 1]).tolist() == [[0.25, 0.75, 0]]
    assert network.shares(["1"]).tolist() == [[0, 0, 1]]  # a name comes before a number
    assert network.shares([1]).tolist() == [[1, 0, 0]]  # which this is, whatever the names
    assert FeedForward(4, 1).shares().tolist() == [[1]]
    for wrong in ([], ["4"], ["wave", "sand"]):
        with pytest.raises(InvalidValueError, match="not learnt, is named"):
            network.shares(wrong)


def test_styles_differ_and_blends_lie_between(network: FeedForward) -> None:
    photo = torch.rand(1, 3, 16, 16)
    one, other, half = (network.stylize(photo, network.shares(names)) for names in (["1"], ["2"], ["1", "2"]))
    assert (one - other).abs().mean() > 0.01
    assert (half - one).abs().mean() < (one - other).abs().mean()


def test_what_the_trainer_asks(network: FeedForward, close: Close) -> None:
    """A picture of the batch in the style of its number."""
    photos, encoder = torch.rand(2, 3, 16, 16), Pixels()
    look = network.describe(encoder(torch.rand(2, 3, 16, 16)), torch.tensor([2, 0]), BIASED)
    made = network.generate(encoder(photos), look)
    close(made[:1], network.stylize(photos[:1], network.shares(["3"])))
    close(made[1:], network.stylize(photos[1:], network.shares(["1"])))
    network.check_encoder(encoder)
    with pytest.raises(ShapeError, match="One of 3 styles is meant"):
        network.describe(photos[None], None, BIASED)
    with pytest.raises(ShapeError, match=r"shape \(1, 2\); this network has 3 styles"):
        network.generate((photos,), torch.ones(1, 2))


def test_a_new_style_learns_two_numbers_a_feature(network: FeedForward, close: Close) -> None:
    new = network.for_new_style()
    names = {name for name, parameter in new.named_parameters() for one in new.trained() if parameter is one}
    assert names == {name for name, _ in new.named_parameters() if name.endswith((".scale", ".shift"))}
    features = 4 + 8 + 16 + 2 * 16 + 8 + 4
    assert sum(parameter.numel() for parameter in new.trained()) == 2 * features
    assert sum(1 for _ in network.trained()) == len(list(network.parameters()))

    for parameter in new.trained():
        parameter.data += 1
    both, photo = network.with_style(new), torch.rand(1, 3, 16, 16)
    assert both.styles == 4
    close(both.stylize(photo, both.shares(["4"])), new.stylize(photo, new.shares()))
    close(both.stylize(photo, both.shares(["2"])), network.stylize(photo, network.shares(["2"])))
    with pytest.raises(InvalidValueError, match="convolutions of another network"):
        FeedForward(4, 1).with_style(new)


def test_batch_normalisation_has_one_style() -> None:
    with pytest.raises(InvalidValueError, match="Several styles take instance normalisation"):
        FeedForward(4, 1, "batch", 2)
    with pytest.raises(InvalidValueError, match="added to networks with instance normalisation"):
        FeedForward(4, 1, "batch").for_new_style()


@pytest.mark.parametrize(("kind", "styles"), [("instance", 1), ("batch", 1), ("instance", 3)])
def test_file(tmp_path: Path, kind: str, styles: int) -> None:
    made = FeedForward(6, 2, kind, styles)  # pyright: ignore[reportArgumentType]
    made.generate((torch.rand(2, 3, 16, 16),), torch.full((1, styles), 1 / styles))
    path = save_networks(tmp_path / "net.safetensors", None, made.eval(), {"styles": "\n".join("abc"[:styles])})
    loaded = load_feedforward(path)
    assert (loaded.width, len(loaded.blocks), loaded.normalization, loaded.styles) == (6, 2, kind, styles)
    assert loaded.names == tuple("abc"[:styles])
    photo, shares = torch.rand(1, 3, 20, 17), torch.full((1, styles), 1 / styles)
    assert torch.equal(loaded.stylize(photo, shares), made.stylize(photo, shares))
    assert not any(parameter.requires_grad for parameter in loaded.parameters())


def test_files_that_are_none(tmp_path: Path) -> None:
    path = save_networks(tmp_path / "net.safetensors", None, FeedForward(4, 1))
    assert load_feedforward(path).names == ("1",)
    with pytest.raises(CheckpointError, match=r"feed-forward network and no decoder\. Apply it with `adain feed"):
        load_networks(path)
    state = load_file(path)
    del state["dec.blocks.0.a.conv.weight"]
    save_file(state, path)
    with pytest.raises(CheckpointError, match=r"missing: blocks\.0\.a\.conv\.weight"):
        load_feedforward(path)
    save_networks(path, None, FeedForward(4, 1), {"styles": "one\ntwo"})
    with pytest.raises(CheckpointError, match="has 1 styles and names for 2"):
        load_feedforward(path)
    lite = save_networks(tmp_path / "lite.safetensors", None, LiteDecoder((8, 8, 16)))
    with pytest.raises(CheckpointError, match="holds a lite model and no feed-forward network"):
        load_feedforward(lite)
