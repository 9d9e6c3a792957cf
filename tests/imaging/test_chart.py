from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from adain_nodes.imaging.chart import SIZE, Chart, pale

RED, BLUE = "#d55e00", "#0072b2"


def places(picture: Image.Image, color: str) -> np.ndarray:
    """Rows and columns, N×2, of what has this colour."""
    wanted = tuple(int(color[at : at + 2], 16) for at in (1, 3, 5))
    return np.argwhere((np.asarray(picture) == wanted).all(2))


def test_values_stand_where_the_axis_says():
    """A line at the geometric mean of the ends lies in the middle; its ends are those of the steps."""
    chart = Chart((0, 300), (0.5, 8), margin=170)
    chart.line([0, 300], [2, 2], RED, 2)
    found = places(chart.finished(), RED)
    assert abs(found[:, 0].mean() - (48 + 486) / 2) < 1.5
    assert abs(found[:, 1].min() - 90) <= 2
    assert abs(found[:, 1].max() - (SIZE[0] - 170)) <= 2


def test_the_first_step_is_the_left_end():
    for first in (0, 1, 100):
        chart = Chart((first, 200), (1, 10))
        chart.line([first, 200], [3, 3], RED, 2)
        assert abs(places(chart.finished(), RED)[:, 1].min() - 90) <= 2


def test_dots_mark_points():
    chart = Chart((0, 10), (1, 100))
    chart.dots([0, 10], [1, 100], RED)
    found = places(chart.finished(), RED)
    assert len(found) > 10
    assert {(row < 60, column < 120) for row, column in found.tolist()} == {(True, False), (False, True)}


def test_labels_stand_beside_their_values_and_apart():
    chart = Chart((0, 10), (1, 100), margin=170)
    chart.labels({"first": (99.0, RED), "second": (98.0, BLUE)})
    picture = chart.finished()
    red, blue = places(picture, RED), places(picture, BLUE)
    assert red[:, 1].min() > SIZE[0] - 170
    assert 30 < red[:, 0].min() < red[:, 0].max() < blue[:, 0].min() < 90


def test_labels_at_the_bottom_stay_in_the_picture():
    chart = Chart((0, 10), (1, 100), margin=170)
    chart.labels({str(number): (1.0, RED) for number in range(5)})
    found = places(chart.finished(), RED)
    assert found[:, 0].max() <= 486 + 10
    assert found[:, 0].max() - found[:, 0].min() > 4 * 15


def test_the_title_names_lines_in_their_colours():
    chart = Chart((1, 10), (1, 100))
    chart.title("losses", {"style": RED}, "iterations")
    assert places(chart.finished(), RED)[:, 0].max() < 48
    assert not len(places(Chart((1, 10), (1, 100)).finished(), RED))


@pytest.mark.parametrize(("color", "paler"), [("#000000", "#d5d5d5"), ("#ffffff", "#ffffff"), ("#0072b2", "#d5e8f3")])
def test_pale(color, paler):
    assert pale(color) == paler
