"""Flicker: scenes that are known, figures that can be worked out, and what smoothing must achieve."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import pytest
import torch

from adain_nodes.core.errors import AdaINError, VideoError
from adain_nodes.evaluation import flicker
from adain_nodes.evaluation.flicker import (
    BEGINNING,
    FRAMES,
    NOISE,
    STEP,
    change,
    flows,
    measure_flicker,
    read_film,
    still,
    warping_error,
)
from adain_nodes.pipeline import StyleTransfer
from adain_nodes.resources import resource


@pytest.fixture
def picture():
    """Smooth, and with room on all sides for noise."""
    small = torch.rand(1, 3, 6, 8) * 0.6 + 0.2
    return torch.nn.functional.interpolate(small, size=(96, 128), mode="bicubic", align_corners=False).clamp(0.2, 0.8)


def test_a_still_scene_is_its_picture_and_noise(picture):
    scene = still(picture)
    assert len(scene.frames) == FRAMES
    assert scene.background.min() == 1
    off = torch.cat(scene.frames) - picture
    assert float(off.std()) == pytest.approx(NOISE, rel=0.05)
    assert float((scene.frames[1] - scene.frames[0]).std()) == pytest.approx(math.sqrt(2) * NOISE, rel=0.05)
    # the mean absolute value of a normal variable is its deviation times √(2/π)
    assert change(scene.frames, scene.background) == pytest.approx(255 * NOISE * 2 / math.sqrt(math.pi), rel=0.05)


def test_what_passes_is_beside_the_background(picture):
    scene = still(picture, passing=True)
    quiet = still(picture)
    assert 0 < float(scene.background.mean()) < 1
    for moving, resting in zip(scene.frames, quiet.frames, strict=True):
        assert torch.equal(moving * scene.background, resting * scene.background)
    assert max(float((a - b).abs().max()) for a, b in zip(scene.frames, quiet.frames, strict=True)) > 0.2


def test_the_exposure_wanders(picture):
    light = [float(frame.mean()) for frame in still(picture, exposure=0.1).frames]
    assert max(light) / min(light) == pytest.approx(1.1 / 0.9, rel=0.02)


def test_change_counts_the_background_after_the_beginning():
    frames = [torch.full((1, 3, 4, 4), (number if number > BEGINNING else 0) / 255) for number in range(BEGINNING + 4)]
    frames[-1][..., :2] = 1
    background = torch.ones(1, 1, 4, 4)
    background[..., :2] = 0
    jump = BEGINNING + 1  # from 0
    assert change(frames, background) == pytest.approx((jump + 1 + 1) / 3, rel=1e-3)


def test_warping_error_follows_motion(picture):
    """A film that moves evenly, with a result that does the same: no error. One that stands still: what it moved."""
    film = [torch.roll(picture, 2 * number, dims=3)[..., 20:-20] for number in range(9)]
    motions = list(flows(film))
    moved = warping_error(film, film, motions)
    stuck = warping_error([film[0]] * 9, film, motions)
    assert moved < 0.25 * stuck
    unmoved = [torch.zeros_like(motion) for motion in motions]
    for each in unmoved:
        rows, columns = torch.meshgrid(torch.linspace(-1, 1, 96), torch.linspace(-1, 1, 88), indexing="ij")
        each[0] = torch.stack((columns, rows), -1)
    assert warping_error([film[0]] * 9, [film[0]] * 9, unmoved) == pytest.approx(0, abs=1e-3)


@pytest.fixture
def short(monkeypatch, picture):
    """A small picture, and few frames."""
    monkeypatch.setattr(flicker, "FRAMES", BEGINNING + 6)
    return picture[..., 24:72, 32:96]


def test_smoothing_at_least_halves_the_flicker(short):
    transfer = StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32")
    style = transfer.encode_style(torch.rand(1, 3, 64, 64))
    table = measure_flicker(transfer, style, short)
    rows = {row.mode: row for row in table.rows}
    plain, smoothed, parts = rows["plain"], rows["smoothed"], [rows["statistics alone"], rows["pixels alone"]]
    assert smoothed.noise < 0.5 * plain.noise
    assert smoothed.exposure < 0.5 * plain.exposure
    assert smoothed.passing < 0.5 * plain.passing
    assert all(smoothed.passing <= part.passing for part in parts)
    assert plain.warping is None
    assert "| plain " in table.markdown()
    assert "warping" not in table.markdown()
    assert len(json.loads(table.json())["rows"]) == 5


def test_a_clip_is_measured_too(shared, short, monkeypatch):
    """In the style of a painting: under one of noise, which has no strokes to keep in place, nothing is gained."""
    clip = shared / "video" / "cutBunny.mp4"
    if not clip.is_file():
        pytest.skip(f"NOT TESTED WITH A REAL FILM: {clip} is not there")
    monkeypatch.setattr(flicker, "read_film", lambda path, side: read_film(path, side)[50:69])
    transfer = StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32")
    painting = resource("examples", "pictures", "style", "starry_night.jpg")
    table = measure_flicker(transfer, transfer.encode_style(painting, size=256), short, clip, side=48)
    rows = {row.mode: row.warping for row in table.rows}
    assert rows["the clip itself"] < rows["smoothed"] < 0.97 * rows["plain"]
    assert "cutBunny.mp4" in table.markdown()


def test_a_clip_that_is_over_before_it_counts_is_refused(short, monkeypatch):
    monkeypatch.setattr(flicker, "read_film", lambda path, side: [short] * (BEGINNING + STEP))
    transfer = StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32")
    style = transfer.encode_style(torch.rand(1, 3, 64, 64))
    with pytest.raises(VideoError, match=r"short\.gif has 16 frames; the first 16 do not count\. Choose a longer clip"):
        measure_flicker(transfer, style, short, Path("short.gif"))


def test_missing_scikit_image_is_explained(monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage.registration", None)
    with pytest.raises(AdaINError, match="pip install scikit-image"):
        list(flows([torch.zeros(1, 3, 8, 8)] * 6))
