"""Clips come in upright, in time and in their colours, or are refused in a sentence."""

from __future__ import annotations

import sys
from fractions import Fraction
from io import BytesIO

import av
import numpy as np
import pytest
from PIL import Image

from adain_nodes.core.errors import AdaINError, InvalidValueError, VideoError
from adain_nodes.video import Clip, Frame

SCENES = 6


def frames(source, **settings):
    """All frames of a clip, and the clip."""
    with Clip(source, **settings) as clip:
        return [item for item in clip if isinstance(item, Frame)], clip


def light(frame):
    """The number of a scene, by its light."""
    return round((float(frame.pixels[-8:, -8:].mean()) - 40) / 12)


def test_frames_come_in_order_with_their_times(make):
    found, clip = frames(make())
    assert [light(each) for each in found] == list(range(SCENES))
    assert [each.time for each in found] == pytest.approx([number / 25 for number in range(SCENES)])
    assert [float(each.length * clip.time_base) for each in found] == pytest.approx([1 / 25] * SCENES)
    assert (clip.shape, clip.rate, clip.rotation, clip.notes) == ((48, 64), 25, 0, ())
    assert clip.duration == pytest.approx(SCENES / 25, abs=0.03)  # the sound ends a little later
    assert found[-1].share == pytest.approx(1, abs=0.2)
    assert [each.share for each in found] == sorted(each.share for each in found)


def test_colours_are_those_that_were_written(make):
    found, _ = frames(make(pix_fmt="yuv444p"))
    corner = found[0].pixels[4:16, 4:24].reshape(-1, 3).mean(0)
    assert np.abs(corner - (220, 20, 20)).max() < 6
    assert np.abs(found[2].pixels[-16:].astype(int) - 64).max() < 6


def test_time_stamps_of_a_variable_rate_are_kept(make):
    times = [0, 0.04, 0.2, 0.24, 0.6, 0.64]
    found, _ = frames(make(times=times))
    assert [each.time for each in found] == pytest.approx(times)


def test_a_clip_that_starts_late_starts_at_0(make):
    found, _ = frames(make("clip.mkv", start=3, sound="aac"))
    assert found[0].time == pytest.approx(0, abs=0.03)


class Pipe:
    """Takes bytes and cannot go back, so that what is written into it never says how long it is."""

    def __init__(self):
        self.data = b""

    def write(self, data):
        self.data += data
        return len(data)


def test_a_clip_that_is_too_long_is_refused_or_ends_there(make):
    path = make()  # 0.24 seconds
    with pytest.raises(VideoError, match=r"longer than 0.002 minutes. Shorten it"):
        Clip(path, max_seconds=0.12)
    pipe = Pipe()
    with av.open(str(path)) as source, av.open(pipe, "w", format="matroska", options={"live": "1"}) as copy:
        stream = copy.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = stream
                copy.mux(packet)
    with Clip(BytesIO(pipe.data), max_seconds=0.12) as clip:
        assert clip.duration == 0
        assert [next(clip_frames).time for clip_frames in [iter(clip)] * 4] == pytest.approx([0, 0.04, 0.08, 0.12])
        with pytest.raises(VideoError, match="longer than"):
            list(clip)


@pytest.mark.parametrize("rotation", [90, 180, 270])
def test_frames_are_turned_upright(make, rotation):
    found, clip = frames(make(rotation=rotation))
    stored, _ = frames(make("same.mp4"))
    assert clip.rotation == rotation
    assert clip.shape == ((48, 64) if rotation == 180 else (64, 48))
    upright = np.rot90(stored[0].pixels, rotation // 90)
    assert np.abs(found[0].pixels.astype(int) - upright).max() < 8


@pytest.mark.parametrize(
    ("size", "shape"), [(24, (24, 32)), (96, (96, 128)), (25, (25, 34)), (0, (48, 64)), (47, (47, 64))]
)
def test_frames_are_brought_to_a_size(make, size, shape):
    found, clip = frames(make(sound=""), size=size)
    assert found[0].pixels.shape == (*shape, 3)
    assert clip.shape == shape
    assert light(found[3]) == 3


def test_a_size_that_changes_becomes_that_of_the_first_and_is_noted(make, tmp_path):
    parts = [
        make(f"{start}.ts", 3, size=size, sound="", start=start) for start, size in enumerate([(64, 48), (32, 32)])
    ]
    path = tmp_path / "both.ts"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    found, clip = frames(path)
    assert [each.pixels.shape for each in found] == [(48, 64, 3)] * 6
    assert clip.notes == ("3 of its frames have another size and were brought to that of the first",)


def test_frames_whose_time_has_passed_are_left_out_and_noted(make, tmp_path):
    path = tmp_path / "twice.ts"
    path.write_bytes(2 * make("once.ts", 3, sound="").read_bytes())
    found, clip = frames(path)
    assert [light(each) for each in found] == [0, 1, 2]
    assert clip.notes[0].startswith("3 of its frames were left out")


def test_frames_of_a_container_without_times_of_showing_are_not_lost(make):
    """AVI, with frames that are stored in another order."""
    found, _ = frames(make("clip.avi", 24, sound=""))
    assert len(found) >= 23
    assert [each.time for each in found] == sorted(each.time for each in found)


def damaged(path, *, where=0.5, length=60):
    """The clip with some bytes in the middle of its pictures changed."""
    data = bytearray(path.read_bytes())
    start = data.index(b"mdat") + 4
    place = start + int((len(data) - start) * where)
    data[place : place + length] = bytes(length)
    path.write_bytes(data)
    return path


def test_a_broken_frame_is_noted_and_the_rest_comes(make):
    pictures = [np.random.default_rng(number).integers(0, 255, (48, 64, 3), np.uint8) for number in range(12)]
    path = make("clip.mp4", pictures, sound="", codec="mjpeg", pix_fmt="yuvj420p", options={})
    data = bytearray(path.read_bytes())
    with av.open(str(path)) as file:
        packet = [packet for packet in file.demux(video=0) if packet.size][5]
        data[packet.pos : packet.pos + packet.size] = bytes(packet.size)
    path.write_bytes(data)
    found, clip = frames(path)
    assert len(found) == 11
    assert clip.notes == ("1 of its frames could not be decoded: the ones before them are shown for longer",)


def test_damaged_frames_are_noted(make):
    pictures = [np.random.default_rng(number).integers(0, 255, (48, 64, 3), np.uint8) for number in range(12)]
    found, clip = frames(damaged(make("clip.mp4", pictures, sound="", options={"crf": "20", "bf": "0"})))
    assert len(found) >= 10
    assert clip.notes


def test_a_clip_that_breaks_off_gives_what_there_is(make, tmp_path):
    whole = make("clip.mkv", 50, sound="").read_bytes()
    path = tmp_path / "half.mkv"
    path.write_bytes(whole[: len(whole) * 6 // 10])
    found, _ = frames(path)
    assert 5 < len(found) < 50


def test_files_may_be_open_already(make):
    with make().open("rb") as file:
        found, _ = frames(file)
    assert len(found) == SCENES


def test_what_is_no_clip_is_refused(make, tmp_path):
    for name, data in (("text.mp4", b"no clip at all"), ("empty.mp4", b""), ("half.mp4", make().read_bytes()[:600])):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(VideoError, match=rf"{name} is no clip that can be read"):
            Clip(tmp_path / name)
    for path in (tmp_path, tmp_path / "nothing.mp4", "https://example.com/clip.mp4", "concat:a.mp4|b.mp4"):
        with pytest.raises(VideoError, match="is not there, or no file"):
            Clip(path)


def test_sound_alone_is_no_clip_with_a_cover_neither(tmp_path):
    with av.open(str(tmp_path / "tone.mp4"), "w") as file:
        tone = file.add_stream("aac", rate=44_100, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts = 44_100, 0
        file.mux(tone.encode(frame))
        file.mux(tone.encode(None))
    with pytest.raises(VideoError, match="no moving pictures"):
        Clip(tmp_path / "tone.mp4")


def test_another_format_than_the_one_that_is_asked_for_is_refused(make):
    assert frames(make(), format="mov")[0]
    with pytest.raises(VideoError, match="no clip that can be read"):
        Clip(make(), format="matroska")


def test_frames_of_too_many_pixels_are_refused(make):
    with pytest.raises(VideoError, match=r"64×48 px, above the limit of 0\.003 megapixels"):
        Clip(make(), max_pixels=3000)
    with pytest.raises(VideoError, match="above the limit"):
        Clip(make(), size=480, max_pixels=64 * 48)


def test_a_size_below_0_is_refused(make):
    with pytest.raises(InvalidValueError, match="short side of -1"):
        Clip(make(), size=-1)


def test_a_picture_is_a_clip_of_one_frame(tmp_path):
    Image.new("RGB", (20, 10), "red").save(tmp_path / "one.png")
    found, _ = frames(tmp_path / "one.png")
    assert [each.pixels.shape for each in found] == [(10, 20, 3)]


def test_a_missing_library_is_named(make, monkeypatch):
    path = make()
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(AdaINError, match=r"PyAV, which is not installed"):
        Clip(path)


def test_rates_that_are_no_whole_numbers(make):
    _, clip = frames(make(rate=Fraction(30000, 1001), times=[number * 1001 / 30000 for number in range(SCENES)]))
    assert float(clip.rate) == pytest.approx(30000 / 1001, rel=1e-3)
