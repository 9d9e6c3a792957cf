"""The tab Explore: what the embedded model makes of the example pictures, and its figures beside other methods."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path

import gradio as gr
from torch import Tensor

from adain_nodes.app.engine import Engine
from adain_nodes.app.parts import example, examples, recipe, title
from adain_nodes.imaging import contact_sheet, read_image
from adain_nodes.recipe import Recipe
from adain_nodes.resources import resource
from adain_nodes.tiling import Progress

MODEL = "lite"
"""The embedded model, which the figures on its card are about."""

ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0)
"""The steps from the photograph to the style, as in the paper's figure 7."""

CELL = 192
"""The short side in pixels of the pictures."""

Order = list[list[Recipe]]
"""Rows of recipes."""


def trade_off(photo: str, style: str) -> Order:
    """One row: an example photograph, more and more in an example style. Both are names of files without suffix."""
    content, look = str(example("content", photo)), str(example("style", style))
    return [[recipe(content, [(look, 1.0)], alpha=alpha, model=MODEL) for alpha in ALPHAS]]


def every_pair() -> Order:
    """A row for each example photograph, a column for each example style."""
    return [
        [recipe(str(photo), [(str(style), 1.0)], model=MODEL) for style in examples("style")]
        for photo in examples("content")
    ]


def strip(engine: Engine, asked: Order, progress: Progress) -> str:
    """A row of rising alpha as one JPEG, between its photograph and its style."""
    ((photo, (style, _)),) = {(each.content, each.styles[0]) for each in asked[0]}
    rows = [[_example(photo), *_painted(engine, asked, progress)[0], _example(style)]]
    labels = ["photograph", *(f"alpha {each.alpha:g}" for each in asked[0]), "style"]
    return engine.keep("strip.jpg", contact_sheet(rows, column_labels=labels, cell=CELL))


def grid(engine: Engine, asked: Order, progress: Progress) -> str:
    """Photographs by styles as one JPEG, the originals at its left and its top."""
    contents = [_example(row[0].content) for row in asked]
    styles = [_example(each.styles[0][0]) for each in asked[0]]
    rows = _painted(engine, asked, progress)
    return engine.keep("style_grid.jpg", contact_sheet(rows, contents=contents, styles=styles, cell=CELL))


def figures() -> str:
    """The model card's section on figures, without its heading: Markdown.

    Its command becomes code that wraps: a block of it would be wider than a phone.
    """
    card = resource("weights", "README.md").read_text("utf-8")
    section = card.partition("\n## Figures\n")[2].partition("\n## ")[0].strip()
    return re.sub(r"```sh\n(.+?)\n```", r"`\1`", section)


def layout(page: gr.Blocks, engine: Engine) -> None:
    """Build the tab: the strip, which is drawn at once, the grid, and the table of methods."""
    with gr.Tab("Explore", id="explore") as tab:
        gr.Markdown("### From photograph to style\nOne pair at rising strength, as in figure 7 of the paper.")
        with gr.Row(equal_height=True):
            photo = gr.Dropdown(_choices("content"), value="kingfisher", label="Example photograph", filterable=False)
            style = gr.Dropdown(_choices("style"), value="sunset_dots", label="Example style", filterable=False)
        strip_shown = _sheet("Strip from photograph to style")
        gr.Markdown(
            "### Every example in every style\nAt full strength; photographs are at the left, styles at the top."
        )
        with gr.Row(elem_classes="actions"):
            draw_grid = gr.Button("Draw the grid", variant="primary", size="md", min_width=150, scale=0)
            stop = gr.Button("Stop", variant="stop", size="md", min_width=80, scale=0)
        grid_shown = _sheet("Grid of photographs and styles")
        gr.Markdown(f"### Methods in figures\n{figures()}")
    strip_drawn = gr.on(
        [tab.select, photo.input, style.input],
        **engine.lane(trade_off, partial(strip, engine)),
        inputs=[photo, style],
        outputs=strip_shown,
        api_name="explore_strip",
        api_description="An example photograph at rising alpha in an example style, as one JPEG.",
        trigger_mode="always_last",
        show_progress="minimal",
    )
    grid_drawn = draw_grid.click(
        **engine.lane(every_pair, partial(grid, engine)),
        outputs=grid_shown,
        api_name="explore_grid",
        api_description="Every example photograph in every example style, as one JPEG.",
    )
    stop.click(None, cancels=[strip_drawn, grid_drawn])


def _painted(engine: Engine, asked: Order, progress: Progress) -> list[list[Tensor]]:
    rows: list[list[Tensor]] = [[] for _ in asked]
    total = sum(map(len, asked))
    for recipes, row in zip(asked, rows, strict=True):
        for each in recipes:
            row.append(engine.paint(each, CELL, lambda share: None).after.cpu())
            progress(sum(map(len, rows)) / total)
    return rows


def _example(path: Path) -> Tensor:
    return read_image(path).rgb


def _choices(kind: str) -> list[tuple[str, str | int | float]]:
    return [(title(path), path.stem) for path in examples(kind)]


def _sheet(label: str) -> gr.Image:
    return gr.Image(
        label=label,
        alt_text=label,
        show_label=False,
        interactive=False,
        buttons=["download", "fullscreen"],
        elem_classes="sheet",
    )
