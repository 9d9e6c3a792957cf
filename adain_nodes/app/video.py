"""The tab Video: a clip in a style, and what the camera sees, live."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import gradio as gr
from gradio.data_classes import FileData

from adain_nodes.app.engine import Engine
from adain_nodes.app.errors import IncompleteError, StoppedError
from adain_nodes.app.formats import format_of
from adain_nodes.app.parts import alpha_slider, asset, example, gallery, look_settings, picture
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.files import shortened
from adain_nodes.imaging import read_image, to_pil
from adain_nodes.resources import resource
from adain_nodes.video import SMOOTH, FrameStyler, stylize_clip

STYLE = "starry_night"
"""The example that the tab opens with."""

SIZE, MAX_MINUTES = 360, 10
"""The short side in pixels that is offered first, and how long a clip may be: visitors share the machine."""

NEWS = 0.3
"""How often in seconds a visitor is told of the progress."""

CAMERA_PIXELS, MAX_FRAME = 1_000_000, 2_000_000
"""The limits of a camera's frame, in pixels and in characters of its URL; the page's have at most 384 on a side."""

INTRODUCTION = "Drop a clip or try the example, and choose a style. What stands still does not flicker; sound stays."

_EXAMPLE = {"path": "clip.mp4", "url": "clip.mp4", "meta": {"_type": "gradio.FileData"}}


class Wish(NamedTuple):
    """What a visitor asks for: the source (a file, or a frame as a URL), the style, and how."""

    source: str
    style: str
    model: str
    size: int
    settings: tuple[tuple[str, Any], ...]


def order(
    clip: str | None,
    style: str | None,
    alpha: float,
    smooth: float,
    preserve_color: str,
    size: int,
    style_size: int,
    model: str,
) -> Wish:
    """What the tab's components ask for. Raises InvalidValueError where the clip or the style is missing."""
    if not clip:
        raise InvalidValueError("There is no clip.", "Drop one.")
    return _wish(clip, style, model, size, alpha, smooth, preserve_color, style_size)


def live_order(
    frame: str,
    style: str | None,
    alpha: float,
    smooth: float,
    preserve_color: str,
    style_size: int,
    model: str,
    camera: Camera,
) -> tuple[Wish, Camera]:
    """A camera's frame as a data: URL of a JPEG, and what has become of the ones before it.

    Raises IncompleteError without a frame, and InvalidValueError without a style.
    """
    if not frame:
        raise IncompleteError("There is no frame.", "Start the camera.")
    return _wish(frame, style, model, 0, alpha, smooth, preserve_color, style_size), camera


def _wish(source: str, style: str | None, model: str, size: int, *settings: Any) -> Wish:
    if not style:
        raise InvalidValueError("There is no style.", "Drop one, or choose an example.")
    names = ("alpha", "smooth", "preserve_color", "style_size")
    return Wish(source, style, model, size, tuple(zip(names, settings, strict=True)))


def stylise(engine: Engine, asked: Wish, show: Any, stopped: Any) -> tuple[Any, Any]:
    """What is said, and the stylised clip. Others have the networks between two frames.

    Raises VideoError for what is no clip, or one of more than MAX_MINUTES.
    """
    source, begun, news, frames = Path(asked.source), perf_counter(), 0.0, 0
    kind = format_of(source)
    target = engine.file(f"{shortened(f'{source.stem}_{Path(asked.style).stem}')}.mp4")

    def progress(share: float) -> None:
        nonlocal news, frames
        if stopped():
            raise StoppedError("Stopped.")
        frames += 1
        now = perf_counter() - begun
        if now - news < NEWS:
            engine.lane.give_way()
        else:
            news = now
            show(f"{share:.0%}: {frames} frames, {frames / now:.1f} a second", gr.skip())

    show("Reading …", None)
    try:
        film = stylize_clip(
            engine.cook(asked.model).transfer,
            source,
            target,
            asked.style,
            size=asked.size,
            format=kind,
            max_seconds=60 * MAX_MINUTES,
            progress=progress,
            **dict(asked.settings),
        )
    except StoppedError:
        return "Stopped.", gr.skip()
    took = perf_counter() - begun
    said = [f"Done: {film.frames} frames in {took:.0f} s, {film.frames / took:.1f} a second.", *film.notes]
    return "\n\n".join(said), str(target)


class Camera:
    """What a visitor's camera has shown so far, which keeps what stands still from flickering."""

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self._clock = clock
        self._wish: tuple[object, ...] = ()
        self._styler: FrameStyler | None = None

    def show(self, engine: Engine, asked: Wish) -> str:
        """The frame in its style, as a data: URL of a JPEG. Raises as ``read_frame``."""
        frame = read_frame(asked.source)
        wish = asked[1:]
        if self._styler is None or wish != self._wish:
            self._styler = FrameStyler(engine.cook(asked.model).transfer, asked.style, **dict(asked.settings))
            self._wish = wish
        result = self._styler(frame, self._clock())
        buffer = io.BytesIO()
        to_pil(result.cpu()).save(buffer, "JPEG", quality=85)
        return f"{JPEG},{base64.b64encode(buffer.getvalue()).decode()}"


JPEG = "data:image/jpeg;base64"


def read_frame(url: str) -> Any:
    """The 1×3×H×W of a frame as a data: URL of a JPEG. Raises InvalidValueError for what is no such URL, and
    ImageError for what is no picture."""
    head, _, data = url.partition(",")
    try:
        if head != JPEG or len(data) > MAX_FRAME:
            raise ValueError
        return read_image(base64.b64decode(data, validate=True), max_pixels=CAMERA_PIXELS).rgb
    except ValueError as error:
        raise InvalidValueError("The frame is no data: URL of a small JPEG.", "Start the camera again.") from error


def live(engine: Engine, asked: tuple[Wish, Camera], progress: Any) -> tuple[str, Camera]:
    """A camera's frame in its style, and the camera, which knows it now."""
    wish, camera = asked
    return camera.show(engine, wish), camera


def layout(page: gr.Blocks, engine: Engine) -> None:
    """Build the tab: what comes out on one side, what goes in on the other."""
    with gr.Tab("Video", id="video"), gr.Row(elem_classes="desk"):
        with gr.Column(scale=3, min_width=320):
            result = gr.Video(label="Result", interactive=False, buttons=["download"], elem_id="video-result")
            result.postprocess = lambda value: FileData(path=str(value)) if value else None  # MP4: nothing to convert
            said = gr.Markdown(INTRODUCTION, elem_id="video-said")
            with gr.Row(elem_classes="actions"):
                start = gr.Button("Stylise the clip", variant="primary", size="md", min_width=120)
                stop = gr.Button("Stop", variant="stop", size="md", min_width=80)
            alpha, smooth = alpha_slider(), _smooth_slider()
            settings = look_settings(engine)
            settings["size"].value = SIZE
        with gr.Column(scale=2, min_width=300):
            clip = _clip()
            style = picture("Style", example("style", STYLE), height=200, elem_id="video-style")
            gallery("Example styles", "style", style)
            with gr.Accordion("Camera", open=False):
                camera, seen = _camera(), gr.State(Camera())  # inside: beside tabs it would be taken for one
    inputs = {"clip": clip, "style": style, "alpha": alpha, "smooth": smooth, **settings}
    start.click(
        **engine.lane.long(order, partial(stylise, engine)),
        inputs=list(inputs.values()),
        outputs=[said, result],
        api_name="video",
        api_description="A clip in a style, as MP4: gives what is said and the clip, again and again until it is done.",
        show_progress="minimal",
        show_progress_on=said,
    )
    stop.click(
        engine.lane.leave,
        queue=False,
        api_name="stop",
        api_description="End everything that this session has begun. Training keeps what was learnt.",
        show_progress="hidden",
    )
    shown = [inputs[name] for name in ("style", "alpha", "smooth", "preserve_color", "style_size", "model")]
    camera.input(
        **engine.lane(live_order, partial(live, engine), quiet=True),
        inputs=[camera, *shown, seen],
        outputs=[camera, seen],
        api_name="live",
        api_description="A frame of a camera in a style, both as a data: URL of a JPEG. A session's are one film.",
        trigger_mode="always_last",
        show_progress="hidden",
    )


def _clip() -> gr.Video:
    """A place to drop a clip, with an example; handlers get the path of the upload, which nothing has opened so far."""
    clip = resource("examples", "pictures", "clip", "castle.mp4")
    component = gr.Video(str(clip), label="Clip", sources=["upload"], height=220, elem_id="video-clip")
    component.preprocess = lambda payload: payload and payload.path
    component.example_payload = lambda: _EXAMPLE
    return component


def _smooth_slider() -> gr.Slider:
    return gr.Slider(
        0, 3, SMOOTH, step=0.1, label="Smoothing", info="Seconds; 0 stylises each frame by itself.", buttons=[]
    )


def _camera() -> gr.HTML:
    return gr.HTML(
        "",
        label="Camera",
        html_template=asset("camera.html"),
        css_template=asset("camera.css"),
        js_on_load=asset("camera.js"),
        elem_id="camera",
    )
