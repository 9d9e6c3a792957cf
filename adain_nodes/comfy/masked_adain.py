"""AdaIN_MaskedAdaIN."""

from __future__ import annotations

from comfy_api.latest import io  # pyright: ignore[reportMissingImports]
from torch import Tensor

from adain_nodes.comfy import host
from adain_nodes.comfy.schema import AdaINFeatures, AdaINStyle, alpha_input, node
from adain_nodes.comfy.tensors import from_mask
from adain_nodes.comfy.types import EncodedContent
from adain_nodes.core.regions import Region
from adain_nodes.core.regions import feather as soften
from adain_nodes.core.sizing import resize_mask
from adain_nodes.core.style import Style


class MaskedAdaIN(io.ComfyNode):
    """A region of the features receives a style of its own."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Features, a mask, the style inside it, and perhaps one for the rest."""
        return node(
            "MaskedAdaIN",
            display_name="Masked AdaIN",
            description="Give the masked part of the content a style of its own. Chain these nodes for more regions: "
            "where masks overlap, the regions share.",
            search_aliases=["regional style transfer", "masked style transfer", "spatial control"],
            inputs=[
                AdaINFeatures.Input("features", tooltip="The content, from Encode Content or another Masked AdaIN."),
                io.Mask.Input(
                    "mask",
                    tooltip="Where the style goes, in white; resized to the content. A black one changes nothing.",
                ),
                AdaINStyle.Input("style", tooltip="The style inside the mask."),
                alpha_input(),
                io.Float.Input(
                    "feather",
                    default=0.0,
                    min=0.0,
                    max=512.0,
                    step=1.0,
                    tooltip="Softness of the mask's edge: pixels of transition on either side.",
                ),
                AdaINStyle.Input(
                    "style_outside",
                    optional=True,
                    tooltip="The style of what no mask of the chain covers. Without one the photograph stays there "
                    "as it is.",
                ),
            ],
            outputs=[AdaINFeatures.Output(display_name="features", tooltip="For Decode or another Masked AdaIN.")],
        )

    @classmethod
    def execute(
        cls,
        features: EncodedContent,
        mask: Tensor,
        style: Style,
        alpha: float,
        feather: float,
        style_outside: Style | None = None,
    ) -> io.NodeOutput:
        """Note the region; it is worked in where the features are used, when all regions of the chain are known."""
        for each in (style, style_outside):
            if each is not None:
                features.encoder.check_style(each)
        soft = soften(resize_mask(from_mask(mask), features.size), feather)
        rest = None if style_outside is None else Region(None, style_outside, alpha)
        return io.NodeOutput(features.with_region(Region(host.to_intermediate(soft), style, alpha), rest))
