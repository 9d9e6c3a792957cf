"""AdaIN_Gatys."""

from __future__ import annotations

from typing import Any

import torch
from comfy_api.latest import io  # pyright: ignore[reportMissingImports]
from torch import Tensor

from adain_nodes.baselines.gatys import STARTS, Gatys
from adain_nodes.baselines.optimisation import Schedule
from adain_nodes.baselines.perception import Losses
from adain_nodes.comfy import host
from adain_nodes.comfy import optimisation as shared
from adain_nodes.comfy.schema import AdaINEncoder, node, style_size_input
from adain_nodes.comfy.tensors import common_batch, from_image, samples
from adain_nodes.comfy.types import LoadedEncoder
from adain_nodes.imaging import resize


class GatysNode(io.ComfyNode):
    """Pictures are optimised until they have the style of others."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Two pictures, the encoder that compares them, and how."""
        return node(
            "Gatys",
            display_name="Optimize Style (Gatys)",
            description="Style transfer by optimising the picture itself, as Gatys et al. did before there was AdaIN: "
            "minutes instead of a moment, and closer to the style. Cancelling keeps the picture so far in output.",
            search_aliases=["neural style transfer", "Gatys", "L-BFGS", "Gram matrix"],
            inputs=[
                io.Image.Input("image", tooltip="The pictures to stylise, one after another."),
                io.Image.Input("style_image", tooltip="The style: one picture for all, or one for each."),
                AdaINEncoder.Input("encoder", tooltip="What compares pictures: best vgg19-normalised."),
                *shared.schedule_inputs(),
                io.Combo.Input(
                    "start",
                    options=list(STARTS),
                    default=STARTS[0],
                    tooltip="What the picture is at first, unless start_image is connected.",
                ),
                io.Float.Input(
                    "style_weight",
                    default=Losses.style_weight,
                    min=0.0,
                    max=100_000.0,
                    step=1.0,
                    tooltip="More: closer to the style. 0 takes what suits the statistics: 50 for gram, 10 for "
                    "mean-std.",
                ),
                io.Float.Input(
                    "variation_weight",
                    default=Losses.variation_weight,
                    min=0.0,
                    max=100_000.0,
                    step=1.0,
                    tooltip="More: smoother, with less fine noise.",
                ),
                *shared.loss_inputs(),
                shared.levels_input("content_layers", "Levels that the content is compared at. Empty: the deepest."),
                style_size_input("style_size"),
                io.Image.Input("start_image", optional=True, tooltip="A picture to start with, in place of start."),
            ],
            outputs=[io.Image.Output(display_name="image", tooltip="The stylised pictures.")],
        )

    @classmethod
    def execute(
        cls,
        image: Tensor,
        style_image: Tensor,
        encoder: LoadedEncoder,
        start: str,
        style_size: int,
        start_image: Tensor | None = None,
        **settings: Any,
    ) -> io.NodeOutput:
        """One picture after another. A style for all is encoded once."""
        contents, styles = from_image(image), from_image(style_image)
        starts = None if start_image is None else from_image(start_image)
        count = common_batch(
            images=len(contents), style_images=len(styles), start_images=1 if starts is None else len(starts)
        )
        losses, schedule = Losses.of(settings), Schedule.of(settings)
        onlooker = shared.Onlooker(schedule, count)
        made: list[Tensor] = []
        with shared.optimising(encoder):
            method = Gatys(encoder.network, losses, schedule, start=start, watch=onlooker.watch)
            looks: Any = None
            for part in (slice(i, i + 1) for i in range(count)):
                if looks is None or len(styles) > 1:
                    looks = method.encode_style(shared.placed(resize(samples(styles, part, count), style_size)))
                if starts is not None:
                    method.start = shared.placed(samples(starts, part, count))
                outcome = method.optimise(shared.placed(samples(contents, part, count)), looks)
                made.append(onlooker.keep(outcome, "gatys"))
        return io.NodeOutput(host.to_intermediate(torch.cat(made).movedim(1, -1)))
