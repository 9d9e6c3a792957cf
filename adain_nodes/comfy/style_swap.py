"""AdaIN_StyleSwap."""

from __future__ import annotations

import logging
from dataclasses import replace

from comfy_api.latest import io  # pyright: ignore[reportMissingImports]

from adain_nodes.comfy import host
from adain_nodes.comfy.schema import AdaINFeatures, alpha_input, node
from adain_nodes.comfy.tensors import common_batch, portion
from adain_nodes.comfy.types import EncodedContent, join_features
from adain_nodes.core.adain import Features
from adain_nodes.core.errors import EncoderMismatchError
from adain_nodes.core.swap import Patches, swap_levels, swap_seconds
from adain_nodes.tiling import Progress

log = logging.getLogger("adain_nodes")

LONG = 30
"""Seconds from which on the time that a swap will take is said beforehand."""


class StyleSwap(io.ComfyNode):
    """Patches of features become those of a style."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Two sets of features, the patches, and how far to go."""
        return node(
            "StyleSwap",
            display_name="Style Swap (AdaIN)",
            description="In place of AdaIN: each patch of the content's features becomes the most similar patch of the "
            "style's (Chen and Schmidt). The time grows with the product of both sizes; the log says it beforehand.",
            search_aliases=["style transfer", "patch match", "Chen Schmidt"],
            inputs=[
                AdaINFeatures.Input("features", tooltip="The content, from Encode Content."),
                AdaINFeatures.Input("style_features", tooltip="The style picture, from another Encode Content."),
                alpha_input(),
                io.Int.Input(
                    "patch_size",
                    default=Patches.size,
                    min=1,
                    max=15,
                    step=1,
                    tooltip="Side of the patches in cells of the features: larger ones keep more of the style's forms.",
                ),
                io.Int.Input(
                    "stride",
                    default=Patches.stride,
                    min=1,
                    max=15,
                    step=1,
                    tooltip="Cells from patch to patch, at most patch_size: more is faster and coarser.",
                ),
            ],
            outputs=[AdaINFeatures.Output(display_name="features", tooltip="For Decode.")],
        )

    @classmethod
    def execute(
        cls, features: EncodedContent, style_features: EncodedContent, alpha: float, patch_size: int, stride: int
    ) -> io.NodeOutput:
        """One style for all pictures, or one for each."""
        patches, encoders = Patches(patch_size, stride), (features.encoder, style_features.encoder)
        ours, theirs = (encoder.fingerprint for encoder in encoders)
        if ours != theirs:
            raise EncoderMismatchError(
                f"The features come from the encoder {ours}, the style's from {theirs}.",
                "Encode both with the same encoder.",
            )
        count = common_batch(features=features.batch, style_features=style_features.batch)
        device = host.backend().device

        def part_of(encoded: EncodedContent, part: slice) -> Features:
            batch = encoded.transformed(slice(None), encoded.batch)
            return tuple(portion(level, part, count).to(device) for level in batch)

        first = slice(1)
        seconds = count * swap_seconds(part_of(features, first), part_of(style_features, first), patches)
        if seconds > LONG:
            log.info("Style Swap will take about %d seconds.", seconds)

        def swap(part: slice, progress: Progress) -> Features:
            made = swap_levels(
                part_of(features, part), part_of(style_features, part), patches, alpha=alpha, progress=progress
            )
            return tuple(map(host.to_intermediate, made))

        levels = join_features(host.stream(swap, count, features.size))
        return io.NodeOutput(replace(features, levels=levels, regions=(), rest=None))
