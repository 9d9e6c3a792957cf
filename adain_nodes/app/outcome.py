"""The part of a tab that shows what was made: before and after, download, and what to do with it next."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import gradio as gr
from gradio.components import Component

from adain_nodes.app.engine import Engine
from adain_nodes.app.parts import QUIET
from adain_nodes.recipe import Recipe

BEFORE = 25
"""How much of the photograph is shown beside the result at first, in percent."""


class Outcome:
    """The components, laid out where it is made; ``follow`` binds them to what the result is made of."""

    def __init__(self, tab: str) -> None:
        self._tab = tab
        self.compare = gr.ImageSlider(
            label="Photograph | result",
            interactive=False,
            slider_position=BEFORE,
            max_height=560,
            buttons=["fullscreen"],
            elem_id=f"{tab}-result",
            elem_classes="compare",
        )
        with gr.Row(elem_classes="actions"):
            self.download = gr.DownloadButton("Download PNG", variant="primary", size="md", min_width=90)
            self.again = gr.Button("Use as photograph", size="md", min_width=124)
            self.stop = gr.Button("Stop", variant="stop", size="md", min_width=60)

    def follow(
        self,
        engine: Engine,
        order: Callable[..., Recipe],
        inputs: Mapping[str, Component],
        triggers: Sequence[Any],
        names: tuple[str, str],
    ) -> None:
        """Show a preview at each of the triggers, and the full result after it.

        ``inputs`` are the components of the order's parameters, by their names. ``names`` are those of the two
        endpoints: of the preview, and of the full result.
        """
        values = list(inputs.values())
        asked = gr.on(triggers, None, js=f"() => askSoon('{self._tab}')", **QUIET)
        preview = asked.success(
            **engine.lane(order, engine.preview, quiet=True),
            inputs=values,
            outputs=self.compare,
            api_name=names[0],
            api_description="At most 512 pixels on the short side: the photograph and the result, both as JPEG.",
            trigger_mode="always_last",
            show_progress="minimal",
        )
        rest = preview.success(None, js=f"() => atRest('{self._tab}')", **QUIET)
        full = rest.success(
            **engine.lane(order, engine.result),
            inputs=values,
            outputs=[self.download, self.compare],
            api_name=names[1],
            api_description="In full: a PNG with its parameters inside, and the photograph and the result as JPEG.",
            show_progress="minimal",
        )
        gr.on(triggers, None, cancels=[full])
        self.stop.click(None, js=f"() => stopResting('{self._tab}')", cancels=[preview, full])
        self.again.click(lambda result: result or gr.skip(), self.download, inputs["photo"], queue=False, **QUIET)
