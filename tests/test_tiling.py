from __future__ import annotations

import errno
import logging
import math

import pytest
import torch

from adain_nodes import tiling as tiles_of
from adain_nodes.backend import choose_backend
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.raster import Raster
from adain_nodes.core.windows import Window, whole
from adain_nodes.models.lite import LiteDecoder, LiteEncoder
from adain_nodes.models.mirror import mirror_decoder
from adain_nodes.models.vgg import VGGEncoder
from adain_nodes.mosaic import FileMosaic
from adain_nodes.tiling import (
    CPU_SIDE,
    CPU_SIDE_KEPT,
    FLOOR,
    Encoded,
    Tiling,
    choose_side,
    decode_window,
    encode_window,
)

BACKEND = choose_backend("cpu", "float32")
SIZE = (300, 470)
ATOL = {"float32": 1e-6, "bfloat16": 0.02}


def tiling(side=FLOOR, **settings):
    return Tiling(SIZE, side, **settings)


def test_every_pixel_is_visited_once_and_progress_reaches_its_share():
    seen, shares = torch.zeros(SIZE), []
    both = tiling(passes=2, progress=shares.append)
    both.over(lambda window: window.of(seen).add_(1))
    assert seen.eq(1).all()
    assert shares == sorted(shares)
    assert shares[-1] == 0.5
    both.over(lambda window: None)
    assert shares[-1] == 1


@pytest.mark.parametrize(("asked", "used"), [(FLOOR, FLOOR), (200, 192), (256, 256)])
def test_sides_are_whole_cells(asked, used):
    assert tiling(asked).side == used


def test_tiles_below_the_floor_are_refused():
    with pytest.raises(InvalidValueError, match=r"Tiles of 64 pixels would be all margin\. Give 128 pixels or more"):
        tiling(64)


@pytest.mark.parametrize(
    ("device", "size", "bytes", "margin", "side"),
    [
        ("cuda", (9000, 9000), 300 * 3000**2, 0, 3000),
        ("cuda", (9000, 9000), 300 * 3000**2, 112, 3000 - 224),
        ("cpu", (9000, 9000), 300 * 3000**2, 112, CPU_SIDE),
        ("cpu", (20, 1536), 300 * 3000**2, 112, 3000 - 224),  # hardly larger than a tile: better in one piece
        ("cpu", (20, 1537), 300 * 3000**2, 112, CPU_SIDE),
        ("cpu", (9000, 9000), 300 * 500**2, 112, 500 - 224),
        ("cpu", (9000, 9000), 1000, 112, FLOOR),  # there may be more by the time that it is needed
    ],
)
def test_a_tile_fits_with_its_margins(device, size, bytes, margin, side):
    assert choose_side(size, torch.device(device), bytes, 300, margin) == side


@pytest.mark.parametrize(("size", "side"), [((9000, 9000), CPU_SIDE_KEPT), ((20, 2304), 3000 - 224)])
def test_tiles_are_larger_where_freed_memory_is_kept(monkeypatch, size, side):
    monkeypatch.setattr("adain_nodes.tiling.keeps_freed_memory", lambda: True)
    assert choose_side(size, torch.device("cpu"), 300 * 3000**2, 300, 112) == side
    assert choose_side((9000, 9000), torch.device("cuda"), 300 * 3000**2, 300, 0) == 3000


def test_less_memory_than_the_smallest_tile_takes_may_be_refused():
    needed = 300 * (FLOOR + 224) ** 2
    assert choose_side(SIZE, torch.device("cpu"), needed, 300, 112, strict=True) == FLOOR
    with pytest.raises(InvalidValueError, match=r"74 MB are too little memory for the smallest tile\. Allow 75 MB"):
        choose_side(SIZE, torch.device("cpu"), needed - 1, 300, 112, strict=True)


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


@pytest.mark.parametrize("size", [(300, 470), (129, 128), (9, 500)])
def test_windows_give_what_the_whole_picture_gives(size):
    """Encoded and decoded in windows; the margins are what makes it so."""
    encoder, decoder = LiteEncoder((8, 8, 8)).eval(), LiteDecoder((8, 8, 8)).eval()
    image = torch.rand(1, 3, *size)
    features = encoder(image)
    picture = decoder.decode(features, size)
    for window in whole(size).tiles(FLOOR):
        for level, stride, part in zip(
            features, encoder.strides, encode_window(encoder, BACKEND, Raster.of(image), window), strict=True
        ):
            torch.testing.assert_close(part, window.cells(stride).of(level), rtol=0, atol=1e-6)

        def there(outer: Window) -> tuple[torch.Tensor, ...]:
            assert math.prod(outer.size) <= math.prod(size)
            return tuple(outer.cells(s).of(level) for level, s in zip(features, encoder.strides, strict=True))

        part = decode_window(decoder, BACKEND, there, size, window)
        torch.testing.assert_close(part, window.of(picture), rtol=0, atol=1e-6)


class FullDisk(FileMosaic):
    """A file on a disk that has no room after all."""

    def put(self, *_):
        raise OSError(errno.ENOSPC, "No space left on device")


class LateFullDisk(FileMosaic):
    """One where that shows only when what was written is asked for."""

    part = FullDisk.put


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
@pytest.mark.parametrize(
    ("room", "disk", "kind", "calls"),
    [
        (10**9, 0, FileMosaic, 12),
        (0, 10**9, FileMosaic, 12),
        (0, 0, FileMosaic, 24),
        (0, 10**9, FullDisk, 24),
        (0, 10**9, LateFullDisk, 24),
    ],
    ids=["memory", "disk", "no room", "full disk", "full disk, seen late"],
)
def test_features_of_tiles_are_kept_where_all_of_them_have_room(
    room, disk, kind, calls, precision, monkeypatch, caplog
):
    monkeypatch.setattr(tiles_of, "room_on_disk", lambda: disk)
    monkeypatch.setattr(tiles_of, "FileMosaic", kind)
    encoder = LiteEncoder((8, 8, 8)).eval()
    image, encoded = torch.rand(2, 3, *SIZE), []
    encoder.register_forward_hook(lambda *_: encoded.append(1))
    backend = choose_backend("cpu", precision)
    view = Encoded(encoder, backend, Raster.of(image), room)
    tiles = list(whole(SIZE).tiles(FLOOR))
    for window in tiles:
        view(window)
    again = Encoded(encoder, backend, Raster.of(image), 10**9)(whole(SIZE))
    del encoded[-1]
    for window in tiles:
        outer = window.grown(64, SIZE)
        for level, stride, part in zip(again, encoder.strides, view(outer), strict=True):
            torch.testing.assert_close(part, outer.cells(stride).of(level), rtol=0, atol=ATOL[precision])
    assert len(encoded) == calls
    assert ("cannot be kept on the disk (No space left on device)" in caplog.text) == (kind is not FileMosaic)


def test_features_of_a_picture_in_one_tile_are_always_kept():
    encoder, encoded = LiteEncoder((8, 8, 8)).eval(), []
    encoder.register_forward_hook(lambda *_: encoded.append(1))
    view = Encoded(encoder, BACKEND, Raster.of(torch.rand(1, 3, *SIZE)), room=-1)
    assert all(a.data_ptr() == b.data_ptr() for a, b in zip(view(whole(SIZE)), view(whole(SIZE)), strict=True))
    assert len(encoded) == 1


def test_parts_that_are_no_tiles_are_not_kept():
    """A window whose border cells belong to its neighbours in part would spoil theirs."""
    encoder = LiteEncoder((8, 8, 8)).eval()
    image = torch.rand(1, 3, *SIZE)
    view = Encoded(encoder, BACKEND, Raster.of(image), 10**9)
    view(Window(0, 0, 150, 150))
    for level, stride, part in zip(encoder(image), encoder.strides, view(Window(0, 0, 128, 128)), strict=True):
        torch.testing.assert_close(part, Window(0, 0, 128, 128).cells(stride).of(level), rtol=0, atol=1e-6)
    assert view(Window(0, 0, 64, 64))[0].shape == (1, 8, 32, 32)


@pytest.mark.parametrize("family", ["lite", "vgg"])
def test_maps_of_a_window_shrink_on_the_way(family):
    """The last layers work for hardly more than the window, which makes most of the margin cheap."""
    lite = family == "lite"
    encoder = LiteEncoder((8, 8, 8)) if lite else VGGEncoder()
    decoder = mirror_decoder(encoder).eval()
    size, window, seen = (320, 448), Window(128, 64, 192, 192), []
    last = decoder.out if lite else decoder.convs["conv1_1"]
    last.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape[2:]))
    with torch.no_grad():
        features = encoder.eval()(torch.rand(1, 3, *size))
        whole_picture = decoder.decode(features, size)
        part = decoder.decode(features, size, window)
    torch.testing.assert_close(part, window.of(whole_picture), rtol=0, atol=1e-5)
    # the last maps that are wider than three channels: lite's has cells of 2×2 pixels, and is cut before r1
    assert seen == ([(160, 224), (32 + 8, 64 + 8)] if lite else [(320, 448), (64 + 4, 128 + 4)])
