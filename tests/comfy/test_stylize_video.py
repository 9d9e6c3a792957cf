"""Videos in a real ComfyUI: files and frames in memory, with their sound, in one piece and cancelled."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from prompts import error

from adain_nodes.imaging import read_image, to_tensor
from adain_nodes.pipeline import StyleTransfer
from adain_nodes.video import FrameStyler

STYLE = Path(__file__).parents[2] / "examples" / "pictures" / "style" / "swirls.jpg"
SETTINGS = {"alpha": 1.0, "preserve_color": "none", "style_size": 64, "smooth": 0.5, "model": "lite"}


def write_clip(path, count=8, size=(64, 48)):
    """A clip that grows lighter, with a tone."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=Fraction(10), options={"crf": "4"})
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        tone = file.add_stream("aac", rate=44_100, layout="mono")
        for number in range(count):
            pixels = np.full((size[1], size[0], 3), 60 + 12 * (number % 12), np.uint8)
            pixels[: size[1] // 2, : size[0] // 2] = (200, 30, 30)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        file.mux(stream.encode(None))
        wave = 0.5 * np.sin(np.arange(44_100 * count // 10, dtype=np.float32)[None] / 16)
        frame = av.AudioFrame.from_ndarray(wave, "fltp", "mono")
        frame.sample_rate = 44_100
        file.mux(tone.encode(frame))
        file.mux(tone.encode(None))


def read_clip(path):
    """Its frames, and its sound as it is stored."""
    with av.open(str(path)) as file:
        frames = [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]
    with av.open(str(path)) as file:
        return frames, [bytes(packet) for packet in file.demux(audio=0) if packet.size]


def prompt(file, **settings):
    """Load a video, stylise it, save it."""
    return {
        "load": {"class_type": "LoadVideo", "inputs": {"file": file}},
        "style": {"class_type": "LoadImage", "inputs": {"image": STYLE.name}},
        "ours": {
            "class_type": "AdaIN_StylizeVideo",
            "inputs": {"video": ["load", 0], "style_image": ["style", 0], **SETTINGS, **settings},
        },
        "save": {
            "class_type": "SaveVideo",
            "inputs": {"video": ["ours", 0], "filename_prefix": "made", "format": "auto", "codec": "auto"},
        },
    }


@pytest.fixture
def clip(host):
    """walk.mp4 in the host's input folder."""
    path = host.base / "input" / "walk.mp4"
    write_clip(path)
    return path


def newest(host):
    """What was saved last."""
    return max((host.base / "output").glob("made*.mp4"), key=lambda path: path.stat().st_mtime_ns)


@pytest.fixture(scope="module")
def expected():
    """What the library makes of the frames of a clip."""

    def expected(path):
        styler = FrameStyler(
            StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32"), read_image(STYLE).rgb, style_size=64
        )
        return [styler(to_tensor(frame), number / 10) for number, frame in enumerate(read_clip(path)[0])]

    return expected


def test_a_file_keeps_its_sound_and_gets_the_library_s_frames(host, clip, expected):
    outcome = host.run(prompt(clip.name))
    assert outcome.end == "success", outcome.error
    frames, sound = read_clip(newest(host))
    assert sound == read_clip(clip)[1]
    assert len(frames) == 8
    for frame, wanted in zip(frames, expected(clip), strict=True):
        assert (to_tensor(frame) - wanted).abs().mean() < 0.03
    shares = [done / of for done, of in outcome.progress]
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_frames_in_memory_stay_in_memory(host, clip, expected):
    """Through Get Video Components and Create Video; nothing is encoded between."""
    changed = prompt(clip.name)
    changed["parts"] = {"class_type": "GetVideoComponents", "inputs": {"video": ["load", 0]}}
    changed["again"] = {
        "class_type": "CreateVideo",
        "inputs": {"images": ["parts", 0], "audio": ["parts", 1], "fps": ["parts", 2]},
    }
    changed["ours"]["inputs"]["video"] = ["again", 0]
    changed["frames"] = {"class_type": "GetVideoComponents", "inputs": {"video": ["ours", 0]}}
    changed["save"] = {"class_type": "SaveImage", "inputs": {"images": ["frames", 0], "filename_prefix": "frame"}}
    outcome = host.run(changed)
    assert outcome.end == "success", outcome.error
    assert len(outcome.pictures) == 8
    for picture, wanted in zip(outcome.pictures, expected(clip), strict=True):
        assert (to_tensor(picture) - wanted).abs().mean() < 0.01


def test_cancelling_leaves_no_file(host, clip):
    write_clip(clip, 120, (192, 144))
    before = set((host.base / "temp").glob("adain_*"))
    outcome = host.run(prompt(clip.name), lambda done, of: done > 50 and host.post("/interrupt"))
    assert outcome.end == "interrupted"
    assert set((host.base / "temp").glob("adain_*")) == before
    assert not list((host.base / "temp").glob(".*.tmp"))


def test_what_is_no_clip_is_explained(host, clip):
    clip.write_bytes(b"no clip at all")
    node, message = error(host, prompt(clip.name))
    assert node == "AdaIN_StylizeVideo"
    assert "is no clip that can be read" in message


def test_smoothing_and_colours_reach_the_frames(host, clip):
    makings = [{}, {"smooth": 0.0, "alpha": 0.0}, {"preserve_color": "luminance"}]
    made = []
    for settings in makings:
        assert host.run(prompt(clip.name, **settings)).end == "success"
        made.append(torch.stack([to_tensor(frame) for frame in read_clip(newest(host))[0]]))
    assert (made[0] - made[1]).abs().mean() > 0.02
    assert (made[0] - made[2]).abs().mean() > 0.02
