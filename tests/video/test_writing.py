"""Clips go out as they came in: times, size, orientation, colours and sound."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.video import CONTAINERS, Clip
from adain_nodes.video.writing import ClipWriter, container_of


@pytest.fixture
def copy(tmp_path, probe):
    """A function that writes a clip again, without a change to its pictures; gives what is found in both, and notes."""

    def copy(source, name="copy.mp4", **settings):
        target = tmp_path / name
        with Clip(source, **settings) as clip, ClipWriter(target, container_of(target), clip) as writer:
            for item in clip:
                writer.write(item)
        return probe(source), probe(target), writer.notes

    return copy


def apart(one, other):
    """How far pictures are apart, in steps of 8 bits."""
    return np.abs(one.astype(int) - other).mean()


@pytest.mark.parametrize("ending", CONTAINERS)
def test_every_container_keeps_times_size_and_pictures(make, copy, ending):
    before, after, _ = copy(make(), f"copy{ending}")
    assert (after.size, after.rate) == (before.size, before.rate)
    late = after.times[0]  # Matroska has no room for what comes before 0: a sound's lead shifts sound and pictures
    assert late == pytest.approx(0, abs=0.03)
    assert [time - late for time in after.times] == pytest.approx(before.times, abs=0.001)
    assert after.duration == pytest.approx(before.duration, abs=0.03)
    assert [stream.split()[0] for stream in after.streams] == ["video", "audio"]
    for one, other in zip(before.pictures, after.pictures, strict=True):
        assert apart(one, other) < 4


def test_sound_is_copied_to_the_bit(make, copy):
    before, after, notes = copy(make())
    assert after.packets == before.packets
    assert np.array_equal(after.sound, before.sound)
    assert notes == []


@pytest.mark.parametrize(
    ("source", "codec", "target", "stored"),
    [
        ("clip.mkv", "pcm_s16le", "copy.webm", "audio opus"),
        ("clip.mp4", "aac", "copy.webm", "audio opus"),
        ("clip.avi", "pcm_u8", "copy.mp4", "audio aac"),
    ],
)
def test_sound_without_a_place_is_encoded_anew_and_sounds_alike(make, copy, source, codec, target, stored):
    options = {"bf": "0"}  # AVI cannot say when frames are shown that are stored in another order
    _, after, notes = copy(make(source, 50, sound=codec, options=options), target)
    assert after.streams[1] == stored
    assert len(notes) == 1
    assert notes[0].startswith("its sound was encoded anew")
    middle = after.sound[0, 20_000:60_000].astype(float)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    rate = 48_000 if stored.endswith("opus") else 44_100
    assert np.argmax(spectrum) * rate / len(middle) == pytest.approx(440, abs=3)
    assert after.sound.shape[1] / rate == pytest.approx(2, abs=0.05)
    assert after.sound.shape[1] / rate > 1.995  # to its end
    assert len(after.times) == 50


def test_a_clip_without_sound_stays_without(make, copy):
    _, after, notes = copy(make(sound=""))
    assert after.streams == ["video h264"]
    assert notes == []


def test_pictures_and_sound_that_start_late_start_together_at_0(make, copy):
    before, after, _ = copy(make("late.mkv", start=3))
    assert min(before.times) > 2.9
    assert min(after.times) < 0.03
    assert after.duration < 0.5
    assert after.packets == before.packets


def test_a_variable_rate_is_kept(make, copy):
    times = [0, 0.04, 0.2, 0.24, 0.6, 0.64]
    _, after, _ = copy(make(times=times))
    assert after.times == pytest.approx(times, abs=1e-4)


def test_rates_that_are_no_whole_numbers_are_kept(make, copy):
    rate = Fraction(24000, 1001)
    before, after, _ = copy(make(rate=rate, sound="", times=[float(n / rate) for n in range(24)], pictures=24))
    assert float(after.rate) == pytest.approx(float(before.rate), rel=1e-3)


@pytest.mark.parametrize("rotation", [90, 180, 270])
@pytest.mark.parametrize("ending", [".mp4", ".mov", ".mkv"])
def test_rotation_is_kept_as_a_mark(make, copy, rotation, ending):
    before, after, _ = copy(make(rotation=rotation), f"copy{ending}")
    assert (after.rotation % 360, after.size) == (rotation, before.size) == (before.rotation % 360, (64, 48))
    assert apart(before.pictures[0], after.pictures[0]) < 4


def test_frames_are_turned_where_the_mark_cannot_be_written(make, copy, monkeypatch):
    path = make(rotation=90)
    monkeypatch.setattr("adain_nodes.video.writing.hasattr", lambda *names: False, raising=False)
    before, after, notes = copy(path)
    assert (after.rotation, after.size) == (0, (48, 64))
    assert apart(np.rot90(before.pictures[0]), after.pictures[0]) < 4
    assert notes == ["its frames were turned upright, instead of being marked to be turned"]


@pytest.mark.parametrize(("name", "stored"), [("odd.mp4", "yuv444p"), ("odd.webm", "yuv420p"), ("odd.mkv", "yuv444p")])
def test_odd_sizes_are_kept(make, copy, name, stored):
    _, after, notes = copy(make(size=(63, 47), pix_fmt="yuv444p"), name)
    assert (after.size, after.pixel_format) == ((63, 47), stored)
    assert any("63×47 px, which is odd" in note for note in notes) == (stored == "yuv444p")


def test_metadata_is_kept(make, tmp_path):
    import av

    path, target = make(), tmp_path / "copy.mp4"
    with Clip(path) as clip:
        clip.metadata["title"] = "A walk"
        with ClipWriter(target, "mp4", clip) as writer:
            for item in clip:
                writer.write(item)
    with av.open(str(target)) as file:
        assert file.metadata["title"] == "A walk"


@pytest.mark.parametrize("name", ["clip", "clip.gif", "clip.txt", "clip.avi"])
def test_other_names_are_refused(tmp_path, name):
    with pytest.raises(InvalidValueError, match=r"End it in \.mp4, \.m4v, \.mov, \.mkv, \.webm\."):
        container_of(tmp_path / name)


FULL = """
import resource, sys
from pathlib import Path
from adain_nodes.core.errors import OutputError
from adain_nodes.core.files import replacing
from adain_nodes.video import Clip
from adain_nodes.video.writing import ClipWriter
source, target = map(Path, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
try:
    with replacing(target) as temporary, Clip(source) as clip, ClipWriter(temporary, "mp4", clip) as writer:
        for item in clip:
            writer.write(item)
except OutputError as error:
    print(error)
"""


def test_a_disk_that_fills_is_reported_and_nothing_is_left(make, tmp_path):
    pictures = [np.random.default_rng(number).integers(0, 255, (48, 64, 3), np.uint8) for number in range(40)]
    source, target = make("noise.mp4", pictures), tmp_path / "out" / "copy.mp4"
    target.parent.mkdir()
    done = subprocess.run([sys.executable, "-c", FULL, source, target], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "copy.mp4 cannot be written" in done.stdout
    assert list(target.parent.iterdir()) == []
