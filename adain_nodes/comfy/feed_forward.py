"""AdaIN_FeedForward."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from comfy_api.latest import io  # pyright: ignore[reportMissingImports]
from torch import Tensor

from adain_nodes.checkpoints import networks as files
from adain_nodes.comfy import host, networks
from adain_nodes.comfy.schema import node
from adain_nodes.comfy.tensors import from_image, samples
from adain_nodes.core.sizing import size_of
from adain_nodes.models.feedforward import FeedForward
from adain_nodes.tiling import Progress


class FeedForwardNode(io.ComfyNode):
    """A network that has learnt its styles, applied to pictures."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Pictures, a file, and which of its styles."""
        return node(
            "FeedForward",
            display_name="Feed-Forward Style (AdaIN)",
            description="Stylise with a feed-forward network (Johnson, Ulyanov, Dumoulin) that has learnt one style or "
            "several: no style picture is needed. `adain experiment` trains such networks.",
            search_aliases=["style transfer", "fast neural style", "Johnson", "conditional instance normalization"],
            inputs=[
                io.Image.Input("image", tooltip="The pictures to stylise."),
                io.Combo.Input(
                    "weights",
                    options=host.model_files(),
                    tooltip="A file in models/adain: what `adain experiment single-style` or `conditional` wrote.",
                ),
                _number("style", "Which of its styles, from 1. A network of one style has no other."),
                _number("other_style", "A second one to blend with, from 1."),
                io.Float.Input(
                    "blend",
                    default=0.0,
                    min=0.0,
                    max=1.0,
                    step=0.01,
                    display_mode=io.NumberDisplay.slider,
                    tooltip="0 is the style, 1 the other one.",
                ),
            ],
            outputs=[io.Image.Output(display_name="image", tooltip="The stylised pictures, of the same size.")],
        )

    @classmethod
    def fingerprint_inputs(cls, weights: str, **others: object) -> list[str | int]:
        """Another one when the file was replaced."""
        return [*networks.find(weights)]

    @classmethod
    def execute(cls, image: Tensor, weights: str, style: int, other_style: int, blend: float) -> io.NodeOutput:
        """All pictures in one style, or in a blend of two."""
        network, patcher = _load(networks.find(weights))
        named = [style, other_style] if blend else [style]
        host.load(patcher)
        backend, contents = host.backend(), from_image(image)
        shares = network.shares(named, [1 - blend, blend][: len(named)])

        def stylize(part: slice, progress: Progress) -> Tensor:
            with backend.running():
                return network.stylize(backend.place(samples(contents, part, len(contents))), shares)

        return io.NodeOutput(host.stream_images(stylize, len(contents), size_of(contents)))


def _number(name: str, tooltip: str) -> io.Int.Input:
    return io.Int.Input(name, default=1, min=1, max=1000, step=1, tooltip=tooltip)


@lru_cache(maxsize=2)
def _load(file: networks.Stamp) -> tuple[FeedForward, Any]:
    with torch.inference_mode(False):  # inside the host's, it could never be trained
        network = files.load_feedforward(file.path)
        network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        return network, host.patcher(network)
