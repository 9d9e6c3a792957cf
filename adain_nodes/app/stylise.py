"""The tab Stylise: a photograph in the style of a picture."""

from __future__ import annotations

import gradio as gr

from adain_nodes.app.engine import Engine
from adain_nodes.app.outcome import Outcome
from adain_nodes.app.parts import alpha_slider, example, gallery, look_settings, picture, recipe
from adain_nodes.recipe import Recipe

PHOTO, STYLE = "castle", "starry_night"
"""The examples that the page opens with."""


def order(
    photo: str | None,
    style: str | None,
    alpha: float,
    preserve_color: str,
    size: int,
    style_size: int,
    model: str,
) -> Recipe:
    """What the tab's components ask for."""
    settings = {"preserve_color": preserve_color, "size": size, "style_size": style_size, "model": model}
    return recipe(photo, [(style, 1.0)], alpha=alpha, **settings)


def first(model: str) -> Recipe:
    """What is on the page when it opens."""
    return recipe(str(example("content", PHOTO)), [(str(example("style", STYLE)), 1.0)], model=model)


def layout(page: gr.Blocks, engine: Engine) -> None:
    """Build the tab: the result and its settings first, then the pictures that it is made of."""
    with gr.Tab("Stylise", id="stylise"), gr.Row(elem_classes="desk"):
        with gr.Column(scale=3, min_width=320):
            outcome = Outcome("stylise")
            alpha = alpha_slider()
            settings = look_settings(engine)
        with gr.Column(scale=2, min_width=300):
            photo = picture("Photograph", example("content", PHOTO), height=220)
            gallery("Example photographs", "content", photo)
            style = picture("Style", example("style", STYLE), height=220)
            gallery("Example styles", "style", style)
    inputs = {"photo": photo, "style": style, "alpha": alpha, **settings}
    triggers = [page.load, photo.change, style.change, alpha.input, *(each.change for each in settings.values())]
    outcome.follow(engine, order, inputs, triggers, ("preview", "stylise"))
