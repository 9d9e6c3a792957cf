"""AdaIN_EncodeContent."""

from __future__ import annotations

from comfy_api.latest import io  # pyright: ignore[reportMissingImports]
from torch import Tensor

from adain_nodes.comfy import host, networks
from adain_nodes.comfy.schema import AdaINEncoder, AdaINFeatures, node
from adain_nodes.comfy.tensors import from_image, samples
from adain_nodes.comfy.types import EncodedContent, LoadedEncoder, join_features
from adain_nodes.core.adain import Features
from adain_nodes.core.sizing import size_of
from adain_nodes.tiling import Progress


class EncodeContent(io.ComfyNode):
    """Pictures to be stylised become features."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """A picture and an encoder."""
        return node(
            "EncodeContent",
            display_name="Encode Content (AdaIN)",
            description="Turn pictures into the features that AdaIN transforms. Pictures may have any size.",
            search_aliases=["style transfer", "content features"],
            inputs=[
                io.Image.Input("image", tooltip="The pictures that shall receive a style: one, a batch, or frames."),
                AdaINEncoder.Input("encoder", tooltip="The same encoder as for the style."),
            ],
            outputs=[
                AdaINFeatures.Output(
                    display_name="features", tooltip="For AdaIN, Masked AdaIN and whatever else changes features."
                )
            ],
        )

    @classmethod
    def execute(cls, image: Tensor, encoder: LoadedEncoder) -> io.NodeOutput:
        """Encode part by part; the features lie where the host keeps things between nodes."""
        rgb = from_image(image)
        count, device = len(rgb), host.intermediate_device()
        host.load(encoder.patcher)
        ours = networks.style_encoder(encoder)

        def encode(part: slice, progress: Progress) -> Features:
            return ours.encode(samples(rgb, part, count), device=device, progress=progress)

        levels = join_features(host.stream(encode, count, size_of(rgb)))
        return io.NodeOutput(EncodedContent(levels, rgb, encoder))
