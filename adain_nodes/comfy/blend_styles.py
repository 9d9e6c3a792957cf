"""AdaIN_BlendStyles."""

from __future__ import annotations

from typing import Any

from comfy_api.latest import io  # pyright: ignore[reportMissingImports]

from adain_nodes.comfy.schema import AdaINStyle, node
from adain_nodes.core.style import Style, blend

STYLES = 8
"""Inputs for styles: the oldest host that is supported knows no growing lists."""


class BlendStyles(io.ComfyNode):
    """Several styles become one."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Styles with their weights, of which only the first must be connected."""
        return node(
            "BlendStyles",
            display_name="Blend Styles (AdaIN)",
            description="Mix styles by weight. Weights need not sum to 1, and a blend costs no more than one style.",
            search_aliases=["style interpolation", "mix styles"],
            inputs=[
                AdaINStyle.Input("style_1", tooltip="The first style."),
                _weight(1),
                *(
                    input
                    for number in range(2, STYLES + 1)
                    for input in (
                        AdaINStyle.Input(f"style_{number}", optional=True, tooltip="One more style."),
                        _weight(number, optional=True),
                    )
                ),
            ],
            outputs=[AdaINStyle.Output(display_name="style", tooltip="The mixture.")],
        )

    @classmethod
    def execute(cls, **inputs: Any) -> io.NodeOutput:
        """Blend the styles that are connected."""
        numbers = [number for number in range(1, STYLES + 1) if inputs.get(f"style_{number}") is not None]
        styles: list[Style] = [inputs[f"style_{number}"] for number in numbers]
        return io.NodeOutput(blend(styles, [inputs.get(f"weight_{number}", 1.0) for number in numbers]))


def _weight(number: int, optional: bool = False) -> io.Float.Input:
    return io.Float.Input(
        f"weight_{number}",
        optional=optional,
        default=1.0,
        min=-10.0,
        max=10.0,
        step=0.05,
        tooltip=f"The share of style {number}, relative to the others. Negative ones lead away from it.",
    )
