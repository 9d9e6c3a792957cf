"""AdaIN_MatchFeatures."""

from __future__ import annotations

from comfy_api.latest import io  # pyright: ignore[reportMissingImports]
from torch import Tensor

from adain_nodes.comfy.schema import AdaINFeatures, alpha_input, node
from adain_nodes.comfy.tensors import from_mask
from adain_nodes.comfy.two_features import transformed
from adain_nodes.comfy.types import EncodedContent
from adain_nodes.core.adain import Features
from adain_nodes.core.sizing import resize_mask
from adain_nodes.core.transforms import TRANSFORMS, transform_levels
from adain_nodes.tiling import Progress


class MatchFeatures(io.ComfyNode):
    """Features get more of a style's distribution than AdaIN gives them."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Two sets of features, the transform, and how far to go."""
        return node(
            "MatchFeatures",
            display_name="Match Features (AdaIN)",
            description="In place of AdaIN: the features get the style's whole covariance (wct, transport) or the "
            "whole distribution of each channel (histogram, exact-histogram).",
            search_aliases=["style transfer", "WCT", "whitening coloring", "optimal transport", "EFDM"],
            inputs=[
                AdaINFeatures.Input("features", tooltip="The content, from Encode Content."),
                AdaINFeatures.Input("style_features", tooltip="The style picture, from another Encode Content."),
                io.Combo.Input(
                    "transform",
                    options=list(TRANSFORMS),
                    default="wct",
                    tooltip="wct: whitening and colouring. transport: the same covariance with the least change. "
                    "histogram: each channel's values. exact-histogram: the same by sorting, which tells zeros apart.",
                ),
                alpha_input(),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="Where the style goes, in white; resized to the content. What it covers is matched by "
                    "itself. Chain these nodes for more regions.",
                ),
            ],
            outputs=[AdaINFeatures.Output(display_name="features", tooltip="For Decode.")],
        )

    @classmethod
    def execute(
        cls,
        features: EncodedContent,
        style_features: EncodedContent,
        transform: str,
        alpha: float,
        mask: Tensor | None = None,
    ) -> io.NodeOutput:
        """One style for all pictures, or one for each."""

        def match(content: Features, style: Features, inside: Tensor | None, progress: Progress) -> Features:
            return transform_levels(content, style, transform, alpha, inside)

        area = None if mask is None else resize_mask(from_mask(mask), features.size)
        return io.NodeOutput(transformed(features, style_features, match, mask=area))
