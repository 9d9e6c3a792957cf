"""The tab Blend: up to four styles, mixed by weights or by a point between them."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import gradio as gr
import torch

from adain_nodes.app.engine import Engine
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
from adain_nodes.core.style import corner_weights
from adain_nodes.imaging import contact_sheet, read_image
from adain_nodes.recipe import Recipe
from adain_nodes.tiling import Progress

CORNERS = {
    "top left": "starry_night",
    "top right": "sunset_dots",
    "bottom left": "ink_waves",
    "bottom right": "road_to_tarascon",
}
"""The corners of the square, and the styles in them when the page opens."""

STEPS = 5
"""From one style to the next in the grid, as in the paper's figure 8."""

CELL = 192
"""The short side in pixels of the grid's pictures."""


def order(
    photo: str | None,
    style_1: str | None,
    style_2: str | None,
    style_3: str | None,
    style_4: str | None,
    weight_1: float,
    weight_2: float,
    weight_3: float,
    weight_4: float,
    alpha: float,
    preserve_color: str,
    size: int,
    style_size: int,
    model: str,
) -> Recipe:
    """What the tab's components ask for; weights count in proportion to each other."""
    styles = [(style_1, weight_1), (style_2, weight_2), (style_3, weight_3), (style_4, weight_4)]
    settings = {"preserve_color": preserve_color, "size": size, "style_size": style_size, "model": model}
    return recipe(photo, styles, alpha=alpha, **settings)


def grid(engine: Engine, asked: Recipe, progress: Progress) -> str:
    """The interpolation grid as one JPEG: between the four styles in its corners, the photograph in their blends.

    Raises InvalidValueError unless there are four styles.
    """
    files = [path for path, _ in asked.styles]
    if len(files) != len(CORNERS):
        raise InvalidValueError("The grid lies between four styles.", "Give each corner one.")
    steps = [step / (STEPS - 1) for step in range(STEPS)]
    rows = [[torch.ones(1, 3, CELL, CELL)] * (STEPS + 2) for _ in steps]  # white, with room for the styles at the sides
    for file, (row, column) in zip(files, ((0, 0), (0, -1), (-1, 0), (-1, -1)), strict=True):
        rows[row][column] = read_image(file, max_pixels=engine.max_pixels).rgb
    for row, y in enumerate(steps):
        for column, x in enumerate(steps):
            styles = tuple(zip(files, corner_weights(x, y), strict=True))
            rows[row][column + 1] = engine.paint(replace(asked, styles=styles), CELL, lambda share: None).after.cpu()
            progress((row * STEPS + column + 1) / STEPS**2)
    return engine.keep("grid.jpg", contact_sheet(rows, cell=CELL))


def layout(page: gr.Blocks, engine: Engine) -> None:
    """Build the tab: the result and the square first, then the pictures to choose from and what is set seldom."""
    with gr.Tab("Blend", id="blend") as tab:
        with gr.Row(elem_classes="desk"):
            with gr.Column(scale=3, min_width=320):
                outcome = Outcome("blend")
                alpha = alpha_slider()
            with gr.Column(scale=2, min_width=300):
                square = gr.HTML(
                    [0.5, 0.5],
                    label="Drag the point between the styles, or move it with the arrow keys",
                    html_template=asset("square.html"),
                    css_template=asset("square.css"),
                    js_on_load=asset("square.js"),
                    elem_id="blend-square",
                )
                styles, weights = _corners()
        with gr.Row(elem_classes="desk"):
            with gr.Column(scale=3, min_width=320):
                photo = picture("Photograph", example("content", "kingfisher"), height=200)
                gallery("Example photographs", "content", photo)
            with gr.Column(scale=2, min_width=300):
                gallery_for_many("Example styles", "style", dict(zip(CORNERS, styles.values(), strict=True)))
                settings = look_settings(engine)
                with gr.Accordion("Interpolation grid", open=False):
                    draw = gr.Button("Draw the grid between the four styles", size="md")
                    sheet = gr.Image(label="Grid", interactive=False, buttons=["download", "fullscreen"])
    inputs = {"photo": photo, **styles, **weights, "alpha": alpha, **settings}
    triggers = [tab.select, *(each.change for each in inputs.values())]
    outcome.follow(engine, order, inputs, triggers, ("blend_preview", "blend"))
    square.input(
        lambda point: corner_weights(*point),
        square,
        list(weights.values()),
        queue=False,
        trigger_mode="always_last",
        **QUIET,
    )
    draw.click(
        **engine.lane(order, partial(grid, engine)),
        inputs=list(inputs.values()),
        outputs=sheet,
        api_name="blend_grid",
        api_description="The grid of blends between four styles, as one JPEG.",
    )


def _corners() -> tuple[dict[str, gr.Image], dict[str, gr.Slider]]:
    """The styles in the corners and their weights, by the names of the order's parameters."""
    styles, weights = {}, {}
    with gr.Row(elem_classes="corners"):
        for number, (corner, name) in enumerate(CORNERS.items(), 1):
            with gr.Column(min_width=130):
                place = f"style-{corner.replace(' ', '-')}"
                styles[f"style_{number}"] = small_picture(f"Style {corner}", example("style", name), elem_id=place)
                weights[f"weight_{number}"] = gr.Slider(
                    0, 1, 0.25, step=0.01, label=f"Weight {corner}", buttons=[], container=False, elem_classes="weight"
                )
    return styles, weights
