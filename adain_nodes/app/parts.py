"""The components that tabs share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from adain_nodes.app.engine import Engine
from adain_nodes.app.errors import IncompleteError
from adain_nodes.encoding import STYLE_SIZE
from adain_nodes.examples import examples, title
from adain_nodes.pipeline import PRESERVE_COLOR
from adain_nodes.recipe import Recipe
from adain_nodes.resources import resource

QUIET: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
"""For events that only carry values from one component to another."""


_EXAMPLE = {"path": "picture.jpg", "url": "picture.jpg", "meta": {"_type": "gradio.FileData"}}
"""What the description of the API writes for a picture: Gradio's own lies at an address, which is not taken."""


def picture(label: str, value: Path | None = None, buttons: Sequence[Any] = ("fullscreen",), **more: Any) -> gr.Image:
    """A place to drop a picture. Handlers get the path of the upload, which nothing has opened so far."""
    settings: dict[str, Any] = {"sources": ["upload", "clipboard"], **more}
    component = gr.Image(
        value and str(value),
        label=label,
        alt_text=label,
        type="filepath",
        image_mode=None,
        buttons=list(buttons),
        **settings,
    )
    # Gradio's own opens what it is given, in any format that Pillow knows; `read_image` looks at the content first.
    component.preprocess = lambda payload: payload and payload.path
    component.example_payload = lambda: _EXAMPLE
    return component


def small_picture(label: str, value: Path | None = None, **more: Any) -> gr.Image:
    """One of several in a row, with nothing beside the picture but what removes it."""
    return picture(label, value, (), sources=["upload"], height=110, **more)


def pictures(label: str) -> gr.File:
    """A place to drop many pictures at once; handlers get the paths of the uploads."""
    component = gr.File(label=label, file_count="multiple", file_types=["image"], height=120, elem_classes="drop")
    component.example_payload = lambda: [_EXAMPLE]
    return component


def asset(name: str) -> str:
    """The text of a file of the page: HTML, CSS or JavaScript."""
    return resource("web", "app", name).read_text("utf-8")


def example(kind: str, name: str) -> Path:
    """One of them."""
    return next(path for path in examples(kind) if path.stem == name)


def gallery(label: str, kind: str, target: gr.Image) -> None:
    """Example pictures: the one that is clicked goes to ``target``."""
    paths = examples(kind)

    def chosen(event: gr.SelectData) -> Path:
        return paths[event.index]

    _thumbnails(label, paths).select(chosen, outputs=target, queue=False, **QUIET)


def gallery_for_many(label: str, kind: str, targets: Mapping[str, gr.Image]) -> None:
    """Example pictures for one of several targets, which has a name; after a click it is the next one's turn."""
    paths, names = examples(kind), list(targets)

    def chosen(place: str, event: gr.SelectData) -> list[Any]:
        index = names.index(place)
        row: list[Any] = [gr.skip()] * len(names)
        row[index] = paths[event.index]
        return [names[(index + 1) % len(names)], *row]

    shown = _thumbnails(label, paths)
    place = gr.Radio(names, value=names[0], label="The next one goes to", elem_classes="place")
    shown.select(chosen, place, [place, *targets.values()], queue=False, **QUIET)


def _thumbnails(label: str, paths: Sequence[Path]) -> gr.Gallery:
    return gr.Gallery(
        [(path, title(path)) for path in paths],
        label=label,
        columns=len(paths),
        allow_preview=False,
        interactive=False,
        object_fit="cover",
        buttons=[],
        elem_classes="examples",
    )


def alpha_slider() -> gr.Slider:
    """How far to go."""
    return gr.Slider(
        0, 1, 1, step=0.01, label="Strength (alpha)", info="From 0, the photograph, to 1, the full style.", buttons=[]
    )


def look_settings(engine: Engine) -> dict[str, Any]:
    """What else a recipe takes, by the names that it has there, folded away."""
    with gr.Accordion("Colours, sizes, model", open=False):
        colors = [(COLORS[name], name) for name in PRESERVE_COLOR]
        return {
            "preserve_color": gr.Dropdown(colors, value="none", label="Colours", filterable=False),
            "size": gr.Slider(
                0, 4096, 0, step=64, label="Size", info="Short side in pixels; 0 keeps the photograph's.", buttons=[]
            ),
            "style_size": gr.Slider(
                64, 1024, STYLE_SIZE, step=32, label="Style size", info="Larger makes larger strokes.", buttons=[]
            ),
            "model": model_choice(engine, "Model", elem_classes=MODELS),
        }


MODELS = "models"
"""The class of the choices that a model which a visitor has trained is added to."""


def model_choice(engine: Engine, label: str, **more: Any) -> gr.Dropdown:
    """One of the models that are here."""
    return gr.Dropdown(models(engine), value=engine.models[0], label=label, filterable=False, interactive=True, **more)


def models(engine: Engine) -> list[tuple[str, str | int | float]]:
    """The models that are here, by the names that people see."""
    return [(Path(name).stem, name) for name in engine.models]


COLORS = {
    "none": "of the style",
    "coral": "of the photograph (CORAL)",
    "mean-std": "of the photograph (mean and deviation)",
    "histogram": "of the photograph (histogram)",
    "luminance": "of the photograph, only lightness stylised",
}


def recipe(photo: str | None, styles: list[tuple[str | None, float]], **settings: Any) -> Recipe:
    """What a visitor asks for. Raises IncompleteError where a photograph or every style is missing."""
    if not photo:
        raise IncompleteError("There is no photograph.", "Drop one, or choose an example.")
    present = tuple((Path(path), weight) for path, weight in styles if path)
    if not present:
        raise IncompleteError("There is no style.", "Drop one, or choose an example.")
    return Recipe(Path(photo), present, **settings)
