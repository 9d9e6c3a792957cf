"""Resampling by windows: the same as of the whole picture, by Pillow and by PyTorch."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch.nn import functional as F

from adain_nodes.core import resampling
from adain_nodes.core.raster import Raster
from adain_nodes.core.resampling import LANCZOS, TRIANGLE, resampled
from adain_nodes.core.windows import Window, whole

SIDES = st.tuples(st.integers(1, 60), st.integers(1, 60))


@given(size=SIDES, wanted=SIDES)
@settings(max_examples=40)
def test_lanczos_is_pillow_s(size, wanted):
    plane = torch.rand(size)
    expected = Image.fromarray(plane.numpy()).resize(wanted[::-1], Image.Resampling.LANCZOS)
    result = resampled(Raster.of(plane[None, None]), wanted, LANCZOS).all()
    np.testing.assert_allclose(result[0, 0].numpy(), np.asarray(expected).clip(0, 1), atol=2e-6)


@given(size=SIDES, wanted=SIDES)
@settings(max_examples=40)
def test_triangle_is_that_of_pytorch(size, wanted):
    mask = torch.rand(2, 1, *size)
    expected = F.interpolate(mask, wanted, mode="bilinear", antialias=True)
    torch.testing.assert_close(resampled(Raster.of(mask), wanted, TRIANGLE).all(), expected, rtol=0, atol=5e-5)


@pytest.mark.parametrize("wanted", [(20, 27), (130, 171)])
def test_windows_are_parts_of_the_whole_and_read_no_more_than_they_need(monkeypatch, wanted):
    picture, read = torch.rand(1, 3, 60, 80), []
    monkeypatch.setattr(resampling, "SIDE", 30)

    def part(window: Window) -> torch.Tensor:
        read.append(max(window.size))
        return window.of(picture)

    result = resampled(Raster((60, 80), part), wanted, LANCZOS)
    expected = resampled(Raster.of(picture), wanted, LANCZOS).all()
    for window in whole(wanted).tiles(19):
        torch.testing.assert_close(result.read(window), window.of(expected), rtol=0, atol=1e-6)
    assert max(read) <= 30 + 6 * 3 + 2


def test_a_raster_of_that_size_stays():
    raster = Raster.of(torch.rand(1, 1, 5, 6))
    assert resampled(raster, (5, 6), TRIANGLE) is raster
