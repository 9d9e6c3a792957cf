"""AdaIN_BlendFeatures."""

from __future__ import annotations

from comfy_api.latest import io  # pyright: ignore[reportMissingImports]
from torch import Tensor

from adain_nodes.comfy.schema import AdaINFeatures, node
from adain_nodes.comfy.two_features import transformed
from adain_nodes.comfy.types import EncodedContent
from adain_nodes.core.adain import Features, blend_features
from adain_nodes.core.errors import ShapeError
from adain_nodes.tiling import Progress


class BlendFeatures(io.ComfyNode):
    """What two styles, or two transforms, made of one content becomes one."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Two sets of features, and the share of the second."""
        return node(
            "BlendFeatures",
            display_name="Blend Features (AdaIN)",
            description="Mix what two styles made of one content: for Match Features and Style Swap, whose styles are "
            "no statistics that Blend Styles could mix. Chain it for more.",
            search_aliases=["style interpolation", "mix styles", "equation 15"],
            inputs=[
                AdaINFeatures.Input("features", tooltip="The content in one style."),
                AdaINFeatures.Input("other_features", tooltip="The same content in another style."),
                io.Float.Input(
                    "share",
                    default=0.5,
                    min=0.0,
                    max=1.0,
                    step=0.05,
                    tooltip="How much of the other: 0 is the first alone, 1 the other alone. A third style at 0.33 "
                    "makes equal parts of two blended at 0.5.",
                ),
            ],
            outputs=[AdaINFeatures.Output(display_name="features", tooltip="For Decode.")],
        )

    @classmethod
    def execute(cls, features: EncodedContent, other_features: EncodedContent, share: float) -> io.NodeOutput:
        """Equation 15 of the paper, on features."""
        if features.size != other_features.size:
            first, second = ("{1}×{0}".format(*each.size) for each in (features, other_features))
            raise ShapeError(
                f"The features belong to pictures of {first} and {second} pixels.",
                "Blend what two styles made of the same content.",
            )

        def mix(one: Features, other: Features, inside: Tensor | None, progress: Progress) -> Features:
            return blend_features([one, other], [1 - share, share])

        return io.NodeOutput(transformed(features, other_features, mix))
