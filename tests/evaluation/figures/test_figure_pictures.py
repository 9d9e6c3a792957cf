"""Figures 7 to 10 with a small network that has random weights."""

from __future__ import annotations

import re

import pytest

from adain_nodes.core.sizing import size_of
from adain_nodes.core.style import corner_weights
from adain_nodes.encoding import STYLE_SIZE
from adain_nodes.evaluation.figures.examples import CELL, mask, photo, style
from adain_nodes.evaluation.figures.interpolation import STEPS, STYLES, draw_interpolation
from adain_nodes.evaluation.figures.pictures import PICTURES
from adain_nodes.pipeline import PRESERVE_COLOR, StyleTransfer
from adain_nodes.resources import resource

SIDE = 48


@pytest.fixture
def asked(lite, monkeypatch):
    """A pipeline, and what it was asked to make."""
    transfer = StyleTransfer(*lite, device="cpu", dtype="float32")
    calls = []
    stylize = StyleTransfer.stylize

    def recorded(self, content, style=None, **settings):
        result = stylize(self, content, style, **settings)
        calls.append((content, style, settings, result))
        return result

    monkeypatch.setattr(StyleTransfer, "stylize", recorded)
    return transfer, calls


def test_alpha_runs_from_the_photograph_to_the_style(asked):
    transfer, calls = asked
    picture = PICTURES["alpha"](transfer, SIDE)
    assert [settings["alpha"] for _, _, settings, _ in calls] == [0, 0.25, 0.5, 0.75, 1]
    assert picture.width > 6 * CELL
    assert picture.height < 1.5 * CELL


def test_the_square_has_its_styles_at_its_corners(asked):
    transfer, calls = asked
    picture = draw_interpolation(transfer, SIDE)
    weights = [settings["weights"] for _, _, settings, _ in calls]
    assert len(weights) == STEPS**2
    corners = [weights[place] for place in (0, STEPS - 1, -STEPS, -1)]
    assert corners == [[float(one == other) for other in STYLES] for one in STYLES]
    assert weights[STEPS**2 // 2] == [0.25] * 4
    assert picture.width > picture.height


@pytest.mark.parametrize("place", [(0, 0), (0.25, 0.5), (1, 1)])
def test_weights_sum_to_1(place):
    assert sum(corner_weights(*place)) == pytest.approx(1)


def test_every_way_to_keep_colours_is_shown(asked):
    transfer, calls = asked
    picture = PICTURES["color"](transfer, SIDE)
    assert [settings["preserve_color"] for _, _, settings, _ in calls] == list(PRESERVE_COLOR)
    assert picture.width > (2 + len(PRESERVE_COLOR)) * CELL


def test_regions_have_styles_of_their_own(asked):
    transfer, calls = asked
    PICTURES["regions"](transfer, SIDE)
    ((content, _, settings, result),) = calls
    ((sky, _),) = settings["masks"]
    assert size_of(sky) == size_of(content) == size_of(result)
    assert 0.2 < sky.mean() < 0.8


def test_examples_are_squares():
    assert size_of(photo("castle", SIDE)) == (SIDE, SIDE)
    assert size_of(style("swirls")) == (STYLE_SIZE, STYLE_SIZE)
    assert mask("castle_sky", SIDE).shape == (1, 1, SIDE, SIDE)


def test_the_figures_that_are_shown_are_there_and_small():
    folder = resource("examples", "figures")
    text = (folder / "README.md").read_text("utf-8")
    shown = set(re.findall(r"\]\((\w+\.\w+)\)", text))
    assert shown == {path.name for path in folder.iterdir()} - {"README.md"}
    assert shown >= {f"{name}.jpg" for name in PICTURES}
    assert set(re.findall(r"adain figure (\w+)", text)) >= set(PICTURES)
    assert all((folder / name).stat().st_size <= 250_000 for name in shown)
