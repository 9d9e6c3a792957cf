"""Key frames."""

from __future__ import annotations

import math

import pytest
import torch

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.statistics import BIASED, Statistics
from adain_nodes.core.style import Style
from adain_nodes.video import key_frames


def flat(value: float) -> Style:
    """A style of one channel with this mean, and a deviation of 1."""
    return Style(("one",), (Statistics(torch.tensor([[value]]), torch.ones(1, 1)),), "encoder", BIASED)


@pytest.mark.parametrize(
    ("time", "mean"), [(-1, 10), (0, 10), (1, 10), (2, 12.5), (3, 15), (5, 20), (6, 20), (7, 0), (8, -20), (99, -20)]
)
def test_the_style_moves_evenly_from_key_to_key(time, mean):
    style_at = key_frames([(8, flat(-20)), (1, flat(10)), (5, flat(20)), (6, flat(20))])
    assert float(style_at(time).levels[0].mean) == pytest.approx(mean)


def test_one_key_is_one_style_throughout():
    style = flat(3)
    assert key_frames([(4, style)])(0) is key_frames([(4, style)])(9) is style


@pytest.mark.parametrize(
    ("times", "said"),
    [([], "no key frames"), ([-1], "negative"), ([math.nan], "no number"), ([math.inf], "no number"), ([2, 2], "same")],
)
def test_keys_that_make_no_sense_are_refused(times, said):
    with pytest.raises(InvalidValueError, match=said):
        key_frames([(time, flat(0)) for time in times])
