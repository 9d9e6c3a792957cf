"""AdaIN_LoadDecoder."""

from __future__ import annotations

from comfy_api.latest import io  # pyright: ignore[reportMissingImports]

from adain_nodes.comfy import networks
from adain_nodes.comfy.schema import AdaINDecoder, AdaINEncoder, node
from adain_nodes.comfy.types import LoadedEncoder


class LoadDecoder(io.ComfyNode):
    """A name or a file becomes a decoder for a certain encoder."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """A list of the decoders there are, and the encoder to check against."""
        return node(
            "LoadDecoder",
            display_name="Load AdaIN Decoder",
            description="Load the network that turns features back into pictures. It must have been trained for the "
            "encoder that is connected.",
            search_aliases=["style transfer model", "decoder"],
            inputs=[
                AdaINEncoder.Input("encoder", tooltip="The encoder that the decoder was trained for: it is checked."),
                io.Combo.Input(
                    "name",
                    options=networks.choices(networks.DECODERS),
                    default=networks.DECODERS[0],
                    tooltip="lite belongs to the encoder lite, adain-decoder to vgg19-normalised. Files are those in "
                    "models/adain.",
                ),
            ],
            outputs=[AdaINDecoder.Output(display_name="decoder", tooltip="For Decode.")],
        )

    @classmethod
    def fingerprint_inputs(cls, name: str, encoder: LoadedEncoder | None = None) -> list[str | int]:
        """Another one when the file was replaced."""
        return [*networks.find(name)]

    @classmethod
    def execute(cls, encoder: LoadedEncoder, name: str) -> io.NodeOutput:
        """Load the decoder, or take the one that is loaded."""
        return io.NodeOutput(networks.load_decoder(networks.find(name), encoder))
