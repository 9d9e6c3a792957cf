from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from adain_nodes.imaging.chart import SIZE
from adain_nodes.training.curve import draw_curve, draw_runs
from adain_nodes.training.objective import TERMS

BLUE, RED = (0, 114, 178), (213, 94, 0)
"""How content and style are drawn."""


def losses(**values: list[float]) -> dict[str, list[float]]:
    steps = max((len(of_one) for of_one in values.values()), default=0)
    return {name: values.get(name, [float("nan")] * steps) for name in TERMS}


def heights(curve: Image.Image, color: tuple[int, int, int]) -> dict[int, float]:
    """The middle of what has this colour below the labels, from there, by column."""
    found = (np.asarray(curve) == color).all(2)[48:]
    return {column: float(np.flatnonzero(found[:, column]).mean()) for column in np.flatnonzero(found.any(0)).tolist()}


def test_the_axis_is_logarithmic() -> None:
    """A loss that falls by the same factor at each step is a straight line, through all of the picture."""
    curve = draw_curve(losses(content=np.geomspace(100, 1, 21).tolist()))
    assert curve.size == SIZE
    found = heights(curve, BLUE)
    columns = np.array(list(found))
    assert columns.min() < 0.15 * SIZE[0]
    line = np.polyfit(columns, list(found.values()), 1)
    assert np.abs(np.polyval(line, columns) - list(found.values())).max() < 1.5
    assert line[0] > 0  # downwards


def test_lines_share_one_axis() -> None:
    curve = draw_curve(losses(content=[10.0] * 20, style=[1.0] * 20))
    upper, lower = (np.mean(list(heights(curve, color).values())) for color in (BLUE, RED))
    assert upper < 60
    assert lower > 350


def test_many_steps_are_averaged_with_single_ones_behind() -> None:
    noise = np.random.default_rng(0).lognormal(0, 0.5, 2000)
    curve = draw_curve(losses(content=noise.tolist()))
    middle = list(heights(curve, BLUE).values())
    pale = np.flatnonzero((np.asarray(curve) == (213, 232, 243)).all(2).any(1))
    assert pale.max() - pale.min() > 3 * (max(middle) - min(middle))


@pytest.mark.parametrize("values", [[], [1.0], [float("nan")], [0.0, 0.0], [1.0, float("inf"), 1.0]])
def test_whatever_the_losses(values: list[float]) -> None:
    assert draw_curve(losses(total=values), "title").size == SIZE


def test_the_title_is_shown() -> None:
    assert not np.array_equal(draw_curve(losses(), "500 steps"), draw_curve(losses(), ""))


def test_runs_stand_beside_one_another() -> None:
    """The same colour whichever others are there, and a name beside each line."""
    both = draw_runs({"one": [10.0] * 20, "other": [1.0] * 20}, "style loss")
    upper, lower = (np.mean(list(heights(both, color).values())) for color in (BLUE, RED))
    assert upper < lower
    named = (np.asarray(both) == BLUE).all(2)[48:, SIZE[0] - 180 :]
    assert named.any()
    alone = draw_runs({"one": [10.0] * 20}, "style loss")
    assert heights(alone, BLUE)


@pytest.mark.parametrize("values", [{}, {"one": []}, {"one": [float("nan")], "other": [1.0]}])
def test_whatever_the_runs(values: dict[str, list[float]]) -> None:
    assert draw_runs(values).size == SIZE
