from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.windows import Window, whole

sizes = st.tuples(st.integers(1, 70), st.integers(1, 70))


@given(sizes, st.integers(1, 80))
def test_tiles_cover_every_pixel_once_row_by_row(size, side):
    seen = torch.zeros(size)
    tiles = list(whole(size).tiles(side))
    for tile in tiles:
        tile.of(seen).add_(1)
        assert max(tile.size) <= side
    assert seen.eq(1).all()
    assert tiles == sorted(tiles)


def test_tiles_of_a_tile_stay_inside_it():
    assert list(Window(8, 16, 20, 40).tiles(16)) == [Window(8, 16, 20, 32), Window(8, 32, 20, 40)]


def test_a_side_below_one_is_refused():
    with pytest.raises(InvalidValueError, match="a side of 0 pixels"):
        list(whole((4, 4)).tiles(0))


def test_growing_stops_at_the_borders():
    assert Window(8, 16, 24, 32).grown(10, (30, 100)) == Window(0, 6, 30, 42)


def test_cells_round_up_at_the_end_of_the_picture():
    assert Window(8, 16, 21, 35).cells(4) == Window(2, 4, 6, 9)


@given(sizes, st.integers(0, 30))
def test_a_window_inside_another_is_the_same_part_of_the_picture(size, margin):
    picture = torch.arange(size[0] * size[1]).reshape(1, 1, *size)
    for window in whole(size).tiles(24):
        outer = window.grown(margin, size)
        assert torch.equal(window.inside(outer).of(outer.of(picture)), window.of(picture))
        assert window.of(picture).shape[2:] == window.size
