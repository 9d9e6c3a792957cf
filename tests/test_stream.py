"""From file to file in parts: the same picture as in memory, whatever its size, masks, transparency and colours."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from adain_nodes import tiling
from adain_nodes.core.errors import ImageError, InvalidValueError, OutputError
from adain_nodes.imaging import read_image, read_parameters, to_array, write_image
from adain_nodes.imaging.large import open_large
from adain_nodes.models.mirror import mirror_decoder
from adain_nodes.models.vgg import VGGEncoder
from adain_nodes.pipeline import PRESERVE_COLOR, StyleTransfer
from adain_nodes.recipe import Cook, Recipe, recipe_of

BY_STATISTICS = PRESERVE_COLOR[1:-1]


def smooth(channels: int, *size: int) -> Tensor:
    """Structure of some pixels, as photographs have it."""
    coarse = torch.rand(1, channels, *(-(-side // 6) + 1 for side in size))
    return F.interpolate(coarse, size, mode="bicubic").clamp(0, 1)


@pytest.fixture(scope="module")
def transfer() -> StyleTransfer:
    return StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32")


@pytest.fixture(scope="module")
def whole(transfer: StyleTransfer) -> Cook:
    """Makes everything in memory, in one piece."""
    return Cook(transfer)


@pytest.fixture(scope="module")
def parts(transfer: StyleTransfer) -> Cook:
    """Makes everything from file to file, in the smallest tiles, and keeps no features."""
    return in_parts(transfer)


def in_parts(transfer: StyleTransfer, room: int = 1) -> Cook:
    other = StyleTransfer(transfer.encoder, transfer.decoder, device="cpu", dtype="float32", tile=128, max_memory=room)
    cook = Cook(other)
    cook.fits = lambda recipe: False
    return cook


@pytest.fixture
def files(tmp_path: Path) -> Path:
    write_image(tmp_path / "warm.png", smooth(3, 40, 50) * torch.tensor([1, 0.6, 0.2]).view(3, 1, 1))
    write_image(tmp_path / "cold.png", smooth(3, 50, 40) * torch.tensor([0.2, 0.6, 1]).view(3, 1, 1))
    write_image(tmp_path / "photo.png", smooth(3, 200, 330))
    return tmp_path


@pytest.fixture
def recipe(files: Path) -> Recipe:
    return Recipe(files / "photo.png", ((files / "warm.png", 1.0),), style_size=0)


def agree(whole: Cook, parts: Cook, recipe: Recipe) -> None:
    """The two files hold the same samples, but for roundings that fall to the other side.

    In 16 bits single samples show roundings that the network amplified; a seam would be at more than one in a thousand.
    """
    folder = recipe.content.parent
    pictures = []
    for name, cook in (("whole", whole), ("parts", parts)):
        path = folder / f"{name}.png"
        cook.write(recipe, path)
        assert recipe_of(read_parameters(path), folder) == recipe
        picture = read_image(path)
        assert picture.depth == recipe.depth
        planes = picture.rgb if picture.alpha is None else torch.cat((picture.rgb, picture.alpha), 1)
        pictures.append(to_array(planes, picture.depth).astype(int))
    assert pictures[0].shape == pictures[1].shape
    difference = np.abs(pictures[0] - pictures[1])
    assert difference.max() <= 1
    assert (difference > 0).mean() < (0.001 if recipe.depth == 8 else 0.03)


SIDES = st.tuples(st.integers(1, 300), st.integers(1, 300))


@given(
    size=SIDES,
    transparent=st.booleans(),
    masks=st.lists(SIDES, max_size=2),
    rest=st.booleans(),
    method=st.sampled_from(PRESERVE_COLOR),
    alpha=st.floats(0, 1),
    short=st.sampled_from([0, 0, 60, 150]),
    depth=st.sampled_from([8, 16]),
)
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_recipe(whole, parts, files, size, transparent, masks, rest, method, alpha, short, depth):
    veil = smooth(1, *size).round() if transparent else None
    write_image(files / "photo.png", smooth(3, *size), alpha=veil, depth=depth)
    for index, mask in enumerate(masks):
        write_image(files / f"mask{index}.png", smooth(1, *mask).expand(-1, 3, -1, -1))
    styles = ((files / "warm.png", 1.0), (files / "cold.png", 0.5)) if rest or not masks else ()
    areas = tuple((files / f"mask{index}.png", files / "cold.png") for index in range(len(masks)))
    settings = {"alpha": alpha, "preserve_color": method, "size": short, "style_size": 0, "depth": depth}
    agree(whole, parts, Recipe(files / "photo.png", styles, areas, **settings))


@pytest.mark.parametrize(("room", "disk"), [(1, 0), (1, 10**9), (10**9, 0)])
def test_features_are_encoded_twice_only_where_there_is_no_room(transfer, recipe, room, disk, monkeypatch):
    monkeypatch.setattr(tiling, "room_on_disk", lambda: disk)
    encoded = []
    cook = in_parts(transfer, room)
    handle = transfer.encoder.register_forward_hook(lambda *_: encoded.append(1))
    cook.write(recipe, recipe.content.with_name("result.png"))
    handle.remove()
    assert len(encoded) == 1 + 6 * (1 + (room + disk == 1))
    agree(Cook(transfer), cook, recipe)


def test_vgg(recipe):
    torch.manual_seed(1)
    encoder = VGGEncoder()
    transfer = StyleTransfer(encoder, mirror_decoder(encoder), device="cpu", dtype="float32")
    write_image(recipe.content, smooth(3, 40, 160))
    agree(Cook(transfer), in_parts(transfer), replace(recipe, preserve_color="luminance"))


@pytest.mark.parametrize("method", BY_STATISTICS)
def test_colours_of_parts_are_those_of_the_whole(whole, parts, recipe, method):
    agree(whole, parts, replace(recipe, preserve_color=method, depth=16))


def test_masks_of_every_kind(parts, transfer, recipe):
    """A content that stays on the disk takes masks that do not."""
    content = open_large(recipe.content)
    mask = smooth(1, 50, 60)[0, 0]
    write_image(recipe.content.with_name("mask.png"), mask.expand(1, 3, -1, -1), depth=16)
    write_image(recipe.content.with_name("mask.webp"), mask.expand(1, 3, -1, -1), lossless=True)
    style = transfer.encode_style(recipe.styles[0][0], size=0)
    expected = transfer.stylize(recipe.content, masks=[(recipe.content.with_name("mask.png"), style)])
    for kind, tolerance in ((mask, 1e-3), (recipe.content.with_name("mask.png"), 2e-5)):
        result = parts.transfer.stylize(content, masks=[(kind, style)])
        assert (result - expected).abs().max() <= tolerance


def test_progress_tells_of_every_pass_and_may_end_the_work(parts, recipe):
    out = recipe.content.with_name("result.png")
    for method, passes in (("none", 2), ("coral", 3), ("luminance", 2)):
        shares: list[float] = []
        parts.write(replace(recipe, preserve_color=method), out, progress=shares.append)
        assert shares == sorted(shares)
        assert len(shares) == passes * 6
        assert shares[-1] == 1
    out.unlink()

    def stop(share: float) -> None:
        if share > 0.6:
            raise KeyboardInterrupt

    before = set(out.parent.iterdir())
    with pytest.raises(KeyboardInterrupt):
        parts.write(recipe, out, progress=stop)
    assert set(out.parent.iterdir()) == before


def test_notes_are_said_once(parts, recipe):
    write_image(recipe.content, smooth(3, 150, 290), alpha=smooth(1, 150, 290))
    assert parts.write(recipe, recipe.content.with_name("r.jpg")) == ("transparency laid over white",)


def test_a_picture_is_made_in_parts_if_it_takes_more_than_a_quarter_of_the_memory(transfer, recipe, monkeypatch):
    cook = Cook(transfer)
    assert cook.fits(recipe)
    monkeypatch.setattr(transfer, "max_memory", 4 * 64 * 200 * 330)
    assert cook.fits(recipe)
    assert not cook.fits(replace(recipe, size=201))
    monkeypatch.setattr(transfer, "max_memory", 4 * 64 * 200 * 330 - 1)
    assert not cook.fits(recipe)
    assert cook.fits(replace(recipe, content=recipe.content.with_name("nowhere.png")))  # which make will say


def test_too_little_memory_for_any_tile_is_said(transfer, recipe):
    cook = Cook(StyleTransfer(transfer.encoder, transfer.decoder, device="cpu", max_memory=1_000_000))
    with pytest.raises(InvalidValueError, match=r"1 MB are too little memory for the smallest tile\. Allow 80 MB"):
        cook.write(recipe, recipe.content.with_name("result.png"))
    enough = Cook(StyleTransfer(transfer.encoder, transfer.decoder, device="cpu", max_memory=80_000_000))
    enough.write(recipe, recipe.content.with_name("result.png"))


def test_a_damaged_file_leaves_no_result(parts, recipe):
    data = bytearray(recipe.content.read_bytes())
    data[len(data) // 2] ^= 0xFF
    recipe.content.write_bytes(data)
    before = set(recipe.content.parent.iterdir())
    with pytest.raises(ImageError, match=r"photo\.png cannot be decoded"):
        parts.write(recipe, recipe.content.with_name("result.png"))
    assert set(recipe.content.parent.iterdir()) == before


@pytest.mark.parametrize(("side", "match"), [(110, "the disk is full"), (160, "do not fit on the disk")])
def test_a_full_disk_leaves_no_result(parts, recipe, tiny_disk, side, match):
    """Of 64 KiB: room for the samples but not for the file made of them, and not even for the samples."""
    write_image(recipe.content, torch.rand(1, 3, side, side))
    out = tiny_disk / "result.tif"
    with pytest.raises(OutputError, match=rf"result\.tif cannot be written: .*{match}"):
        parts.write(replace(recipe, masks=((recipe.styles[0][0], recipe.styles[0][0]),), styles=()), out)
    assert list(tiny_disk.iterdir()) == []


def test_a_disk_too_small_to_unpack_is_named(parts, recipe, tiny_disk, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tiny_disk))
    monkeypatch.setattr("adain_nodes.imaging.large._IN_MEMORY", 0)
    with pytest.raises(ImageError, match=rf"photo\.png takes 0\.0 GB when it is unpacked; {tiny_disk} has"):
        parts.write(recipe, recipe.content.with_name("result.png"))


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a hidden file stays, which harms nothing")
def test_a_killed_run_leaves_nothing(recipe):
    source = """
import os, signal, sys
from pathlib import Path
from adain_nodes.pipeline import StyleTransfer
from adain_nodes.recipe import Cook, Recipe
photo, style, out = map(Path, sys.argv[1:])
cook = Cook(StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32", tile=128))
cook.fits = lambda recipe: False

def kill(share):
    if share > 0.7:
        os.kill(os.getpid(), signal.SIGKILL)

cook.write(Recipe(photo, ((style, 1.0),)), out, progress=kill)
"""
    before = set(recipe.content.parent.iterdir())
    paths = (recipe.content, recipe.styles[0][0], recipe.content.with_name("result.png"))
    done = subprocess.run([sys.executable, "-c", source, *map(str, paths)], check=False)
    assert done.returncode == -9
    assert set(recipe.content.parent.iterdir()) == before
