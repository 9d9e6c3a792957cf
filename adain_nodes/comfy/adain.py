"""AdaIN_AdaIN."""

from __future__ import annotations

from dataclasses import replace

from comfy_api.latest import io  # pyright: ignore[reportMissingImports]

from adain_nodes.comfy import host
from adain_nodes.comfy.schema import AdaINFeatures, AdaINStyle, alpha_input, node
from adain_nodes.comfy.tensors import common_batch
from adain_nodes.comfy.types import EncodedContent, join_features, part_of_style
from adain_nodes.core.adain import Features, adain_levels
from adain_nodes.core.style import Style
from adain_nodes.tiling import Progress


class AdaIN(io.ComfyNode):
    """Features receive a style."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Features, a style, and how much of it."""
        return node(
            "AdaIN",
            display_name="AdaIN",
            description="Adaptive instance normalisation: give the content's features the mean and the spread of the "
            "style's. Changing alpha runs this node and Decode again, nothing else.",
            search_aliases=["style transfer", "adaptive instance normalization"],
            inputs=[
                AdaINFeatures.Input("features", tooltip="The content, from Encode Content."),
                AdaINStyle.Input("style", tooltip="From Encode Style, Blend Styles or Load Style."),
                alpha_input(),
            ],
            outputs=[AdaINFeatures.Output(display_name="features", tooltip="For Decode.")],
        )

    @classmethod
    def execute(cls, features: EncodedContent, style: Style, alpha: float) -> io.NodeOutput:
        """One style for all pictures, one for each, or one picture in each style."""
        features.encoder.check_style(style)
        count = common_batch(features=features.batch, styles=style.batch)

        def transform(part: slice, progress: Progress) -> Features:
            return adain_levels(features.transformed(part, count), part_of_style(style, part, count), alpha)

        levels = join_features(host.stream(transform, count, features.size))
        return io.NodeOutput(replace(features, levels=levels, regions=(), rest=None))
