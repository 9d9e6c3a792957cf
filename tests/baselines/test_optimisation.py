from __future__ import annotations

import pytest
import torch

from adain_nodes.baselines.optimisation import Schedule, Watch, noise, optimise
from adain_nodes.core.errors import DivergedError, InvalidValueError


def towards(goal):
    """A judge whose total is least at a picture."""

    def judge(picture):
        wanted = torch.nn.functional.interpolate(goal, picture.shape[2:])
        return {"total": 100 * (picture - wanted).square().mean(), "other": picture.mean()}

    return judge


@pytest.mark.parametrize(("optimizer", "iterations"), [("lbfgs", 15), ("adam", 60)])
def test_losses_fall_to_the_goal(close, optimizer, iterations):
    goal = torch.rand(1, 3, 6, 8) * 0.8 + 0.1
    start = torch.full_like(goal, 0.5)
    before = start.clone()
    outcome = optimise(start, [((6, 8), towards(goal))], Schedule(iterations, optimizer))
    assert torch.equal(start, before)
    assert outcome.losses[-1]["total"] < 0.01 * outcome.losses[0]["total"]
    assert outcome.losses[0]["other"] == pytest.approx(0.5)
    assert len(outcome.losses) == iterations
    assert not outcome.cancelled
    assert not outcome.picture.requires_grad


def test_it_works_without_gradients_around_it():
    with torch.no_grad():
        goal = torch.rand(1, 3, 6, 8)
        outcome = optimise(1 - goal, [((6, 8), towards(goal))], Schedule(10))
    assert outcome.losses[-1]["total"] < outcome.losses[0]["total"]


def test_pictures_stay_pictures():
    goal = torch.full((1, 3, 6, 8), 2.0)
    assert torch.equal(optimise(goal / 4, [((6, 8), towards(goal))], Schedule(20)).picture, goal / 2)


def test_each_scale_starts_with_the_picture_of_the_one_before():
    goal, seen = torch.full((1, 3, 16, 24), 0.75), []
    scales = [((8, 12), towards(goal)), ((16, 24), towards(goal))]
    watch = Watch(progress=lambda step: seen.append((step.iteration, step.iterations, step.picture.shape[2:])))
    outcome = optimise(torch.rand(1, 3, 5, 5), scales, Schedule(8, scales=2), watch)
    assert [(i, n) for i, n, _ in seen] == [(i, 16) for i in range(1, 17)]
    assert [tuple(size) for _, _, size in seen] == [(8, 12)] * 8 + [(16, 24)] * 8
    assert outcome.losses[8]["total"] < 1e-3 < outcome.losses[0]["total"]
    assert outcome.picture.shape == goal.shape


@pytest.mark.parametrize("after", [1, 5, 9])
def test_cancelling_keeps_the_picture_so_far(after):
    goal = torch.rand(1, 3, 16, 16)
    steps = []
    watch = Watch(steps.append, lambda: len(steps) == after)
    scales = [((8, 8), towards(goal)), ((16, 16), towards(goal))]
    outcome = optimise(torch.full_like(goal, 0.5), scales, Schedule(6, scales=2), watch)
    assert outcome.cancelled
    assert len(outcome.losses) == after
    assert outcome.picture.shape == goal.shape
    if after > 6:
        assert torch.equal(outcome.picture, steps[-1].picture)
    assert 0 <= outcome.picture.min() <= outcome.picture.max() <= 1


def test_cancelling_after_the_last_iteration_comes_too_late():
    goal = torch.rand(1, 3, 8, 8)
    assert not optimise(1 - goal, [((8, 8), towards(goal))], Schedule(1), Watch(cancelled=lambda: True)).cancelled


def test_a_divergence_is_an_error():
    def judge(picture):
        return {"total": (picture / 0).sum()}

    with pytest.raises(DivergedError, match=r"diverged at iteration 1: total (inf|nan)\. Lower the learning rate"):
        optimise(torch.rand(1, 3, 8, 8), [((8, 8), judge)], Schedule(3))


def test_a_gradient_that_is_not_finite_is_a_divergence_too():
    def judge(picture):
        return {"total": (picture * 0).sqrt().sum()}

    with pytest.raises(DivergedError, match="diverged at iteration 1: total 0"):
        optimise(torch.rand(1, 3, 8, 8), [((8, 8), judge)], Schedule(3, "adam"))


def test_noise_has_a_seed():
    assert torch.equal(noise((4, 5), 1), noise((4, 5), 1))
    assert not torch.equal(noise((4, 5), 1), noise((4, 5), 2))
    picture = noise((64, 64), 0)
    assert picture.shape == (1, 3, 64, 64)
    assert picture.mean().item() == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"optimizer": "sgd"}, "no optimiser 'sgd'"),
        ({"iterations": 0}, "number of iterations is 0"),
        ({"scales": 0}, "number of scales is 0"),
        ({"learning_rate": -1.0}, "learning rate is -1"),
    ],
)
def test_wrong_schedules_are_refused(wrong, message):
    with pytest.raises(InvalidValueError, match=message):
        Schedule(**wrong)
