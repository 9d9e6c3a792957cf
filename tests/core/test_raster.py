"""Rasters: windows of what lies in memory or is made when it is asked for."""

from __future__ import annotations

import torch

from adain_nodes.core.raster import Raster
from adain_nodes.core.sizing import pad_to_minimum
from adain_nodes.core.windows import Window, whole


def test_windows_of_a_tensor_are_no_copies():
    tensor = torch.rand(2, 3, 10, 12)
    raster = Raster.of(tensor)
    part = raster.read(Window(2, 3, 7, 9))
    assert torch.equal(part, tensor[..., 2:7, 3:9])
    assert part.untyped_storage().data_ptr() == tensor.untyped_storage().data_ptr()
    assert (raster.size, raster.batch) == ((10, 12), 2)
    assert raster.all() is raster.tensor is tensor


def test_the_last_row_and_column_go_on():
    tensor = torch.rand(1, 3, 5, 20)
    padded = pad_to_minimum(tensor, 9)
    for window in (whole((9, 20)), Window(0, 6, 9, 16), Window(2, 16, 9, 20)):
        assert torch.equal(Raster.of(tensor).read(window), window.of(padded))


def test_what_is_made_of_others_is_made_window_by_window():
    a, b, seen = torch.rand(2, 1, 8, 9), torch.rand(1, 1, 8, 9), []

    def difference(x, y):
        seen.append(x.shape[2:])
        return x - y

    raster = Raster.made(difference, Raster.of(a), Raster.of(b))
    window = Window(1, 2, 4, 8)
    assert not seen
    assert torch.equal(raster.read(window), window.of(a - b))
    assert seen == [(3, 6)]
    assert torch.equal(raster.all(), a - b)
    assert (raster.size, raster.batch, raster.tensor) == ((8, 9), 2, None)
