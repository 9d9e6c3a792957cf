"""AdaIN_LoadVGGEncoder."""

from __future__ import annotations

from comfy_api.latest import io  # pyright: ignore[reportMissingImports]

from adain_nodes.comfy import networks
from adain_nodes.comfy.schema import AdaINEncoder, node


class LoadVGGEncoder(io.ComfyNode):
    """A name or a file becomes an encoder."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """A list of the encoders there are."""
        return node(
            "LoadVGGEncoder",
            display_name="Load AdaIN Encoder",
            description="Load the network that turns pictures into features: the embedded lite model, the VGG-19 of "
            "the paper, or a file in models/adain.",
            search_aliases=["VGG", "style transfer model", "encoder"],
            inputs=[
                io.Combo.Input(
                    "name",
                    options=networks.choices(networks.ENCODERS),
                    default=networks.ENCODERS[0],
                    tooltip="lite is embedded and fast. vgg19-normalised is the paper's and has to be downloaded "
                    "first. Files are those in models/adain.",
                )
            ],
            outputs=[AdaINEncoder.Output(display_name="encoder", tooltip="For Encode Content and Encode Style.")],
        )

    @classmethod
    def fingerprint_inputs(cls, name: str) -> list[str | int]:
        """Another one when the file was replaced."""
        return [*networks.find(name)]

    @classmethod
    def execute(cls, name: str) -> io.NodeOutput:
        """Load the encoder, or take the one that is loaded."""
        return io.NodeOutput(networks.load_encoder(networks.find(name)))
