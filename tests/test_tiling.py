from __future__ import annotations

import logging
import math

import pytest
import torch

from adain_nodes.backend import choose_backend
from adain_nodes.core.windows import Window, whole
from adain_nodes.models.lite import LiteDecoder, LiteEncoder
from adain_nodes.tiling import ALIGN, FLOOR, PIXEL_BYTES, Mosaic, Tiling, decode_window, encode_window

CPU = torch.device("cpu")
BACKEND = choose_backend("cpu", "float32")
SIZE = (300, 470)


def tiling(side=FLOOR, **settings):
    return Tiling(SIZE, CPU, side, **settings)


def test_every_pixel_is_visited_once_and_progress_reaches_its_share():
    seen, shares = torch.zeros(SIZE), []
    both = tiling(passes=2, progress=shares.append)
    both.over(lambda window: window.of(seen).add_(1))
    assert seen.eq(1).all()
    assert shares == sorted(shares)
    assert shares[-1] == 0.5
    both.over(lambda window: None)
    assert shares[-1] == 1


@pytest.mark.parametrize(("asked", "used"), [(1, FLOOR), (200, 192), (256, 256)])
def test_sides_are_whole_cells_and_not_below_the_floor(asked, used):
    assert tiling(asked).side == used


@pytest.mark.parametrize("batch", [1, 4])
def test_the_side_is_what_half_of_the_free_memory_holds(monkeypatch, batch):
    monkeypatch.setattr("adain_nodes.tiling.free_memory", lambda device: 2 * batch * PIXEL_BYTES * 1000**2)
    assert tiling(0, batch=batch).side == 1000 // ALIGN * ALIGN


@pytest.mark.parametrize(
    "error",
    [torch.cuda.OutOfMemoryError("none left"), MemoryError(), RuntimeError("DefaultCPUAllocator: not enough memory")],
)
def test_when_memory_runs_out_the_rest_goes_on_in_smaller_tiles(caplog, error):
    seen, shares, sides = torch.zeros(SIZE), [], []

    def work(window: Window) -> None:
        sides.append(max(window.size))
        if max(window.size) > 160 and window.top + window.left:  # the first tile fits, the second does not
            raise error
        window.of(seen).add_(1)

    with caplog.at_level(logging.WARNING, "adain_nodes"):
        tiling(256, progress=shares.append).over(work)
    assert seen.eq(1).all()
    assert shares[-1] == 1
    assert sides[0] == 256
    assert max(sides[2:]) == FLOOR
    assert "going on with tiles of 128×128 pixels" in caplog.text


def test_below_the_floor_the_error_stands():
    def work(window: Window) -> None:
        raise torch.cuda.OutOfMemoryError("none left")

    with pytest.raises(torch.cuda.OutOfMemoryError, match="none left"):
        tiling(512).over(work)


def test_other_errors_are_not_taken_for_exhausted_memory():
    calls = []

    def work(window: Window) -> None:
        calls.append(window)
        raise RuntimeError("something else")

    with pytest.raises(RuntimeError, match="something else"):
        tiling(512).over(work)
    assert len(calls) == 1


def test_a_mosaic_comes_together_and_a_whole_piece_is_taken_as_it_is():
    picture, mosaic = torch.rand(2, 3, *SIZE), Mosaic(SIZE)
    for window in whole(SIZE).tiles(100):
        mosaic.put(window, window.of(picture))
    assert torch.equal(mosaic.tensor, picture)
    mosaic.put(whole(SIZE), picture)
    assert mosaic.tensor is picture


@pytest.mark.parametrize("size", [(300, 470), (129, 128), (9, 500)])
def test_windows_give_what_the_whole_picture_gives(size):
    """Encoded and decoded in windows; the margins are what makes it so."""
    encoder, decoder = LiteEncoder((4, 8, 8, 8)).eval(), LiteDecoder((4, 8, 8, 8)).eval()
    image = torch.rand(1, 3, *size)
    features = encoder(image)
    picture = decoder.decode(features, size)
    for window in whole(size).tiles(FLOOR):
        for level, stride, part in zip(
            features, encoder.strides, encode_window(encoder, BACKEND, image, window), strict=True
        ):
            torch.testing.assert_close(part, window.cells(stride).of(level), rtol=0, atol=1e-6)

        def there(outer: Window) -> tuple[torch.Tensor, ...]:
            assert math.prod(outer.size) <= math.prod(size)
            return tuple(outer.cells(s).of(level) for level, s in zip(features, encoder.strides, strict=True))

        part = decode_window(decoder, BACKEND, there, size, window)
        torch.testing.assert_close(part, window.of(picture), rtol=0, atol=1e-6)
