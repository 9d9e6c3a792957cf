from __future__ import annotations

import pytest
import torch

from adain_nodes.baselines.gatys import Gatys
from adain_nodes.baselines.optimisation import Schedule
from adain_nodes.evaluation import gatys_speed
from adain_nodes.evaluation.gatys_speed import PLAIN_GATYS, gatys_table, measure_gatys
from adain_nodes.evaluation.plain_gatys import PlainGatys
from adain_nodes.models.vgg import STYLE_LEVELS


def test_the_plain_script_and_ours_have_the_same_losses(vgg):
    """A step of steepest descent, of equal length, goes the same way."""
    content, style = torch.rand(2, 1, 3, 24, 32).unbind()
    start = torch.rand(1, 3, 24, 32)
    encoder = vgg[0].with_levels(STYLE_LEVELS)
    ours = Gatys(encoder, schedule=Schedule(1), start=start)
    looks = ours.encode_style(style)
    moved = ours.stylize(content, looks) - start
    plain = PlainGatys(encoder, content, style, 50.0).run(start, 1) - start
    inside = (moved != 0) & (plain != 0)  # what is clamped says nothing
    assert inside.float().mean() > 0.5
    cosine = torch.cosine_similarity(moved[inside], plain[inside], dim=0)
    assert cosine.item() > 0.9


def test_the_plain_script_lowers_its_losses(vgg):
    content, style = torch.rand(2, 1, 3, 24, 24).unbind()
    encoder = vgg[0].with_levels(STYLE_LEVELS)
    judge = Gatys(encoder, schedule=Schedule(1))
    looks = judge.encode_style(style)
    plain = PlainGatys(encoder, content, style, 50.0)

    def loss(picture):
        method = Gatys(encoder, schedule=Schedule(1), start=picture)
        return method.optimise(content, looks).losses[0]["total"]

    result = plain.run(content, 8)
    assert result.shape == content.shape
    assert loss(result) < 0.7 * loss(content)


@pytest.mark.usefixtures("no_weights")
def test_iterations_are_timed_beside_the_plain_script(monkeypatch):
    announced, runs = [], {}

    def median_seconds(given, rounds, *, progress):
        runs.update(given)
        assert rounds == 2
        return {name: 6.0 / (1 + number) for number, name in enumerate(given)}

    monkeypatch.setattr(gatys_speed, "median_seconds", median_seconds)
    seconds = measure_gatys(side=16, iterations=3, rounds=2, device="cpu", progress=announced.append)
    assert list(seconds)[:2] == [PLAIN_GATYS, "ours, float32"]
    assert list(seconds.values())[:2] == [2.0, 1.0]
    assert all(run().shape == (1, 3, 1, 1) for run in runs.values())
    assert "| ours, float32         |   1.000 | 2.00× |" in gatys_table(seconds)
