"""AdaIN_EncodeStyle."""

from __future__ import annotations

from comfy_api.latest import io  # pyright: ignore[reportMissingImports]
from torch import Tensor

from adain_nodes.comfy import host, networks
from adain_nodes.comfy.schema import AdaINEncoder, AdaINStyle, node, style_size_input
from adain_nodes.comfy.tensors import common_batch, from_image, from_mask, portion, samples
from adain_nodes.comfy.types import LoadedEncoder, join_styles
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.sizing import size_of
from adain_nodes.core.style import Style
from adain_nodes.tiling import Progress


class EncodeStyle(io.ComfyNode):
    """Pictures become styles."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """A picture, an encoder, and which part of the picture counts at which size."""
        return node(
            "EncodeStyle",
            display_name="Encode Style (AdaIN)",
            description="Take the style of a picture: the mean and the spread of each feature. A batch makes one "
            "style for each picture, for as many contents.",
            search_aliases=["style transfer", "style features"],
            inputs=[
                io.Image.Input("image", tooltip="The picture whose style is wanted."),
                AdaINEncoder.Input("encoder", tooltip="The same encoder as for the content."),
                style_size_input("style_size"),
                io.Mask.Input(
                    "mask",
                    optional=True,
                    tooltip="The part of the picture that is the style, in white. (The mask of Load Image is white "
                    "where the picture is transparent.)",
                ),
            ],
            outputs=[AdaINStyle.Output(display_name="style", tooltip="For AdaIN, Blend Styles and Save Style.")],
        )

    @classmethod
    def execute(
        cls, image: Tensor, encoder: LoadedEncoder, style_size: int, mask: Tensor | None = None
    ) -> io.NodeOutput:
        """Bring the pictures to the size, encode them part by part, and measure them where the mask is."""
        pictures, area = from_image(image), None if mask is None else _usable(from_mask(mask))
        count = common_batch(images=len(pictures), masks=1 if area is None else len(area))
        host.load(encoder.patcher)
        ours = networks.style_encoder(encoder)

        def encode(part: slice, progress: Progress) -> Style:
            mask = None if area is None else portion(area, part, count)
            style = ours.encode_style(samples(pictures, part, count), mask=mask, size=style_size, progress=progress)
            return style.to(host.intermediate_device())

        height, width = size_of(pictures)
        return io.NodeOutput(join_styles(host.stream(encode, count, (style_size or height, style_size or width))))


def _usable(mask: Tensor) -> Tensor:
    if not mask.amax((2, 3)).all():
        raise InvalidValueError(
            "Nothing is left of a style picture: its mask is black throughout.",
            "Paint the part that is the style in white, or disconnect the mask. Load Image gives a black mask for "
            "pictures without transparency.",
        )
    return mask
