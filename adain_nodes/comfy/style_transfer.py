"""AdaIN_StyleTransfer."""

from __future__ import annotations

from comfy_api.latest import io  # pyright: ignore[reportMissingImports]
from torch import Tensor

from adain_nodes.comfy import host, networks
from adain_nodes.comfy.schema import alpha_input, model_input, node, preserve_color_input, style_size_input
from adain_nodes.comfy.tensors import common_batch, from_image, samples
from adain_nodes.core.sizing import size_of
from adain_nodes.core.style import Style
from adain_nodes.pipeline import recolours
from adain_nodes.tiling import Progress


class StyleTransferNode(io.ComfyNode):
    """From pictures to stylised pictures in one node."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Two pictures, and what the pipeline lets one choose."""
        return node(
            "StyleTransfer",
            display_name="Style Transfer (AdaIN)",
            description="Give pictures the style of another picture, all in one node. Long batches pass through part "
            "by part, so that memory does not grow with them.",
            search_aliases=["neural style transfer", "AdaIN", "artistic style", "stylize"],
            inputs=[
                io.Image.Input("image", tooltip="The pictures to stylise: one, a batch, or the frames of a video."),
                io.Image.Input("style_image", tooltip="The style: one picture for all, or one for each."),
                alpha_input(),
                preserve_color_input(),
                style_size_input("style_size"),
                model_input(),
            ],
            outputs=[io.Image.Output(display_name="image", tooltip="The stylised pictures.")],
        )

    @classmethod
    def fingerprint_inputs(cls, model: str, **inputs: object) -> list[str | int]:
        """Another one when a weight file was replaced."""
        return networks.stamps(model)

    @classmethod
    def execute(
        cls, image: Tensor, style_image: Tensor, alpha: float, preserve_color: str, style_size: int, model: str
    ) -> io.NodeOutput:
        """Stylise part by part. One style for all is encoded once, unless its colours follow each content."""
        rgb, look = from_image(image), from_image(style_image)
        count = common_batch(images=len(rgb), style_images=len(look))
        transfer = networks.load_model(model)
        style: Style | None = None
        if len(look) == 1 and not recolours(preserve_color):
            style = transfer.encode_style(samples(look, slice(1), 1), size=style_size)

        def stylize(part: slice, progress: Progress) -> Tensor:
            return transfer.stylize(
                samples(rgb, part, count),
                style or samples(look, part, count),
                alpha=alpha,
                preserve_color=preserve_color,
                style_size=style_size,
                progress=progress,
            )

        return io.NodeOutput(host.stream_images(stylize, count, size_of(rgb)))
