"""The page: a title, the tabs in their order, and how to use it from a program."""

from __future__ import annotations

from typing import Any

import gradio as gr
from gradio.exceptions import InvalidPathError
from gradio.themes import Base
from gradio_client.utils import is_http_url_like, traverse

from adain_nodes.app import blend, explore, regions, stylise, train, video
from adain_nodes.app.engine import Engine
from adain_nodes.app.errors import in_words
from adain_nodes.app.parts import asset
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.resources import resource

TABS = (stylise, blend, regions, video, explore, train)
"""The tabs of the page, left to right: modules with a ``layout(page, engine)``."""

KEEP_SECONDS = 1200
"""How long uploads and results stay on the server."""


class Page(gr.Blocks):
    """Blocks that take uploads and nothing else: no file that a visitor names is read, no address fetched."""

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *more: Any, **settings: Any) -> Any:
        """As in Blocks, which refuses files that are no uploads, but would download addresses."""
        with in_words():
            traverse(inputs, _check_upload, _is_file)
            try:
                return await super().preprocess_data(block_fn, inputs, *more, **settings)
            except InvalidPathError as error:
                raise _refused() from error


def build(engine: Engine) -> Page:
    """The page with all its tabs, not yet served."""
    gr.set_static_paths(resource("examples", "pictures"))  # served from where they lie, not copied
    with Page(title="AdaIN Nodes", analytics_enabled=False, delete_cache=(60, KEEP_SECONDS)) as page:
        gr.HTML(asset("header.html"), padding=False)
        with gr.Tabs():
            for tab in TABS:
                tab.layout(page, engine)
        with gr.Accordion("Use it from a program", open=False):
            gr.Markdown(asset("api.md"))
        page.unload(engine.lane.leave)
    return page


def theme() -> Base:
    """Quiet colours, and the fonts of the visitor's own system: Gradio's themes name some that lie elsewhere."""
    return Base(
        primary_hue="indigo",
        neutral_hue="slate",
        radius_size="lg",
        font=("ui-sans-serif", "system-ui", "sans-serif"),
        font_mono=("ui-monospace", "Consolas", "monospace"),
    )


def _is_file(value: Any) -> bool:
    return isinstance(value, dict) and not value.keys().isdisjoint({"path", "url"})


def _check_upload(file: dict[str, Any]) -> dict[str, Any]:
    """Refuse addresses, and data without a file, which no limit of uploads would meet."""
    if is_http_url_like(str(file.get("path"))) or str(file.get("url")).startswith("data:"):
        raise _refused()
    return file


def _refused() -> InvalidValueError:
    return InvalidValueError("Only files that were uploaded are read.", "Upload the picture.")
