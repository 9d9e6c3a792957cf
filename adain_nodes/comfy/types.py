"""What travels on the links of the graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from adain_nodes.comfy.tensors import common_batch, portion, samples
from adain_nodes.core.adain import Features
from adain_nodes.core.errors import EncoderMismatchError
from adain_nodes.core.regions import Region, adain_regions, coverage, keep_uncovered
from adain_nodes.core.sizing import Size, size_of
from adain_nodes.core.statistics import Statistics
from adain_nodes.core.style import Style
from adain_nodes.models.base import Decoder, Encoder


@dataclass(frozen=True, eq=False)
class LoadedEncoder:
    """ADAIN_ENCODER: the network, the host's handle that moves it to its device, and its fingerprint."""

    network: Encoder
    patcher: Any
    fingerprint: str

    def check_style(self, style: Style) -> None:
        """Raise EncoderMismatchError unless this encoder made the style."""
        style.check_encoder(self.fingerprint, self.network.levels)


@dataclass(frozen=True, eq=False)
class LoadedDecoder:
    """ADAIN_DECODER: the network, the host's handle, and the encoder that it was checked against."""

    network: Decoder
    patcher: Any
    encoder: LoadedEncoder


@dataclass(frozen=True)
class EncodedContent:
    """ADAIN_FEATURES: the levels of B pictures, of the size in pixels that they had, and who encoded them.

    ``regions`` are those that a chain of MaskedAdaIN nodes has laid over ``levels`` so far, and ``rest`` the one
    everywhere else. They are kept beside the levels, not worked into them, because regions that share a soft edge
    have to be known together. ``image`` are the pictures themselves, B×3×H×W, which stay where no region is: the
    host's own samples, not a copy. Raises ShapeError unless pictures, masks and styles are each one or equally many.
    """

    levels: Features
    image: Tensor
    encoder: LoadedEncoder
    regions: tuple[Region, ...] = ()
    rest: Region | None = None

    def __post_init__(self) -> None:
        _ = self.batch

    def with_region(self, region: Region, rest: Region | None) -> EncodedContent:
        """One region more, and another style for the rest if one is given."""
        return replace(self, regions=(*self.regions, region), rest=rest or self.rest)

    @property
    def size(self) -> Size:
        """Height and width of the pictures."""
        return size_of(self.image)

    @property
    def batch(self) -> int:
        """The number of results."""
        regions = [*self.regions, *([self.rest] if self.rest else [])]
        masks = {f"mask_{i}": len(r.mask) for i, r in enumerate(regions, 1) if r.mask is not None}
        styles = {f"style_{i}": r.style.batch for i, r in enumerate(regions, 1)}
        return common_batch(features=len(self.levels[0]), **masks, **styles)

    def transformed(self, part: slice, count: int) -> Features:
        """The levels of part of a batch of ``count``, with all regions applied."""
        levels = tuple(portion(level, part, count) for level in self.levels)
        regions = [_part_of_region(region, part, count) for region in self.regions]
        if regions and self.rest is not None:
            covered = coverage([region.mask for region in regions if region.mask is not None])
            regions.append(replace(_part_of_region(self.rest, part, count), mask=1 - covered))
        return adain_regions(levels, regions) if regions else levels

    def finished(self, result: Tensor, part: slice, count: int) -> Tensor:
        """What was decoded of a part of the batch, with the photograph itself where no region is."""
        masks = [portion(region.mask, part, count) for region in self.regions if region.mask is not None]
        if not masks or self.rest is not None:
            return result
        return keep_uncovered(samples(self.image, part, count).to(result), result, coverage(masks).to(result))

    def check_decoder(self, decoder: LoadedDecoder) -> None:
        """Raise EncoderMismatchError unless the decoder belongs to the encoder of these features."""
        ours, theirs = self.encoder.fingerprint, decoder.encoder.fingerprint
        if ours != theirs:
            raise EncoderMismatchError(
                f"The decoder was loaded for the encoder {theirs}; the features come from {ours}.",
                "Connect the decoder and the content to the same encoder.",
                decoder=theirs,
                features=ours,
            )


def part_of_style(style: Style, part: slice, count: int) -> Style:
    """The styles for part of a batch of ``count`` pictures."""
    return _style_by_columns(lambda column: portion(column[0], part, count), [style])


def join_styles(parts: Sequence[Style]) -> Style:
    """The styles of parts of a batch as one of the whole."""
    return _style_by_columns(torch.cat, parts)


def join_features(parts: Sequence[Features]) -> Features:
    """The features of parts of a batch as those of the whole."""
    return tuple(torch.cat(level) for level in zip(*parts, strict=True))


def _style_by_columns(change: Callable[[list[Tensor]], Tensor], styles: Sequence[Style]) -> Style:
    """A style whose every mean and deviation is made by ``change`` from those of ``styles``."""
    levels = tuple(
        Statistics(change([level.mean for level in same]), change([level.std for level in same]))
        for same in zip(*(style.levels for style in styles), strict=True)
    )
    return replace(styles[0], levels=levels)


def _part_of_region(region: Region, part: slice, count: int) -> Region:
    mask = None if region.mask is None else portion(region.mask, part, count)
    return replace(region, mask=mask, style=part_of_style(region.style, part, count))
