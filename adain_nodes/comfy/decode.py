"""AdaIN_Decode."""

from __future__ import annotations

from comfy_api.latest import io  # pyright: ignore[reportMissingImports]
from torch import Tensor

from adain_nodes.comfy import host, networks
from adain_nodes.comfy.schema import AdaINDecoder, AdaINFeatures, node
from adain_nodes.comfy.types import EncodedContent, LoadedDecoder
from adain_nodes.tiling import Progress


class Decode(io.ComfyNode):
    """Features become pictures."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Features and a decoder."""
        return node(
            "Decode",
            display_name="Decode (AdaIN)",
            description="Turn features back into pictures, of exactly the content's size.",
            search_aliases=["style transfer", "decoder"],
            inputs=[
                AdaINFeatures.Input("features", tooltip="From AdaIN, Masked AdaIN or whatever else changes features."),
                AdaINDecoder.Input("decoder", tooltip="The decoder of the encoder that made the features."),
            ],
            outputs=[io.Image.Output(display_name="image", tooltip="The stylised pictures.")],
        )

    @classmethod
    def execute(cls, features: EncodedContent, decoder: LoadedDecoder) -> io.NodeOutput:
        """Decode part by part."""
        features.check_decoder(decoder)
        host.load(decoder.patcher)
        count, transfer = features.batch, networks.HostedTransfer(decoder)

        def decode(part: slice, progress: Progress) -> Tensor:
            result = transfer.decode(features.transformed(part, count), features.size, progress=progress)
            return features.finished(result, part, count)

        return io.NodeOutput(host.stream_images(decode, count, features.size))
