"""Systems that stand beside AdaIN between the same encoder and decoder: another transform of the features."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import compress
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

from adain_nodes.baselines.perception import check_levels
from adain_nodes.core.adain import Features, blend_features
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.regions import compose, coverage, intersection, keep_uncovered
from adain_nodes.core.sizing import size_of
from adain_nodes.core.swap import Patches, swap_levels
from adain_nodes.core.transforms import TRANSFORMS, transform_levels
from adain_nodes.encoding import STYLE_SIZE
from adain_nodes.imaging.likes import ImageLike, MaskLike, as_mask
from adain_nodes.pipeline import StyleTransfer
from adain_nodes.tiling import Progress

Transform: TypeAlias = "Callable[[Features, Features, float, Tensor | None, Progress], Features]"
"""Gives a content's features the style of others: content, style, alpha, the mask (B or 1)×1×H×W of the cells that
count in what is measured of the content, and what is told the share done. All cells are changed."""

Looks: TypeAlias = "Features | Sequence[Features]"
"""The features of a style picture, or of several that are blended."""


class FeatureTransfer:
    """Content and style through the encoder, a transform in AdaIN's place, and the decoder.

    ``levels`` names those of the encoder that are changed, all of them if it is empty; the others keep the content's
    features. Raises InvalidValueError for one that the encoder lacks.
    """

    def __init__(self, transfer: StyleTransfer, transform: Transform, levels: Sequence[str] = ()) -> None:
        check_levels(transfer.encoder, levels)
        self.transfer, self.transform = transfer, transform
        self.levels = tuple(levels) or transfer.encoder.levels

    def encode(self, picture: ImageLike, *, size: int = STYLE_SIZE) -> Features:
        """All features of a picture with ``size`` pixels on its short side, 0 keeps its own.

        Raises the errors of ``StyleTransfer.prepare``.
        """
        return self.transfer.encode(self.transfer.prepare(picture, size=size).image)

    def stylize(
        self,
        content: ImageLike,
        style: Looks | None = None,
        alpha: float = 1.0,
        *,
        weights: Sequence[float] | None = None,
        masks: Sequence[tuple[MaskLike, Looks]] = (),
        size: int = 0,
        progress: Progress = lambda share: None,
    ) -> Tensor:
        """B×3×H×W in [0, 1] of contents at their size, or at ``size``, in the style of features.

        Several styles are blended by ``weights`` (equal shares without them): the features that each makes of the
        content. ``masks`` are as in ``StyleTransfer.stylize``, and a region is matched by what it holds itself.
        Raises the errors of ``StyleTransfer.prepare``, ``blend_features`` and the transform, and InvalidValueError
        for no style at all.
        """
        if style is None and (weights is not None or not masks):
            raise InvalidValueError("There is no style.", "Give a style, or masks with styles.")
        prepared = self.transfer.prepare(content, size=size)
        image, visible = prepared.image, None if prepared.visible is None else prepared.visible.all()
        covers = [as_mask(mask, size_of(image), self.transfer.max_pixels).to(image) for mask, _ in masks]
        areas = [_Area(cover, _listed(looks), None) for cover, (_, looks) in zip(covers, masks, strict=True)]
        if style is not None:
            areas.append(_Area(1 - coverage(covers) if covers else None, _listed(style), weights))
        features = self.transfer.encode(image)
        turns = _in_turn(progress, sum(len(area.looks) for area in areas))

        def made(area: _Area) -> Features:
            counts = intersection(area.mask, visible)
            return blend_features(
                [
                    self._changed(features, look, alpha, counts, turn)
                    for look, turn in zip(area.looks, turns, strict=False)
                ],
                area.weights,
            )

        with torch.no_grad():
            features = compose(features, [made(area) for area in areas], [area.mask for area in areas])
        result = self.transfer.decode(features, size_of(image))
        return result if style is not None else keep_uncovered(image, result, coverage(covers))

    def _changed(
        self, content: Features, style: Features, alpha: float, mask: Tensor | None, progress: Progress
    ) -> Features:
        """The transform, on its own levels."""
        chosen = [name in self.levels for name in self.transfer.encoder.levels]
        ours, theirs = (tuple(compress(features, chosen)) for features in (content, style))
        changed = iter(self.transform(ours, theirs, alpha, mask, progress))
        return tuple(next(changed) if here else level for level, here in zip(content, chosen, strict=True))


class _Area(NamedTuple):
    """A part of the content, all of it without a mask, and the styles that it shall have."""

    mask: Tensor | None
    looks: Sequence[Features]
    weights: Sequence[float] | None


def _listed(looks: Looks) -> Sequence[Features]:
    return [looks] if isinstance(looks[0], Tensor) else looks  # pyright: ignore[reportReturnType]


def _in_turn(progress: Progress, count: int) -> Iterator[Progress]:
    """For each of so many steps what is told its own share done."""
    for done in range(count):
        yield lambda share, done=done: progress((done + share) / count)


def style_swap_transfer(
    transfer: StyleTransfer,
    patches: Patches = Patches(),  # noqa: B008
) -> FeatureTransfer:
    """Chen and Schmidt's system, with the decoder as their inverse network."""
    return FeatureTransfer(
        transfer,
        lambda content, style, alpha, mask, progress: swap_levels(
            content, style, patches, alpha=alpha, progress=progress
        ),
    )


def transform_transfer(transfer: StyleTransfer, transform: str, levels: Sequence[str] = ()) -> FeatureTransfer:
    """One of TRANSFORMS in AdaIN's place."""
    return FeatureTransfer(
        transfer,
        lambda content, style, alpha, mask, progress: transform_levels(content, style, transform, alpha, mask),
        levels,
    )


SYSTEMS: Mapping[str, Callable[[StyleTransfer], FeatureTransfer]] = {
    "swap": style_swap_transfer,
    **{name: partial(transform_transfer, transform=name) for name in TRANSFORMS},
}
"""By name, what makes each system of a pipeline whose networks it uses."""
