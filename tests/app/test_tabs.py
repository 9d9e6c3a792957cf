"""The tabs' orders, and what belongs to one tab alone."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from adain_nodes.app import blend, stylise
from adain_nodes.app.errors import IncompleteError
from adain_nodes.app.parts import COLORS, examples, title
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.style import corner_weights
from adain_nodes.imaging import read_image, write_image
from adain_nodes.pipeline import PRESERVE_COLOR
from adain_nodes.recipe import Recipe

SETTINGS = (0.5, "coral", 256, 128, "lite")
MEANT = {"alpha": 0.5, "preserve_color": "coral", "size": 256, "style_size": 128, "model": "lite"}


def test_stylise_orders_one_style():
    assert stylise.order("a.jpg", "b.jpg", *SETTINGS) == Recipe(Path("a.jpg"), ((Path("b.jpg"), 1.0),), **MEANT)


def test_blend_orders_the_styles_that_are_there():
    asked = blend.order("a.jpg", "b.jpg", None, "c.jpg", None, 0.1, 0.2, 0.3, 0.4, *SETTINGS)
    assert asked == Recipe(Path("a.jpg"), ((Path("b.jpg"), 0.1), (Path("c.jpg"), 0.3)), **MEANT)


@pytest.mark.parametrize(("photo", "style", "match"), [(None, "b.jpg", "no photograph"), ("a.jpg", None, "no style")])
def test_what_is_missing_is_waited_for(photo, style, match):
    with pytest.raises(IncompleteError, match=match):
        stylise.order(photo, style, *SETTINGS)


def test_wrong_settings_are_refused_with_the_order():
    with pytest.raises(InvalidValueError, match="alpha is 2"):
        stylise.order("a.jpg", "b.jpg", 2, "none", 0, 512, "lite")


def test_page_opens_with_an_example():
    first = stylise.first("lite")
    assert all(file.is_file() for file in first.files)
    assert first == stylise.order(*map(str, first.files), 1.0, "none", 0, 512, "lite")


@pytest.mark.parametrize(
    ("point", "weights"),
    [
        ((0, 0), [1, 0, 0, 0]),
        ((1, 0), [0, 1, 0, 0]),
        ((0, 1), [0, 0, 1, 0]),
        ((1, 1), [0, 0, 0, 1]),
        ((0.5, 0.5), [0.25] * 4),
        ((0.25, 0), [0.75, 0.25, 0, 0]),
    ],
)
def test_weights_of_a_point_in_the_square(point, weights):
    assert corner_weights(*point) == weights


@pytest.mark.parametrize("point", [(-0.1, 0), (0, 1.1), (float("nan"), 0)])
def test_point_lies_in_the_square(point):
    with pytest.raises(InvalidValueError, match="not in the square"):
        corner_weights(*point)


def test_grid_has_the_pure_styles_in_its_corners(engine, files, tmp_path):
    styles = [tmp_path / f"{name}.png" for name in "abcd"]
    for style, color in zip(styles, torch.eye(4), strict=True):
        write_image(style, color[:3].reshape(1, 3, 1, 1).expand(1, 3, 16, 16) * 0.8 + 0.1)
    asked = Recipe(Path(files.photo), tuple((style, 0.25) for style in styles), style_size=16)
    shares = []
    sheet = read_image(blend.grid(engine, asked, shares.append)).rgb
    assert shares == [pytest.approx(done / 25) for done in range(1, 26)]
    step = blend.CELL + blend.CELL // 32
    middle = blend.CELL // 2 + blend.CELL // 32
    for corner, style in enumerate(styles):
        pure = Recipe(asked.content, ((style, 1.0),), style_size=16)
        expected = engine.paint(pure, blend.CELL, lambda share: None).after.mean((2, 3))
        x, y = middle + (1 + 4 * (corner % 2)) * step, middle + 4 * (corner // 2) * step
        drawn = sheet[..., y - 70 : y + 70, x - 80 : x + 80].mean((2, 3))
        assert (drawn - expected).abs().max() < 0.03
        side = sheet[..., y - 70 : y + 70, middle + 6 * (corner % 2) * step].mean(2)
        assert (side - read_image(style).rgb.mean((2, 3))).abs().max() < 0.03


def test_grid_needs_all_corners(engine, files):
    asked = Recipe(Path(files.photo), ((Path(files.style), 1.0),))
    with pytest.raises(InvalidValueError, match="between four styles"):
        blend.grid(engine, asked, lambda share: None)


def test_opening_corners_are_examples():
    assert set(blend.CORNERS.values()) <= {path.stem for path in examples("style")}


def test_names_of_examples_and_colours_are_for_people():
    assert title(Path("a/starry_night.jpg")) == "Starry night"
    assert tuple(COLORS) == PRESERVE_COLOR
