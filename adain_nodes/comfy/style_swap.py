"""AdaIN_StyleSwap."""

from __future__ import annotations

import logging

from comfy_api.latest import io  # pyright: ignore[reportMissingImports]
from torch import Tensor

from adain_nodes.comfy.schema import AdaINFeatures, alpha_input, node
from adain_nodes.comfy.two_features import transformed
from adain_nodes.comfy.types import EncodedContent
from adain_nodes.core.adain import Features
from adain_nodes.core.swap import LONG, Patches, swap_levels, swap_seconds
from adain_nodes.tiling import Progress

log = logging.getLogger("adain_nodes")


class StyleSwap(io.ComfyNode):
    """Patches of features become those of a style."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Two sets of features, the patches, and how far to go."""
        return node(
            "StyleSwap",
            display_name="Style Swap (AdaIN)",
            description="In place of AdaIN: each patch of the content's features becomes the most similar patch of the "
            "style's (Chen and Schmidt). The time grows with the product of both sizes; the log says it beforehand.",
            search_aliases=["style transfer", "patch match", "Chen Schmidt"],
            inputs=[
                AdaINFeatures.Input("features", tooltip="The content, from Encode Content."),
                AdaINFeatures.Input("style_features", tooltip="The style picture, from another Encode Content."),
                alpha_input(),
                io.Int.Input(
                    "patch_size",
                    default=Patches.size,
                    min=1,
                    max=15,
                    step=1,
                    tooltip="Side of the patches in cells of the features: larger ones keep more of the style's forms.",
                ),
                io.Int.Input(
                    "stride",
                    default=Patches.stride,
                    min=1,
                    max=15,
                    step=1,
                    tooltip="Cells from patch to patch, at most patch_size: more is faster and coarser.",
                ),
            ],
            outputs=[AdaINFeatures.Output(display_name="features", tooltip="For Decode.")],
        )

    @classmethod
    def execute(
        cls, features: EncodedContent, style_features: EncodedContent, alpha: float, patch_size: int, stride: int
    ) -> io.NodeOutput:
        """One style for all pictures, or one for each."""
        patches = Patches(patch_size, stride)

        def announce(content: Features, style: Features, count: int) -> None:
            seconds = count * swap_seconds(content, style, patches)
            if seconds > LONG:
                log.info("Style Swap will take about %d seconds.", seconds)

        def swap(content: Features, style: Features, mask: Tensor | None, progress: Progress) -> Features:
            return swap_levels(content, style, patches, alpha=alpha, progress=progress)

        return io.NodeOutput(transformed(features, style_features, swap, announce))
