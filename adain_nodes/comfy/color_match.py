"""AdaIN_ColorMatch."""

from __future__ import annotations

from comfy_api.latest import io  # pyright: ignore[reportMissingImports]
from torch import Tensor

from adain_nodes.comfy import host
from adain_nodes.comfy.schema import node
from adain_nodes.comfy.tensors import common_batch, from_image, from_mask, samples
from adain_nodes.core.color import METHODS, match_color
from adain_nodes.core.sizing import resize_mask, size_of
from adain_nodes.tiling import Progress


class ColorMatch(io.ComfyNode):
    """Pictures receive the colours of others."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """A picture, the one that gives the colours, and how."""
        return node(
            "ColorMatch",
            display_name="Match Colors (AdaIN)",
            description="Give pictures the colours of a reference, all over or in a mask. To keep a photograph's "
            "colours, match the style picture to it before, or take only the luminance of the result.",
            search_aliases=["color transfer", "preserve color", "luminance only", "CORAL", "histogram matching"],
            inputs=[
                io.Image.Input("image", tooltip="The pictures to change."),
                io.Image.Input("reference", tooltip="Whose colours they receive: one picture for all, or one each."),
                io.Combo.Input(
                    "method",
                    options=list(METHODS),
                    default=METHODS[0],
                    tooltip="coral: mean and covariance in RGB. mean-std: mean and spread in Lab. histogram: every RGB "
                    "channel's distribution. luminance: keep the light and take the colours pixel by pixel.",
                ),
                io.Float.Input(
                    "strength", default=1.0, min=0.0, max=1.0, step=0.01,
                    display_mode=io.NumberDisplay.slider,
                    tooltip="How far the colours move: 0 changes nothing.",
                ),
                io.Mask.Input(
                    "mask", optional=True, tooltip="The part of the image that is changed and measured, in white."
                ),
                io.Mask.Input(
                    "reference_mask", optional=True, tooltip="The part of the reference that counts, in white."
                ),
            ],
            outputs=[io.Image.Output(display_name="image", tooltip="The pictures in their new colours.")],
        )  # fmt: skip

    @classmethod
    def execute(
        cls,
        image: Tensor,
        reference: Tensor,
        method: str,
        strength: float,
        mask: Tensor | None = None,
        reference_mask: Tensor | None = None,
    ) -> io.NodeOutput:
        """Match part by part, on the host's device."""
        rgb, colors = from_image(image), from_image(reference)
        area = None if mask is None else resize_mask(from_mask(mask), size_of(rgb))
        source = None if reference_mask is None else resize_mask(from_mask(reference_mask), size_of(colors))
        count = common_batch(
            images=len(rgb),
            references=len(colors),
            masks=1 if area is None else len(area),
            reference_masks=1 if source is None else len(source),
        )
        device = host.backend().device

        def match(part: slice, progress: Progress) -> Tensor:
            def placed(batch: Tensor) -> Tensor:
                return samples(batch, part, count).to(device)

            return match_color(
                placed(rgb),
                placed(colors),
                method,
                mask=None if area is None else placed(area),
                reference_mask=None if source is None else placed(source),
                strength=strength,
            )

        return io.NodeOutput(host.stream_images(match, count, size_of(rgb)))
