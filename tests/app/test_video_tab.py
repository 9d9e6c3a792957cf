"""The tab Video: handlers, what programs get, and a browser with a camera."""

from __future__ import annotations

import base64
import io
import os
import threading
from fractions import Fraction
from functools import partial
from pathlib import Path

import av
import gradio as gr
import numpy as np
import pytest
from gradio_client import handle_file
from PIL import Image

from adain_nodes.app import video
from adain_nodes.app.errors import IncompleteError
from adain_nodes.app.formats import format_of
from adain_nodes.app.video import JPEG, Camera, live_order, order, read_frame, stylise
from adain_nodes.core.errors import ImageError, InvalidValueError, VideoError
from adain_nodes.resources import resource

SWIRLS = resource("examples", "pictures", "style", "swirls.jpg")
SETTINGS = {"alpha": 1.0, "smooth": 0.5, "preserve_color": "none", "size": 0, "style_size": 64, "model": "lite"}
LIVE = {name: value for name, value in SETTINGS.items() if name != "size"}


def write_clip(path, count=6, size=(64, 48), codec="libx264", rate=10):
    """A clip that grows lighter, with silence."""
    with av.open(str(path), "w") as file:
        stream = file.add_stream(codec, rate=Fraction(rate))
        stream.width, stream.height = size
        stream.pix_fmt = "yuv420p"
        for number in range(count):
            pixels = np.full((size[1], size[0], 3), 60 + 12 * (number % 12), np.uint8)
            file.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        file.mux(stream.encode(None))
    return path


@pytest.fixture
def clip(tmp_path):
    """clip.mp4, 64×48."""
    return write_clip(tmp_path / "clip.mp4")


def shape(path):
    """Frames, height and width of a clip."""
    with av.open(str(path)) as file:
        frames = list(file.decode(video=0))
    return len(frames), frames[0].height, frames[0].width


def url(size=(32, 24), shade=120):
    """A camera's frame."""
    buffer = io.BytesIO()
    Image.new("RGB", size, (shade, 90, 60)).save(buffer, "JPEG")
    return f"{JPEG},{base64.b64encode(buffer.getvalue()).decode()}"


def make(engine, wish, show=lambda *values: None, stopped=lambda: False):
    """The work of an event, which holds the lane."""
    with engine.lane.alone():
        return stylise(engine, wish, show, stopped)


def test_a_clip_is_stylised_and_others_are_let_in(engine, files, clip, monkeypatch):
    ways, shown = [], []
    monkeypatch.setattr(engine.lane, "give_way", lambda: ways.append(True))
    monkeypatch.setattr(video, "NEWS", 1e9)
    said, result = make(engine, order(str(clip), files.style, **SETTINGS), lambda *v: shown.append(v))
    assert shape(result) == (6, 48, 64)
    assert Path(result).name == "clip_style.mp4"
    assert engine.folder in Path(result).parents
    assert said.startswith("Done: 6 frames in ")
    assert (len(ways), shown) == (6, [("Reading …", None)])


def test_progress_is_shown_now_and_then(engine, files, clip, monkeypatch):
    monkeypatch.setattr(video, "NEWS", 0)
    shown = []
    make(engine, order(str(clip), files.style, **SETTINGS), lambda said, *_: shown.append(said))
    assert [said.split("%")[0] for said in shown[1:]] == ["17", "33", "50", "67", "83", "100"]
    assert all(" a second" in said for said in shown[1:])


def test_stop_ends_it_without_a_file(engine, files, clip):
    calls = []

    def stopped():
        calls.append(True)
        return len(calls) == 3

    said, result = make(engine, order(str(clip), files.style, **SETTINGS), stopped=stopped)
    assert (said, result) == ("Stopped.", gr.skip())
    assert len(calls) == 3
    assert not [path for path in engine.folder.rglob("*") if path.is_file()]


def test_size_reaches_the_clip(engine, files, clip):
    _, result = make(engine, order(str(clip), files.style, **SETTINGS | {"size": 32}))
    assert shape(result) == (6, 32, 44)


@pytest.mark.parametrize(
    ("name", "kind"), [("a.mp4", "mov"), ("a.mkv", "matroska"), ("a.avi", "avi"), ("a.ts", "mpegts")]
)
def test_clips_are_known_by_their_content(tmp_path, name, kind):
    path = write_clip(tmp_path / name)
    path.rename(tmp_path / "named.otherwise")
    assert format_of(tmp_path / "named.otherwise") == kind


PLAYLIST = b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
CONCAT = b"ffconcat version 1.0\nfile /etc/passwd\n"


@pytest.mark.parametrize("data", [b"", b"text", PLAYLIST, CONCAT, b"\x89PNG\r\n\x1a\n", b"RIFF....WAVE"])
def test_what_is_no_clip_is_not_opened(engine, files, tmp_path, monkeypatch, data):
    (tmp_path / "clip.mp4").write_bytes(data)
    monkeypatch.setattr(av, "open", lambda *names, **settings: pytest.fail("it was opened"))
    with pytest.raises(VideoError, match=r"clip\.mp4 is no clip"):
        make(engine, order(str(tmp_path / "clip.mp4"), files.style, **SETTINGS))


def test_a_clip_that_is_too_long_is_refused(engine, files, tmp_path):
    path = write_clip(tmp_path / "long.mp4", 7, rate=Fraction(1, 100))
    with pytest.raises(VideoError, match=r"long\.mp4 is longer than 10 minutes\. Shorten it"):
        make(engine, order(str(path), files.style, **SETTINGS))


def test_what_is_missing_is_said(files):
    with pytest.raises(InvalidValueError, match="no clip"):
        order(None, files.style, **SETTINGS)
    with pytest.raises(InvalidValueError, match="no style"):
        order("clip.mp4", None, **SETTINGS)
    with pytest.raises(IncompleteError, match="no frame"):
        live_order("", files.style, **LIVE, camera=Camera())


def test_frames_of_a_camera_are_one_film(engine, files):
    camera = Camera(partial(next, iter((0.0, 0.03, 0.06, 0.09))))
    shades = []
    for shade in (120, 122, 121):
        wish, _ = live_order(url(shade=shade), files.style, **LIVE, camera=camera)
        result = read_frame(camera.show(engine, wish))
        assert result.shape == (1, 3, 24, 32)
        shades.append(result)
    assert (shades[1] - shades[0]).abs().mean() < 0.025
    styler = camera._styler
    wish, _ = live_order(url(), files.other, **LIVE, camera=camera)
    camera.show(engine, wish)
    assert camera._styler is not styler


@pytest.mark.parametrize("frame", ["text", "data:image/png;base64,AAAA", f"{JPEG},****", f"{JPEG},{'A' * 3_000_000}"])
def test_frames_that_are_none_are_refused(frame):
    with pytest.raises(InvalidValueError, match="data: URL of a small JPEG"):
        read_frame(frame)


def test_frames_that_are_no_pictures_or_too_large_are_refused():
    with pytest.raises(ImageError):
        read_frame(f"{JPEG},{base64.b64encode(b'no picture').decode()}")
    with pytest.raises(ImageError, match="above the limit of 1 megapixel"):
        read_frame(url((1100, 1000)))


def test_over_the_api(connect, server, clip):
    client = connect(server.address)
    said, result = client.predict(
        clip=handle_file(clip), style=handle_file(SWIRLS), size=32, style_size=64, api_name="/video"
    )
    assert said.startswith("Done: 6 frames")
    assert shape(result["video"] if isinstance(result, dict) else result) == (6, 32, 44)
    assert client.predict(frame=url(), style=handle_file(SWIRLS), style_size=64, api_name="/live").startswith(JPEG)


def test_pictures_do_not_wait_for_a_clip(connect, server, tmp_path):
    """Somebody's clip is under way; another visitor's picture comes long before its end."""
    long = write_clip(tmp_path / "long.mp4", 300)
    first, second = connect(server.address), connect(server.address)
    job = first.submit(clip=handle_file(long), style=handle_file(SWIRLS), size=64, style_size=64, api_name="/video")
    while not job.outputs() or "frames" not in job.outputs()[-1][0]:
        threading.Event().wait(0.05)
    photo = resource("examples", "pictures", "content", "castle.jpg")
    for alpha in (0.3, 0.6):
        second.predict(
            photo=handle_file(photo),
            style=handle_file(SWIRLS),
            alpha=alpha,
            size=64,
            style_size=64,
            api_name="/preview",
        )
    assert not job.done()
    first.predict(api_name="/stop")
    assert job.result()[0] == "Stopped."


def open_tab(visit, **settings):
    """The page with the tab open."""
    opened = visit(**settings)
    opened.page.get_by_role("tab", name="Video").click()
    return opened


def shoot(opened, name):
    """A picture of the page, for people."""
    if folder := os.environ.get("ADAIN_SCREENSHOTS"):
        opened.page.wait_for_timeout(1000)
        opened.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def drop(opened, path):
    """Put a clip in the place of the example."""
    place = opened.page.locator("#video-clip")
    place.locator("video").wait_for()
    place.get_by_label("Clear").click()
    place.locator("input[type=file]").set_input_files(path)
    place.locator("video").wait_for()


def test_the_example_clip_in_the_browser(visit):
    opened = open_tab(visit)
    opened.page.get_by_role("button", name="Stylise the clip").click()
    opened.page.get_by_text("frames,").or_(opened.page.get_by_text("Done:")).first.wait_for(timeout=60_000)


def test_a_clip_in_the_browser(visit, clip):
    opened = open_tab(visit)
    drop(opened, clip)
    opened.page.get_by_role("button", name="Stylise the clip").click()
    opened.page.get_by_text("Done: 6 frames").wait_for(timeout=60_000)
    result = opened.page.locator("#video-result video")
    result.wait_for()
    opened.page.wait_for_function("document.querySelector('#video-result video').duration > 0.5")
    shoot(opened, "video")


def test_a_clip_is_stopped_in_the_browser(visit, tmp_path):
    opened = open_tab(visit)
    long = write_clip(tmp_path / "long.mp4", 600)
    drop(opened, long)
    opened.page.get_by_role("button", name="Stylise the clip").click()
    opened.page.get_by_text("frames,").wait_for(timeout=60_000)
    opened.page.get_by_role("button", name="Stop", exact=True).locator("visible=true").click()
    opened.page.get_by_text("Stopped.").wait_for(timeout=30_000)


def test_the_camera_is_stylised_and_its_rate_shown(visit):
    opened = open_tab(visit)
    opened.page.get_by_role("button", name="Camera").click()
    opened.page.get_by_role("button", name="Start the camera").click()
    opened.page.get_by_text("frames per second").wait_for(timeout=60_000)
    first = opened.page.locator("#camera img").get_attribute("src")
    opened.page.wait_for_function("before => document.querySelector('#camera img').src !== before", arg=first)
    shoot(opened, "camera")
    opened.page.get_by_role("button", name="Stop the camera").click()
    opened.page.get_by_role("button", name="Start the camera").wait_for()


NO_CAMERA = "navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotFoundError'))"


def test_without_a_camera_it_says_so(visit):
    opened = open_tab(visit)
    opened.page.evaluate(f"() => {{ {NO_CAMERA} }}")
    opened.page.get_by_role("button", name="Camera").click()
    opened.page.get_by_role("button", name="Start the camera").click()
    opened.page.get_by_text("There is no camera that may be used (NotFoundError).").wait_for()
