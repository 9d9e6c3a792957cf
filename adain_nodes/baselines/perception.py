"""What a picture that is optimised is judged by: losses in the features of an encoder, chosen as data."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor, nn

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.gram import gram_matrix
from adain_nodes.core.losses import content_loss, gram_loss, style_loss, total_variation
from adain_nodes.core.sizing import Size, halved, size_of
from adain_nodes.core.statistics import BIASED, content_statistics
from adain_nodes.imaging import resize
from adain_nodes.models.base import Encoder
from adain_nodes.models.vgg import STYLE_LEVELS, VGGEncoder


class Kind(NamedTuple):
    """A way to describe the style of a level B×C×H×W and to compare two such descriptions.

    ``weight`` is the style's beside a content weight of 1, unless another one is given.
    """

    describe: Callable[[Tensor], Any]
    compare: Callable[[Any, Any], Tensor]
    weight: float


STATISTICS: Mapping[str, Kind] = {
    "gram": Kind(gram_matrix, gram_loss, 50.0),
    "mean-std": Kind(lambda level: content_statistics(level, BIASED), lambda a, b: style_loss([a], [b]), 10.0),
}
"""Gram matrices (Gatys et al.), or the mean and deviation of each channel (Huang & Belongie, figure 3)."""

POOLINGS = ("max", "average")

Levels: TypeAlias = "Mapping[str, float]"
"""Names of levels, each with its weight."""


@dataclass(frozen=True)
class Losses:
    """The terms of the loss and their weights, as they are for VGG-19 in the normalised weights.

    ``content`` and ``style`` name levels with weights, and None takes the deepest level and all of them (of a VGG-19
    relu1_1, relu2_1, … as far as it reaches). ``style_weight`` 0 stands for that of the statistics' kind, and
    ``variation_weight`` asks for smoothness. ``pooling`` may be "average" in place of VGG's "max"; networks of other
    kinds keep theirs.
    Raises InvalidValueError for a choice that does not exist, a weight below 0 and a style without levels.
    """

    content: Levels | None = None
    style: Levels | None = None
    content_weight: float = 1.0
    style_weight: float = 0.0
    variation_weight: float = 0.0
    statistics: str = "gram"
    pooling: str = POOLINGS[0]

    @classmethod
    def of(cls, settings: Mapping[str, Any]) -> Losses:
        """Those of ``settings`` by the names of fields; "style_layers" and "content_layers" are as in ``parse_levels``.

        What is missing keeps its default, and what has another name belongs to something else.
        """
        levels = {kind: parse_levels(settings.get(f"{kind}_layers", "")) for kind in ("content", "style")}
        weights = {each.name: settings[each.name] for each in fields(cls) if each.name in settings}
        return cls(**{**weights, **levels})

    def __post_init__(self) -> None:
        for what, choices in (("statistics", STATISTICS), ("pooling", POOLINGS)):
            if getattr(self, what) not in choices:
                raise InvalidValueError(
                    f"There is no {what} {getattr(self, what)!r}.", f"Choose {' or '.join(choices)}."
                )
        if not (self.style is None or self.style):
            raise InvalidValueError("The style has no levels.", "Name one or more, such as relu1_1.")
        of_levels = {**(self.content or {}), **(self.style or {})}
        named = {name: getattr(self, f"{name}_weight") for name in ("content", "style", "variation")}
        for name, weight in (*of_levels.items(), *named.items()):
            if not weight >= 0:  # written so that NaN fails too
                raise InvalidValueError(f"The weight of {name} is {weight:g}.", "Weights are 0 or more.")


def parse_levels(text: str) -> dict[str, float] | None:
    """The levels of a text such as "relu1_1, relu2_1:0.5", weights being 1 unless given; None of an empty one.

    Raises InvalidValueError for a weight that is no number.
    """
    levels: dict[str, float] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        name, colon, weight = part.partition(":")
        try:
            levels[name.strip()] = float(weight) if colon else 1.0
        except ValueError as error:
            raise InvalidValueError(f"{part!r} is not a level and a weight.", "Write relu2_1:0.5.") from error
    return levels or None


class Target(NamedTuple):
    """What a picture shall come to: content features, and the description of a style, by level."""

    content: dict[str, Tensor]
    style: dict[str, Any]


class Perception(nn.Module):
    """An encoder that sees pictures at the levels of some losses, and compares them.

    It shares the encoder's weights. Runs under the autocast of the caller. Raises InvalidValueError for a level that
    the encoder lacks.
    """

    def __init__(self, encoder: Encoder, losses: Losses) -> None:
        super().__init__()
        self.losses, self.kind = losses, STATISTICS[losses.statistics]
        last = encoder.levels[-1]
        known = encoder.levels
        if isinstance(encoder, VGGEncoder):
            known = tuple(level for level in STYLE_LEVELS if level <= last) or (last,)
        self.content = {last: 1.0} if losses.content is None else dict(losses.content)
        self.style = dict.fromkeys(known, 1.0) if losses.style is None else dict(losses.style)
        self.network = _seeing(encoder, {*self.content, *self.style}, losses.pooling)
        self.network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]

    def check_size(self, size: Size) -> None:
        """Raise InvalidValueError for a height and width that are too small for the levels."""
        if min(size) < self.network.minimum_size:
            raise InvalidValueError(
                f"{size[1]}×{size[0]} px are too few for {self.network.levels[-1]}, which takes sides of "
                f"{self.network.minimum_size} px or more.",
                "Take a larger picture, fewer scales, or levels that lie less deep.",
                size=size,
                minimum=self.network.minimum_size,
            )

    def pyramid(self, picture: Tensor, scales: int) -> list[Tensor]:
        """The picture at so many scales, coarse to fine. Raises InvalidValueError where the first is too small."""
        self.check_size(halved(size_of(picture), scales - 1))
        shortest = min(size_of(picture))
        return [resize(picture, -(-shortest // 2**times)) for times in reversed(range(scales))]

    def see(self, picture: Tensor) -> dict[str, Tensor]:
        """The features of a picture B×3×H×W, by level. Raises ShapeError for one that is too small."""
        layout = picture.contiguous(memory_format=torch.channels_last)
        return dict(zip(self.network.levels, self.network(layout), strict=True))

    @torch.no_grad()
    def content_of(self, picture: Tensor) -> dict[str, Tensor]:
        """What the content loss compares with."""
        seen = self.see(picture)
        return {name: seen[name].float() for name in self.content}

    @torch.no_grad()
    def style_of(self, picture: Tensor) -> dict[str, Any]:
        """What the style loss compares with."""
        seen = self.see(picture)
        return {name: self.kind.describe(seen[name]) for name in self.style}

    def judge(self, picture: Tensor, target: Target, alpha: float = 1.0) -> dict[str, Tensor]:
        """The losses of a picture 1×3×H×W by name, "total" first; ``alpha`` scales the style's weight.

        A target without content is judged by its style alone.
        """
        seen = self.see(picture)
        terms: dict[str, tuple[float, Tensor]] = {}
        if target.content:
            found = [weight * content_loss(seen[name], target.content[name]) for name, weight in self.content.items()]
            terms["content"] = self.losses.content_weight, torch.stack(found).sum()
        found = [
            weight * self.kind.compare(self.kind.describe(seen[name]), target.style[name])
            for name, weight in self.style.items()
        ]
        terms["style"] = alpha * (self.losses.style_weight or self.kind.weight), torch.stack(found).sum()
        if self.losses.variation_weight:
            terms["variation"] = self.losses.variation_weight, total_variation(picture)
        total = torch.stack([weight * loss for weight, loss in terms.values()]).sum()
        return {"total": total, **{name: loss for name, (_, loss) in terms.items()}}


def _seeing(encoder: Encoder, levels: set[str], pooling: str) -> Encoder:
    """The encoder with just these levels, where it can be had so."""
    if isinstance(encoder, VGGEncoder):
        network = encoder.with_levels(tuple(levels))
        if pooling == "average":
            network.pool = nn.AvgPool2d(2, ceil_mode=True)
        return network
    check_levels(encoder, levels)
    return encoder


def check_levels(encoder: Encoder, levels: Iterable[str]) -> None:
    """Raise InvalidValueError for a level that the encoder lacks."""
    if missing := sorted(set(levels) - set(encoder.levels)):
        raise InvalidValueError(
            f"The {encoder.family} encoder has no level {', '.join(missing)}.",
            f"It has {', '.join(encoder.levels)}.",
            missing=missing,
        )
