"""The project's own link types, and what the schemas of the nodes share."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from comfy_api.latest import io  # pyright: ignore[reportMissingImports]

from adain_nodes.checkpoints.catalogue import MODELS
from adain_nodes.encoding import STYLE_SIZE
from adain_nodes.pipeline import PRESERVE_COLOR

AdaINEncoder = io.Custom("ADAIN_ENCODER")
AdaINDecoder = io.Custom("ADAIN_DECODER")
AdaINFeatures = io.Custom("ADAIN_FEATURES")
AdaINStyle = io.Custom("ADAIN_STYLE")


def node(name: str, *, search_aliases: list[str], **definition: Any) -> io.Schema:
    """The schema of the node ``AdaIN_<name>``; hosts that know no search aliases do without."""
    if "search_aliases" in {field.name for field in fields(io.Schema)}:
        definition["search_aliases"] = search_aliases
    return io.Schema(node_id=f"AdaIN_{name}", category="AdaIN", **definition)


def alpha_input() -> io.Float.Input:
    """The widget of alpha, the same on every node."""
    return io.Float.Input(
        "alpha",
        default=1.0,
        min=0.0,
        max=1.0,
        step=0.01,
        display_mode=io.NumberDisplay.slider,
        tooltip="How far the content moves to the style: 0 keeps the content, 1 is the full style.",
    )


def style_size_input(name: str) -> io.Int.Input:
    """The widget of the size to which style pictures are brought."""
    return io.Int.Input(
        name,
        default=STYLE_SIZE,
        min=0,
        max=8192,
        step=8,
        tooltip="Short side in pixels to which the style picture is brought first: larger means larger strokes. "
        "0 keeps its size.",
    )


def preserve_color_input() -> io.Combo.Input:
    """The choice of whose colours a result has."""
    return io.Combo.Input(
        "preserve_color",
        options=list(PRESERVE_COLOR),
        default=PRESERVE_COLOR[0],
        tooltip="Keep the picture's own colours: coral, mean-std and histogram recolour the style first, "
        "luminance takes only the light of the result.",
    )


def model_input() -> io.Combo.Input:
    """The choice among the models of the catalogue."""
    return io.Combo.Input(
        "model",
        options=list(MODELS),
        default=next(iter(MODELS)),
        tooltip="lite is embedded and fast. vgg19 is the paper's model and has to be downloaded first.",
    )
