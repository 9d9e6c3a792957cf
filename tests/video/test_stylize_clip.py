"""A clip in a style: what is kept, what changes, and how it ends."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from adain_nodes.core.errors import ImageError, InvalidValueError, VideoError
from adain_nodes.core.style import blend
from adain_nodes.imaging import to_tensor, write_image
from adain_nodes.video import Clip, Film, Frame, FrameStyler, key_frames, stylize_clip
from adain_nodes.video.stylize import ROOM

ROOT = Path(__file__).parents[2]


@pytest.fixture
def style(tmp_path):
    """A picture of noise in warm colours."""
    path = tmp_path / "warm.png"
    write_image(path, torch.rand(1, 3, 32, 32) * torch.tensor([1, 0.6, 0.2])[:, None, None])
    return path


def test_a_style_that_is_encoded_for_each_frame_is_read_once(transfer, style, make, tmp_path):
    settings = {"preserve_color": "coral", "style_size": 32}
    frames = [torch.rand(1, 3, 32, 48) for _ in range(2)]
    styler = FrameStyler(transfer, style, **settings)
    style.unlink()  # as pages delete uploads
    first, second = (styler(frame, number / 25) for number, frame in enumerate(frames))
    assert not torch.equal(first, second)


def in_range(array):
    """A decoded picture as a tensor."""
    return to_tensor(array[None])


def test_a_clip_keeps_everything_but_its_look(make, probe, transfer, style, tmp_path):
    source, target = make(), tmp_path / "out.mp4"
    film = stylize_clip(transfer, source, target, style, style_size=32)
    before, after = probe(source), probe(target)
    assert film == Film(6, pytest.approx(6 / 25), (), ())
    assert (after.size, after.rate, after.streams, after.duration) == (
        before.size,
        before.rate,
        before.streams,
        pytest.approx(before.duration, abs=0.03),
    )
    assert after.times == pytest.approx(before.times, abs=1e-3)
    assert np.array_equal(after.sound, before.sound)
    assert np.abs(after.pictures[3].astype(int) - before.pictures[3]).mean() > 10


def test_frames_are_those_that_the_pipeline_makes(make, probe, transfer, style, tmp_path):
    source, target = make(), tmp_path / "out.mp4"
    stylize_clip(transfer, source, target, style, style_size=32, smooth=0, alpha=0.7)
    look = transfer.encode_style(style, size=32)
    with Clip(source) as clip:
        wanted = [transfer.stylize(to_tensor(f.pixels), look, alpha=0.7) for f in clip if isinstance(f, Frame)]
    for picture, expected in zip(probe(target).pictures, wanted, strict=True):
        assert (in_range(picture) - expected).abs().mean() < 0.03  # what 4:2:0 and the encoder lose


@pytest.mark.parametrize("preserve_color", ["luminance", "coral"])
def test_colours_can_be_kept(make, probe, transfer, style, tmp_path, preserve_color):
    def colour_after(**settings):
        stylize_clip(transfer, source, target, style, style_size=32, **settings)
        return tint(probe(target))

    def tint(facts):
        colour = facts.pictures[2].mean((0, 1))
        return colour - colour.mean()

    source, target = make(sound=""), tmp_path / "out.mp4"
    before = tint(probe(source))
    kept, lost = (np.abs(colour_after(**each) - before).mean() for each in ({"preserve_color": preserve_color}, {}))
    assert kept < 0.4 * lost


def test_a_style_that_changes_is_the_one_of_each_time(make, transfer, style, tmp_path):
    warm = transfer.encode_style(style, size=32)
    cold = transfer.encode_style(torch.rand(1, 3, 32, 32) * torch.tensor([0.1, 0.3, 1])[:, None, None], size=32)
    frame = torch.full((1, 3, 48, 64), 0.5)
    styler = FrameStyler(transfer, key_frames([(0, warm), (1, cold)]), smooth=0)
    for moment in (0, 0.25, 1):
        wanted = transfer.stylize(frame, blend([warm, cold], [1 - moment, moment]))
        torch.testing.assert_close(styler(frame, moment), wanted)


def test_the_style_is_encoded_once(make, transfer, style, tmp_path, monkeypatch):
    encoded = []
    original = transfer.encode_style
    monkeypatch.setattr(transfer, "encode_style", lambda *a, **k: encoded.append(a) or original(*a, **k))
    stylize_clip(transfer, make(), tmp_path / "out.mp4", [style, style], weights=[1, 2], style_size=32)
    assert len(encoded) == 1


def test_progress_is_told_after_each_frame_and_reaches_the_end(make, transfer, style, tmp_path):
    shares = []
    stylize_clip(transfer, make(sound=""), tmp_path / "out.mp4", style, style_size=32, progress=shares.append)
    assert shares == sorted(shares)
    assert (len(shares), shares[-1]) == (6, 1)


class StopError(Exception):
    """The visitor has had enough."""


def test_an_error_of_progress_ends_the_work_without_a_trace(make, transfer, style, tmp_path):
    shares = []

    def stop(share):
        shares.append(share)
        if len(shares) == 2:
            raise StopError

    target = tmp_path / "out" / "out.mp4"
    target.parent.mkdir()
    target.write_bytes(b"an older one")
    with pytest.raises(StopError):
        stylize_clip(transfer, make(pictures=15), target, style, style_size=32, progress=stop)
    assert [file.name for file in target.parent.iterdir()] == ["out.mp4"]
    assert target.read_bytes() == b"an older one"


def test_few_frames_are_held_at_once(make, transfer, style, tmp_path, monkeypatch):
    """Between what was read and what was written there are never more than the queues hold."""
    read, most = [], 0
    original = Clip._pixels
    monkeypatch.setattr(Clip, "_pixels", lambda *a: read.append(1) or original(*a))
    written = 0

    def watch(share):
        nonlocal most, written
        written += 1
        most = max(most, len(read) - written)

    stylize_clip(transfer, make(pictures=40, sound=""), tmp_path / "out.mp4", style, style_size=32, progress=watch)
    assert len(read) == 40
    assert most <= 2 * ROOM + 2


def test_cuts_are_reported_and_show_the_new_scene_at_once(make, probe, transfer, style, tmp_path):
    rng = np.random.default_rng(0)
    first, second = rng.integers(20, 90, (48, 64, 3)), rng.integers(160, 240, (48, 64, 3))
    frames = [
        np.clip(scene + rng.normal(0, 2, scene.shape), 0, 255).astype(np.uint8) for scene in [first] * 8 + [second] * 8
    ]
    source = make("cut.mp4", frames, sound="")
    smooth, plain = tmp_path / "smooth.mp4", tmp_path / "plain.mp4"
    film = stylize_clip(transfer, source, smooth, style, alpha=0.5, style_size=32)
    stylize_clip(transfer, source, plain, style, alpha=0.5, style_size=32, smooth=0)
    assert film.cuts == (pytest.approx(8 / 25),)
    one, other = probe(smooth).pictures[8], probe(plain).pictures[8]
    assert np.abs(one.astype(int) - other).mean() < 4


def test_what_cannot_be_is_refused_before_anything_is_written(make, transfer, style, tmp_path):
    target = tmp_path / "out.mp4"
    for error, settings in (
        (InvalidValueError, {"alpha": 2}),
        (InvalidValueError, {"preserve_color": "all"}),
        (InvalidValueError, {"smooth": -1}),
        (InvalidValueError, {"size": -1}),
        (ImageError, {"style": tmp_path / "nothing.png"}),
        (VideoError, {"source": tmp_path / "nothing.mp4"}),
        (InvalidValueError, {"target": tmp_path / "out.gif"}),
    ):
        given = {"source": make(), "target": target, "style": style, "style_size": 32} | settings
        with pytest.raises(error):
            stylize_clip(transfer, given.pop("source"), given.pop("target"), given.pop("style"), **given)
    assert {file.name for file in tmp_path.iterdir()} == {"clip.mp4", "warm.png"}


KILLED = """
import sys
from pathlib import Path
from adain_nodes.pipeline import StyleTransfer
from adain_nodes.video import stylize_clip
transfer = StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32")
source, target, style = map(Path, sys.argv[1:])
stylize_clip(transfer, source, target, style, style_size=32, progress=lambda share: print(share, flush=True))
"""


def test_a_process_that_is_killed_leaves_nothing_under_the_name(make, style, tmp_path):
    target = tmp_path / "out.mp4"
    command = [sys.executable, "-c", KILLED, str(make(pictures=200)), str(target), str(style)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(5):
            assert process.stdout.readline()
        process.send_signal(signal.SIGKILL)
    assert not target.exists()


def test_a_real_film(shared, probe, transfer, style, tmp_path):
    source, target = shared / "video" / "cutBunny.mp4", tmp_path / "bunny.mp4"
    if not source.is_file():
        pytest.skip(f"NOT TESTED WITH A REAL FILM: {source} is not there")
    film = stylize_clip(transfer, source, target, style, style_size=32, size=32)
    before, after = probe(source), probe(target)
    assert (film.frames, film.cuts, film.notes) == (240, (pytest.approx(235 / 24),), ())
    assert (after.size, after.rate, after.duration) == ((58, 32), 24, pytest.approx(10, abs=0.02))
    assert after.times == pytest.approx(before.times)
    assert np.array_equal(after.sound, before.sound)
    assert after.packets == before.packets
