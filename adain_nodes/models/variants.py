"""Variants of AdaIN that the paper and its followers compare it with: one decoder with options."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn

from adain_nodes.core.adain import Features, adain
from adain_nodes.core.errors import InvalidValueError, ShapeError
from adain_nodes.core.sizing import crop_to, size_of
from adain_nodes.core.statistics import Convention
from adain_nodes.core.style import Style, style_of
from adain_nodes.models.base import Encoder, Generator, ReflectConv, upsample
from adain_nodes.models.normalization import Norm
from adain_nodes.models.vgg import IMAGENET_MEAN, IMAGENET_STD, VGGEncoder

Source = Literal["content", "style", "both", "adain"]

RMS = 3.0
"""The root mean square of the normalised VGG's features at relu1_1 to relu3_1, on photographs and paintings."""

CONTRAST = 0.25
"""About the deviation of pictures from a middle grey. With both, a decoder of random weights starts with such ones.

Without, the first pictures lie far outside the range, and some decoders die of the steps that bring them back.
"""


@dataclass(frozen=True)
class Variant:
    """How content and style meet, and what the decoder is made of.

    ``fusion``: "adain", or "concat" of both features (the paper's Enc-Concat-Dec). ``norm`` stands behind each
    convolution of the decoder (section 6 of the paper advises against it). ``skips`` lead from the shallower levels
    of the encoder into the decoder, added (behind a 1×1 convolution) or concatenated; ``source`` says what they
    carry: the features of the content, of the style, of both, or the content's after AdaIN. ``width`` is the number
    of channels at full size, doubled with each level.
    """

    fusion: Literal["adain", "concat"] = "adain"
    norm: Literal["none", "batch", "instance"] = "none"
    skips: Literal["none", "add", "concat"] = "none"
    source: Source = "content"
    width: int = 16


class Look(NamedTuple):
    """What is known of style pictures: their features, and the statistics of these."""

    features: Features
    style: Style


class VariantDecoder(Generator):
    """A decoder for ``encoder`` as a variant describes it: two convolutions a level, nearest ×2 between the levels."""

    family = "variant"

    def __init__(self, encoder: Encoder, variant: Variant) -> None:
        super().__init__()
        if encoder.strides[0] != 1 or any(deep != 2 * shallow for shallow, deep in pairwise(encoder.strides)):
            raise InvalidValueError(
                f"The levels {', '.join(encoder.levels)} do not halve the size one after another.",
                "Take relu1_1, relu2_1 and so on of a VGG-19.",
                levels=encoder.levels,
            )
        self.variant = variant
        self.levels, self.encoder = encoder.levels, encoder.fingerprint()
        widths = [variant.width * stride for stride in encoder.strides]
        deepest = len(widths) - 1
        blocks: list[_Block] = []
        for level, width in enumerate(widths):
            if level == deepest:
                inputs, skip = encoder.channels[-1] * (1 + (variant.fusion == "concat")), 0
            else:
                inputs, skip = widths[level + 1], encoder.channels[level] * (1 + (variant.source == "both"))
            blocks.append(_Block(inputs, width, skip, variant))
        self.blocks = nn.ModuleList(blocks)
        self.last = ReflectConv(widths[0], 3)

    def describe(self, style: Features, numbers: Tensor | None, convention: Convention) -> Look:
        """Features and statistics; see Generator."""
        return Look(style, style_of(style, self.levels, self.encoder, convention))

    def generate(self, content: Features, style: Look) -> Tensor:
        """See Generator. Raises ShapeError where features are joined of pictures that differ in size."""
        *skips, deepest = range(len(content))
        meet = _joined if self.variant.fusion == "concat" else _transformed
        x = self.blocks[deepest](meet(content, style, deepest) / RMS, None)
        for level in reversed(skips):
            skip = None if self.variant.skips == "none" else self._skip(content, style, level) / RMS
            x = self.blocks[level](crop_to(upsample(x), size_of(content[level])), skip)
        # float32, also under autocast: bfloat16 has no more than 8 bits near 1, and skies would show bands.
        with torch.autocast(x.device.type, enabled=False):
            return 0.5 + CONTRAST * self.last(x.float())

    def _skip(self, content: Features, style: Look, level: int) -> Tensor:
        if self.variant.source == "style":
            _check_sizes(content, style, level)
            return style.features[level]
        if self.variant.source == "content":
            return content[level]
        return (_joined if self.variant.source == "both" else _transformed)(content, style, level)


class _Block(nn.Module):
    """A level of the decoder: the skip connection joins, and two convolutions follow."""

    def __init__(self, inputs: int, width: int, skip: int, variant: Variant) -> None:
        super().__init__()
        added = skip if variant.skips == "add" else 0
        joined = skip if variant.skips == "concat" else 0
        self.project = nn.Conv2d(added, inputs, 1) if added else None
        self.convs = nn.ModuleList((ReflectConv(inputs + joined, width), ReflectConv(width, width)))
        norms = [nn.Identity() if variant.norm == "none" else Norm(width, variant.norm) for _ in self.convs]
        self.norms = nn.ModuleList(norms)

    def forward(self, x: Tensor, skip: Tensor | None) -> Tensor:
        """B×C×H×W to B×width×H×W."""
        if skip is not None:
            x = torch.cat((x, skip.to(x.dtype)), 1) if self.project is None else x + self.project(skip)
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = norm(conv(x)).relu()
        return x


def imagenet_input(encoder: VGGEncoder) -> VGGEncoder:
    """The same VGG behind ImageNet's mean and deviation, which the normalised weights do not want."""
    changed, given, std = copy.deepcopy(encoder), encoder.preprocess.state_dict(), torch.tensor(IMAGENET_STD)
    weight = given["weight"] / std.view(1, 3, 1, 1)
    bias = given["bias"] - weight.flatten(1) @ torch.tensor(IMAGENET_MEAN)
    changed.preprocess.load_state_dict({"weight": weight, "bias": bias})
    return changed


def _transformed(content: Features, style: Look, level: int) -> Tensor:
    return adain(content[level], style.style.levels[level], convention=style.style.convention)


def _joined(content: Features, style: Look, level: int) -> Tensor:
    _check_sizes(content, style, level)
    return torch.cat((content[level], style.features[level]), 1)


def _check_sizes(content: Features, style: Look, level: int) -> None:
    ours, theirs = content[level].shape, style.features[level].shape
    if ours != theirs:
        raise ShapeError(
            f"This variant joins features of content and style; their shapes are {tuple(ours)} and {tuple(theirs)}.",
            "Bring both pictures to one size.",
            content=tuple(ours),
            style=tuple(theirs),
        )
