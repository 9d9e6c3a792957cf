"""`adain video` and `adain flicker`: the options reach the library, and the result the file."""

from __future__ import annotations

import inspect
import json
import os
from fractions import Fraction

import av
import numpy as np
import pytest

from adain_nodes.cli import options, video
from adain_nodes.cli.video import key_styles
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.video import SMOOTH, FrameStyler


@pytest.fixture
def clip(folder):
    """walk.mp4 in the working folder: ten frames of 48×64, grey."""
    path = folder / "walk.mp4"
    with av.open(str(path), "w") as file:
        stream = file.add_stream("libx264", rate=Fraction(10))
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(10):
            pixels = np.full((48, 64, 3), 60 + 8 * number, np.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        file.mux(stream.encode(None))
    return path


def pictures(path):
    """The frames of a clip."""
    with av.open(str(path)) as file:
        return [frame.to_ndarray(format="rgb24") for frame in file.decode(video=0)]


FAST = ("--style-size", 32, "--device", "cpu", "--dtype", "float32")


def test_a_clip_is_stylised(adain, clip, folder):
    answer = adain("video", clip, folder / "made" / "out.mkv", "--style", "styles/warm.png", *FAST)
    assert (answer.status, answer.err) == (0, "")
    assert answer.out.startswith("10 frames in ")
    assert " a second)" in answer.out
    assert "out.mkv" in answer.out.replace(os.sep, "/").replace("\n", "")
    assert [frame.shape for frame in pictures(folder / "made" / "out.mkv")] == [(48, 64, 3)] * 10


def test_options_reach_the_frames(adain, clip, folder):
    out = folder / "out.mp4"
    assert adain("video", clip, out, "-s", "styles/warm.png", "--size", 24, "--alpha", 0, *FAST).status == 0
    assert pictures(out)[0].shape == (24, 32, 3)
    plain = adain("video", clip, out, "-s", "styles/warm.png", "--preserve-color", "luminance", "--smooth", 0, *FAST)
    assert plain.status == 0


def test_key_frames(adain, clip, folder):
    keys = ["--key", "0:styles/warm.png", "--key", "0.9:styles/cold.png:2", "--key", "0.9:styles/warm.png:1"]
    assert adain("video", clip, folder / "out.mp4", *keys, *FAST).status == 0


def test_keys_are_read_as_times_with_blends(folder):
    transfer = options.load("lite", None, "cpu", "float32")
    style_at = key_styles(
        transfer, ["0.5:styles/warm.png", "2:styles/cold.png:3", "2:styles/warm.png", "4:styles/cold.png"], 32
    )
    warm, cold = (transfer.encode_style(f"styles/{name}.png", size=32) for name in ("warm", "cold"))
    mean = {name: style.levels[0].mean for name, style in (("warm", warm), ("cold", cold))}
    assert np.allclose(style_at(0).levels[0].mean, mean["warm"])
    assert np.allclose(style_at(2).levels[0].mean, 0.75 * mean["cold"] + 0.25 * mean["warm"], atol=1e-6)
    assert np.allclose(style_at(9).levels[0].mean, mean["cold"])


@pytest.mark.parametrize("text", ["warm.png", ":warm.png", "a:warm.png", "3:", "3"])
def test_keys_that_are_none_are_explained(text):
    with pytest.raises(InvalidValueError, match=r"is no time with a style\. Write --key SECONDS:PICTURE\."):
        key_styles(None, [text], 32)  # nothing is loaded for that


@pytest.mark.parametrize("both", [[], ["--style", "styles/warm.png", "--key", "0:styles/cold.png"]])
def test_either_styles_or_keys(adain, clip, folder, both):
    answer = adain("video", clip, folder / "out.mp4", *both)
    assert answer.status == 1
    assert "Give either --style or --key." in answer.err.replace("\n", " ")


def test_a_clip_that_is_none_is_an_error(adain, folder):
    answer = adain("video", "photos/one.mp4", "out.mp4", "--style", "styles/warm.png", *FAST)
    assert answer.status == 1
    assert "one.mp4 is not there" in answer.err
    assert not (folder / "out.mp4").exists()


def test_defaults_are_those_of_the_library():
    def defaults(function):
        return {name: each.default for name, each in inspect.signature(function).parameters.items()}

    ours, theirs = defaults(video.video), defaults(FrameStyler)
    assert {n: ours[n] for n in ("alpha", "preserve_color", "style_size", "smooth")} == {
        n: theirs[n] for n in ("alpha", "preserve_color", "style_size", "smooth")
    }
    assert ours["smooth"] == defaults(video.flicker)["smooth"] == SMOOTH


def test_flicker_is_measured(adain, clip, folder):
    answer = adain("flicker", "--style", "styles/warm.png", "--size", 32, "--device", "cpu", "--json")
    assert answer.status == 0
    rows = {row["mode"]: row for row in json.loads(answer.out)["rows"]}
    assert rows["smoothed"]["noise"] < 0.5 * rows["plain"]["noise"]
