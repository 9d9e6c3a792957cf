"""What runs beside the pictures, by the container that it goes to."""

from __future__ import annotations

from types import SimpleNamespace

import av
import pytest

from adain_nodes.video import Clip
from adain_nodes.video.sound import Copied, Recoded, open_tracks
from adain_nodes.video.writing import ClipWriter


def stream(kind, codec, index=1):
    """A stream of a clip, as far as it is looked at before a packet comes."""
    layout = SimpleNamespace(name="mono", nb_channels=1)
    context = SimpleNamespace(codec=SimpleNamespace(canonical_name=codec), sample_rate=44_100, layout=layout)
    return SimpleNamespace(type=kind, index=index, codec_context=context)


@pytest.fixture
def opened(tmp_path, make):
    """A function that opens the tracks of a real clip's sound and of further streams in a container."""
    with Clip(make()) as clip:

        def opened(name, *more):
            with av.open(str(tmp_path / name), "w") as target:
                target.add_stream("libvpx-vp9" if name.endswith("webm") else "libx264", rate=25)
                return open_tracks(target, [*clip.tracks, *more])

        yield opened


def test_what_has_a_place_is_copied(opened):
    tracks, notes = opened("out.mp4")
    assert [type(track) for track in tracks.values()] == [Copied]
    assert notes == []


def test_sound_without_a_place_is_encoded_anew(opened):
    tracks, notes = opened("out.webm")
    assert [type(track) for track in tracks.values()] == [Recoded]
    assert notes == ["its sound was encoded anew: webm has no place for aac"]


def test_subtitles_without_a_place_are_left_out(opened):
    tracks, notes = opened("out.mp4", stream("subtitle", "subrip", 7))
    assert 7 not in tracks
    assert notes == ["left out its subtitle in subrip, for which mp4 has no place"]


def test_packets_of_what_is_left_out_are_dropped(make, tmp_path, probe, monkeypatch):
    monkeypatch.setattr("adain_nodes.video.writing.open_tracks", lambda target, streams: ({}, ["left out"]))
    target = tmp_path / "out.mp4"
    with Clip(make()) as clip, ClipWriter(target, "mp4", clip) as writer:
        for item in clip:
            writer.write(item)
    assert probe(target).streams == ["video h264"]
