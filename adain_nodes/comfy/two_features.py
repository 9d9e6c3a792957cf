"""What nodes share that make one set of features out of two: a content's and a style picture's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from adain_nodes.comfy import host
from adain_nodes.comfy.tensors import common_batch, portion
from adain_nodes.comfy.types import EncodedContent, join_features
from adain_nodes.core.adain import Features
from adain_nodes.core.errors import EncoderMismatchError
from adain_nodes.tiling import Progress

Transform: TypeAlias = "Callable[[Features, Features, Progress], Features]"
"""Makes features of a content's and a style's, and is told whom to tell the share done."""

Prepare: TypeAlias = "Callable[[Features, Features, int], None]"
"""Looks at the first pictures of both, and at their number, before anything is made."""


def transformed(
    features: EncodedContent,
    style_features: EncodedContent,
    transform: Transform,
    prepare: Prepare = lambda content, style, count: None,
) -> EncodedContent:
    """The content's features as ``transform`` changes them: one style for all pictures, or one for each.

    Raises EncoderMismatchError where two encoders made them.
    """
    ours, theirs = (each.encoder.fingerprint for each in (features, style_features))
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

    def work(part: slice, progress: Progress) -> Features:
        made = transform(part_of(features, part), part_of(style_features, part), progress)
        return tuple(map(host.to_intermediate, made))

    first = slice(1)
    prepare(part_of(features, first), part_of(style_features, first), count)
    levels = join_features(host.stream(work, count, features.size))
    return replace(features, levels=levels, regions=(), rest=None)
