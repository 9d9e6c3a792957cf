"""What nodes share that make one set of features out of two: a content's and a style picture's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias

from torch import Tensor

from adain_nodes.comfy import host
from adain_nodes.comfy.tensors import common_batch, portion
from adain_nodes.comfy.types import EncodedContent, join_features
from adain_nodes.core.adain import Features
from adain_nodes.core.errors import EncoderMismatchError
from adain_nodes.core.regions import compose
from adain_nodes.tiling import Progress

Transform: TypeAlias = "Callable[[Features, Features, Tensor | None, Progress], Features]"
"""Makes features of a content's and a style's; is given the mask of the content, and whom to tell the share done."""

Prepare: TypeAlias = "Callable[[Features, Features, int], None]"
"""Looks at the first pictures of both, and at their number, before anything is made."""


def transformed(
    features: EncodedContent,
    style_features: EncodedContent,
    transform: Transform,
    prepare: Prepare = lambda content, style, count: None,
    mask: Tensor | None = None,
) -> EncodedContent:
    """The content's features as ``transform`` changes them: one style for all pictures, or one for each.

    Outside the mask, B×1×H×W in [0, 1], they stay as they are. Raises EncoderMismatchError where two encoders made
    them.
    """
    ours, theirs = (each.encoder.fingerprint for each in (features, style_features))
    if ours != theirs:
        raise EncoderMismatchError(
            f"The features come from the encoder {ours}, the style's from {theirs}.",
            "Encode both with the same encoder.",
        )
    masks = {} if mask is None else {"mask": len(mask)}
    count = common_batch(features=features.batch, style_features=style_features.batch, **masks)
    device = host.backend().device

    def part_of(encoded: EncodedContent, part: slice) -> Features:
        return tuple(level.to(device) for level in encoded.transformed(part, count))

    def work(part: slice, progress: Progress) -> Features:
        content, inside = part_of(features, part), None if mask is None else portion(mask, part, count).to(device)
        made = transform(content, part_of(style_features, part), inside, progress)
        return tuple(map(host.to_intermediate, compose(content, [made], [inside])))

    first = slice(1)
    prepare(part_of(features, first), part_of(style_features, first), count)
    levels = join_features(host.stream(work, count, features.size))
    return replace(features, levels=levels, regions=(), rest=None)
