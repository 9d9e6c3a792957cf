from __future__ import annotations

import pytest
import torch

from adain_nodes.backend import choose_backend
from adain_nodes.baselines.gatys import Gatys
from adain_nodes.baselines.optimisation import Schedule, Watch
from adain_nodes.baselines.perception import STATISTICS, Losses
from adain_nodes.checkpoints.networks import load_encoder
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.evaluation.metrics import LossNetwork, compare
from adain_nodes.imaging import read_square
from adain_nodes.models.vgg import STYLE_LEVELS


@pytest.fixture
def pictures():
    return torch.rand(2, 1, 3, 20, 28).unbind()


@pytest.mark.parametrize("statistics", STATISTICS)
@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_losses_fall(vgg, pictures, statistics, optimizer):
    content, style = pictures
    gatys = Gatys(vgg, Losses(statistics=statistics), Schedule(12, optimizer))
    outcome = gatys.optimise(content, gatys.encode_style(style))
    totals = [losses["total"] for losses in outcome.losses]
    assert totals[-1] < 0.6 * totals[0]
    assert outcome.losses[0]["content"] == pytest.approx(0, abs=1e-9)  # it starts with the content
    assert outcome.picture.shape == content.shape


def test_more_scales_and_pictures(vgg):
    contents, style = torch.rand(2, 3, 21, 26), torch.rand(1, 3, 30, 24)
    gatys = Gatys(vgg, schedule=Schedule(3, scales=2))
    looks = gatys.encode_style(style)
    result = gatys.stylize(contents, looks)
    assert result.shape == contents.shape
    assert 0 <= result.min() <= result.max() <= 1
    torch.testing.assert_close(result[1:], gatys.optimise(contents[1:], looks).picture)


def test_alpha_is_how_much_the_style_counts(vgg, pictures):
    content, style = pictures
    gatys = Gatys(vgg, schedule=Schedule(5))
    looks = gatys.encode_style(style)
    assert torch.equal(gatys.stylize(content, looks, 0.0), content)  # it starts where it must go
    half, full = (gatys.optimise(content, looks, alpha).losses[-1] for alpha in (0.01, 1.0))
    assert half["content"] < full["content"]
    with pytest.raises(InvalidValueError, match=r"alpha is 1\.5"):
        gatys.stylize(content, looks, 1.5)


def test_starts(vgg, pictures):
    content, style = pictures
    first = {}
    for name, start in {"content": "content", "noise": "noise", "picture": torch.rand(1, 3, 9, 9)}.items():
        gatys = Gatys(vgg, schedule=Schedule(1), start=start)
        first[name] = gatys.optimise(content, gatys.encode_style(style)).losses[0]["content"]
    assert first["content"] == pytest.approx(0, abs=1e-9)
    assert len(set(first.values())) == 3
    with pytest.raises(InvalidValueError, match=r"no start 'style'\. Choose content or noise, or a picture"):
        Gatys(vgg, start="style")


def test_noise_depends_on_the_seed_alone(vgg, pictures):
    content, style = pictures

    def made(seed):
        gatys = Gatys(vgg, schedule=Schedule(2, seed=seed), start="noise")
        return gatys.stylize(content, gatys.encode_style(style))

    assert torch.equal(made(1), made(1))
    assert not torch.equal(made(1), made(2))


def test_cancelling_keeps_the_picture_so_far(vgg, pictures):
    content, style = pictures
    steps = []
    gatys = Gatys(vgg, schedule=Schedule(50), watch=Watch(steps.append, lambda: len(steps) == 3))
    outcome = gatys.optimise(content, gatys.encode_style(style))
    assert outcome.cancelled
    assert torch.equal(outcome.picture, steps[-1].picture)
    assert not torch.equal(outcome.picture, content)


def test_pictures_too_small_for_the_levels_are_refused(vgg):
    gatys = Gatys(vgg, schedule=Schedule(1, scales=2))
    with pytest.raises(InvalidValueError, match="4×4 px are too few for relu3_1"):
        gatys.encode_style(torch.rand(1, 3, 8, 8))
    looks = gatys.encode_style(torch.rand(1, 3, 16, 16))
    with pytest.raises(InvalidValueError, match="Take a larger picture, fewer scales"):
        gatys.stylize(torch.rand(1, 3, 8, 16), looks)


@pytest.mark.slow
def test_the_paper_s_losses_are_reached_with_the_real_vgg(shared):
    """Figure 3: its own objective falls far below that of the content, in bfloat16 as in float32."""
    network = load_encoder(shared / "weights" / "vgg_normalised_relu4_1.pth", STYLE_LEVELS)
    folder = shared / "images" / "eval"
    content = read_square(next((folder / "content").iterdir()), 64)
    style = read_square(folder / "style" / "la_muse.jpg", 64)
    judge = LossNetwork(network, device="cpu")
    seen_content, seen_style = judge.describe(content)[0], judge.describe(style)[0]
    found = {}
    for dtype in ("float32", "bfloat16"):
        with choose_backend("cpu", dtype).running():
            gatys = Gatys(network, Losses(statistics="mean-std"), Schedule(40))
            picture = gatys.stylize(content, gatys.encode_style(style))
        found[dtype] = compare(judge.describe(picture)[0], seen_content, seen_style)
    before = compare(seen_content, seen_content, seen_style)
    assert found["float32"].style < 0.1 * before.style
    assert found["bfloat16"].style == pytest.approx(found["float32"].style, rel=0.2)
    assert found["bfloat16"].content == pytest.approx(found["float32"].content, rel=0.05)
