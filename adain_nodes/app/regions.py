"""The tab Paint regions: each colour that is painted on the photograph stands for a style."""

from __future__ import annotations

import base64
from dataclasses import replace
from functools import partial
from pathlib import Path

import gradio as gr
import torch
from torch import Tensor

from adain_nodes.app.engine import Engine
from adain_nodes.app.errors import IncompleteError, in_words
from adain_nodes.app.outcome import Outcome
from adain_nodes.app.parts import (
    QUIET,
    alpha_slider,
    asset,
    example,
    gallery,
    gallery_for_many,
    look_settings,
    picture,
    recipe,
    small_picture,
)
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.regions import feather
from adain_nodes.core.sizing import size_of
from adain_nodes.imaging import read_image, write_image
from adain_nodes.recipe import Recipe

COLORS = {"red": "#e11d48", "yellow": "#facc15", "blue": "#2563eb"}
"""What there is to paint with."""

PHOTO = "castle"
STYLES = {"red": "starry_night", "yellow": "sunset_dots", "blue": "ink_waves"}
"""What is on the page when it opens."""

CANVAS_PIXELS, MAX_PAINTING = 1_000_000, 4_000_000
"""The limits of a painting, in pixels and in characters of its URL; the page's have at most 768 on the long side."""


def order(
    photo: str | None,
    mask_1: str | None,
    style_1: str | None,
    mask_2: str | None,
    style_2: str | None,
    mask_3: str | None,
    style_3: str | None,
    rest: str | None,
    alpha: float,
    preserve_color: str,
    size: int,
    style_size: int,
    model: str,
) -> Recipe:
    """What the tab's components ask for; a style without a mask is left out, the rest may stay a photograph.

    Raises IncompleteError where nothing is painted, InvalidValueError for a mask without a style.
    """
    regions = dict(zip(COLORS, ((mask_1, style_1), (mask_2, style_2), (mask_3, style_3)), strict=True))
    painted = {color: pair for color, pair in regions.items() if pair[0]}
    if photo and not painted:
        raise _unpainted()
    for color, (_, style) in painted.items():
        if not style:
            raise InvalidValueError(f"What is painted {color} has no style.", f"Choose a style for {color}.")
    everything = [(style, 1.0) for style in (*(style for _, style in painted.values()), rest)]
    settings = {"preserve_color": preserve_color, "size": size, "style_size": style_size, "model": model}
    return replace(
        recipe(photo, everything, alpha=alpha, **settings),
        styles=((Path(rest), 1.0),) if rest else (),
        masks=tuple((Path(mask), Path(style)) for mask, style in painted.values() if mask and style),
    )


def masks(engine: Engine, painting: str, feather_radius: float) -> list[str | None]:
    """The masks of the colours in a painting, as grey PNGs with soft edges; None for a colour that is not there.

    ``painting`` is a PNG as a data: URL. Each pixel belongs to the nearest of COLORS, as far as it is opaque. The
    radius is in percent of the short side. Raises IncompleteError without a painting, which leaves masks on the page
    as they are, InvalidValueError for what is no such URL, and ImageError for what is no picture.
    """
    if not painting:
        raise _unpainted()
    rgb, alpha = read_painting(painting)
    palette = torch.tensor([list(bytes.fromhex(color[1:])) for color in COLORS.values()]) / 255
    nearest = torch.stack([(rgb - color[:, None, None]).square().sum(1, keepdim=True) for color in palette]).argmin(0)
    radius = feather_radius / 100 * min(size_of(rgb))
    files: list[str | None] = []
    for index, color in enumerate(COLORS):
        mask = (nearest == index) * alpha
        if not mask.any():
            files.append(None)
            continue
        file = engine.file(f"{color}.png")
        write_image(file, feather(mask, radius).expand(-1, 3, -1, -1))
        files.append(str(file))
    return files


def read_painting(url: str) -> tuple[Tensor, Tensor]:
    """The colours 1×3×H×W of a painting, and 1×1×H×W of how opaque it is; raises as ``masks``."""
    head, _, data = url.partition(",")
    try:
        if head != "data:image/png;base64" or len(data) > MAX_PAINTING:
            raise ValueError
        picture = read_image(base64.b64decode(data, validate=True), max_pixels=CANVAS_PIXELS)
    except ValueError as error:
        raise InvalidValueError(
            "The painting is no data: URL of a small PNG.", "Give masks as pictures instead."
        ) from error
    return picture.rgb, torch.ones_like(picture.rgb[:, :1]) if picture.alpha is None else picture.alpha


def layout(page: gr.Blocks, engine: Engine) -> None:
    """Build the tab: the painting beside the result, then the styles of its colours and the photograph."""
    with gr.Tab("Paint regions", id="regions"):
        with gr.Row(elem_classes="desk"):
            with gr.Column(scale=3, min_width=320):
                painting = gr.HTML(
                    "",
                    label="Painting",
                    html_template=asset("paint.html").replace("<!-- colours -->", _brushes()),
                    css_template=asset("paint.css"),
                    js_on_load=asset("paint.js"),
                    elem_id="painting",
                )
            with gr.Column(scale=3, min_width=320):
                outcome = Outcome("regions")
                alpha = alpha_slider()
                softness = gr.Slider(
                    0, 10, 2, step=0.5, label="Feather", info="Soft edges, in percent of the short side.", buttons=[]
                )
        with gr.Row(elem_classes="desk"):
            with gr.Column(scale=3, min_width=320):
                styles, rest = _styles()
                gallery_for_many("Example styles", "style", dict(zip((*COLORS, "rest"), (*styles, rest), strict=True)))
                with gr.Accordion("Masks: painted, or your own", open=False), gr.Row(elem_classes="corners"):
                    regions = [picture(f"Mask {color}", height=140, buttons=["download"]) for color in COLORS]
            with gr.Column(scale=3, min_width=320):
                photo = picture("Photograph", example("content", PHOTO), height=200, elem_id="regions-photo")
                gallery("Example photographs", "content", photo)
                settings = look_settings(engine)
    inputs = {"photo": photo}
    for number, (mask, style) in enumerate(zip(regions, styles, strict=True), 1):
        inputs |= {f"mask_{number}": mask, f"style_{number}": style}
    inputs |= {"rest": rest, "alpha": alpha, **settings}
    triggers = [each.change for each in (*regions, *styles, rest, alpha, *settings.values())]
    outcome.follow(engine, order, inputs, triggers, ("regions_preview", "regions"))
    photo.change(lambda: [None] * len(COLORS), None, regions, queue=False, **QUIET)  # they were painted on another
    gr.on(
        [painting.input, softness.change],
        in_words()(partial(masks, engine)),
        [painting, softness],
        regions,
        api_name="masks",
        api_description=f"The masks of what is painted in {', '.join(COLORS.values())}: a PNG as a data: URL.",
        trigger_mode="always_last",
        show_progress="hidden",
    )


def _unpainted() -> IncompleteError:
    return IncompleteError("Nothing is painted.", "Paint on the photograph, or give a mask.")


def _styles() -> tuple[list[gr.Image], gr.Image]:
    """The styles of the colours, and that of the rest."""
    with gr.Row(elem_classes="corners"):
        styles = [small_picture(f"Style for {color}", example("style", name)) for color, name in STYLES.items()]
        return styles, small_picture("Style for the rest")


def _brushes() -> str:
    """The colours to choose from, the first one chosen."""
    return "".join(
        f'<label><input type="radio" name="brush" value="{value}"{" checked" if name == "red" else ""}>'
        f'<span class="swatch" style="background: {value}"></span>{name}</label>'
        for name, value in COLORS.items()
    )
