"""Noise goes, motion stays, and a cut begins anew."""

from __future__ import annotations

import math

import pytest
import torch

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.statistics import Moments, moments
from adain_nodes.video.steady import Steady, mixed, settle, share_of

NOISE = 3 / 255


def noisy(picture, number):
    """The picture with a noise of its own."""
    return (picture + NOISE * torch.randn(picture.shape, generator=torch.Generator().manual_seed(number))).clamp(0, 1)


@pytest.fixture
def picture():
    """Smooth, 1×3×48×64."""
    small = torch.rand(1, 3, 6, 8) * 0.6 + 0.2
    return torch.nn.functional.interpolate(small, size=(48, 64), mode="bicubic", align_corners=False).clamp(0, 1)


@pytest.mark.parametrize("rate", [10, 24, 60])
def test_the_share_depends_on_time_and_not_on_the_frame_rate(rate):
    """After a time constant, 1/e of the old is left."""
    left = 1.0
    for _ in range(rate):
        left *= 1 - share_of(1 / rate, 1.0)
    assert left == pytest.approx(math.exp(-1))
    assert share_of(0.1, 0) == 1
    assert share_of(-1, 0.5) == 0


def test_noise_on_a_still_picture_is_averaged_away(picture):
    steady = Steady(0.5)
    results = [steady.pixels(noisy(picture, number), number / 24) for number in range(36)]
    change = (results[-1] - results[-2]).abs().mean()
    assert change < 0.2 * (noisy(picture, 35) - noisy(picture, 34)).abs().mean()
    assert (results[-1] - picture).abs().mean() < 0.4 * (noisy(picture, 35) - picture).abs().mean()


def test_what_moves_is_taken_as_it_is_and_leaves_no_trail(picture):
    steady = Steady(0.5)
    for number in range(12):
        frame = picture.clone()
        frame[..., 18:30, 4 * number : 4 * number + 10] = 1.0
        result = steady.pixels(noisy(frame, number), number / 24)
    where = slice(44, 54)
    assert (result[..., 18:30, where] - frame[..., 18:30, where]).abs().mean() < 1.2 * NOISE
    behind = slice(8, 40)  # where it was: the noise is there, the object is not
    assert (result - frame)[..., 18:30, behind].abs().mean() < NOISE
    assert (result - frame)[..., 18:30, behind].mean().abs() < 0.15 * NOISE


def test_a_soft_edge_leaves_nothing_behind():
    """Of something blurred that has gone, the faint rim goes as well, though by itself it would pass for noise."""
    rows, columns = torch.meshgrid(torch.arange(64), torch.arange(64), indexing="ij")
    gone = 0.3 * torch.exp(-((rows - 32) ** 2 + (columns - 32) ** 2) / 18)
    frame = torch.full((1, 3, 64, 64), 0.5)
    assert float((settle(frame + gone, frame, frame, 0.05) - frame).abs().max()) < 0.2 / 255


def test_a_faint_difference_is_motion_where_there_is_no_noise():
    """Four steps of 255: below what noise may be, and above what is usual here."""
    before, frame = torch.full((1, 3, 48, 48), 0.5), torch.full((1, 3, 48, 48), 0.5)
    frame[..., 12:24, 12:24] += 4 / 255
    result = settle(before, before, frame, 0.05)
    assert (result[..., 14:22, 14:22] == frame[..., 14:22, 14:22]).all()


def test_a_cut_shows_the_new_scene_at_once(picture):
    steady, other = Steady(0.5), 1 - picture
    for number in range(10):
        steady.pixels(noisy(picture, number), number / 24)
        steady.moments(((moments(picture),),))
    after = noisy(other, 10)
    assert torch.equal(steady.pixels(after, 10 / 24), after)
    ((kept,),) = steady.moments(((moments(other),),))
    assert torch.equal(kept.mean, moments(other).mean)
    assert steady.cuts == [10 / 24]
    steady.pixels(noisy(other, 11), 11 / 24)
    assert steady.cuts == [10 / 24]


def test_motion_flashes_of_a_lamp_and_noise_are_no_cuts(picture):
    steady = Steady(0.5)
    for number in range(24):
        frame = torch.roll(picture, 2 * number, dims=3) * (1 + 0.05 * math.sin(number))
        steady.pixels(noisy(frame.clamp(0, 1), number), number / 24)
    assert steady.cuts == []


def test_statistics_are_averaged_over_time():
    steady = Steady(0.5)
    first, second = moments(torch.rand(1, 4, 8, 8)), moments(torch.rand(1, 4, 8, 8) + 1)
    steady.pixels(torch.zeros(1, 3, 8, 8), 0)
    ((kept,),) = steady.moments(((first,),))
    assert torch.equal(kept.mean, first.mean)
    steady.pixels(torch.zeros(1, 3, 8, 8), 0.1)
    ((kept,),) = steady.moments(((second,),))
    share = 1 - math.exp(-0.2)
    for a, b, now in zip(first, second, kept, strict=True):
        torch.testing.assert_close(now, a + share * (b - a))


def test_every_region_of_every_level_is_mixed():
    def some(value):
        return Moments(*(torch.full((1, 2), float(value)) for _ in range(4)))

    result = mixed(((some(0), some(2)), (some(4), some(6))), ((some(1), some(3)), (some(5), some(7))), 0.25)
    assert [[float(each.mean[0, 0]) for each in level] for level in result] == [[0.25, 2.25], [4.25, 6.25]]


def test_without_smoothing_everything_stays_as_it_is(picture):
    steady = Steady(0)
    for number in range(3):
        frame = noisy(picture, number)
        assert steady.pixels(frame, number / 24) is frame
        ((kept,),) = steady.moments(((moments(frame),),))
        assert torch.equal(kept.scatter, moments(frame).scatter)


def test_a_new_size_begins_anew(picture):
    steady = Steady(0.5)
    steady.pixels(picture, 0)
    small = picture[..., :24, :32]
    assert torch.equal(steady.pixels(small, 0.1), small)


@pytest.mark.parametrize("seconds", [-0.1, math.nan, math.inf])
def test_a_time_that_is_none_is_refused(seconds):
    with pytest.raises(InvalidValueError, match="smoothing"):
        Steady(seconds)
