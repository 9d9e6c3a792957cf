"""What training minimises: the paper's objective (equations 11 to 13), and terms that its followers add."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

from adain_nodes.core.adain import Features, adain
from adain_nodes.core.errors import InvalidValueError, ShapeError
from adain_nodes.core.losses import content_loss, halo_loss, style_loss, total_variation
from adain_nodes.core.sizing import crop_to, size_of
from adain_nodes.core.statistics import BIASED, Statistics, style_statistics
from adain_nodes.models.base import Decoder, Encoder, Generator
from adain_nodes.models.vgg import STYLE_LEVELS, VGGEncoder
from adain_nodes.training.config import TrainingConfig
from adain_nodes.training.data import Batch
from adain_nodes.training.memory import Memory

TERMS = ("total", "content", "style", "variation", "reconstruction", "noise", "halo", "teacher")
"""The losses by name; ``total`` is the weighted sum of the others."""


Teacher: TypeAlias = Callable[[Tensor, Tensor], Tensor]
"""Another method: contents and as many styles, B×3×H×W in [0, 1], to its pictures of the pairs, of the same shape."""


class _Made(NamedTuple):
    """A batch on its way: the content's features, the look that the decoder was given, and the picture."""

    features: Features
    look: Any
    output: Tensor


class Objective:
    """The losses of a pair of networks on pairs of pictures, as ``loss_network`` sees them.

    The style loss compares all levels of the loss network, the content loss its deepest one. Statistics are biased,
    as in every figure that the project reports. Where the encoder that stays as it is forms a part of the loss
    network (the paper's case), pictures are encoded once for both. Raises InvalidValueError for a teacher without
    weight, and a weight without teacher.
    """

    def __init__(
        self, config: TrainingConfig, encoder: Encoder, loss_network: Encoder, teacher: Teacher | None = None
    ) -> None:
        if (teacher is None) != (config.teacher_weight == 0):
            raise InvalidValueError(
                f"The teacher's weight is {config.teacher_weight:g}, and there is {'one' if teacher else 'none'}.",
                "Name a teacher and give it a weight above 0, or neither.",
                teacher_weight=config.teacher_weight,
            )
        self.config = config
        self.loss_network = loss_network
        self._teacher = teacher
        self._weights = {name: float(getattr(config, f"{name}_weight")) for name in TERMS[1:]}
        same = config.objective == "decoder" and encoder.fingerprint() == loss_network.fingerprint()
        self._shared = same and set(encoder.levels) <= set(loss_network.levels)
        self._of_contents = Memory(lambda image: self.loss_network(image)[-1:])
        self._of_styles = Memory(lambda image: self._wanted(self.loss_network(image)))

    def __call__(self, encoder: Encoder, decoder: Generator, batch: Batch, step: int) -> dict[str, Tensor]:
        """The losses of a batch by name, "total" first; terms without weight are left out.

        ``batch.noisy`` is needed to denoise and for the noise term, ``batch.numbers`` for networks that learn styles
        by heart. What the loss network saw of a picture is kept where the batch has ``views``.
        Until the warm-up is over there are only content and reconstruction, both of the content at alpha 0.
        """
        content, style, views = batch.content, batch.style, batch.views
        seen = self._seen(content) if self._shared else None
        given = (_noisy(batch), None) if self.config.denoise else (content, seen)
        content_features = self._encode(encoder, *given)
        (original,) = seen[-1:] if seen else self._of_contents(content, views[0])
        if step < self.config.warmup:
            output = self._picture(_reconstructed(decoder, content_features), content)
            features = self.loss_network(output)
            perceived, exact = content_loss(features[-1], original), F.l1_loss(output, content)
            return {"total": perceived + exact, "content": perceived, "reconstruction": exact}

        seen = self._seen(style) if self._shared else None
        *levels, deepest = _pairs(self._wanted(seen) if seen else self._of_styles(style, views[1]))
        look = decoder.describe(self._encode(encoder, style, seen), batch.numbers, encoder.convention)
        output = self._picture(decoder.generate(content_features, look), content)
        features = self.loss_network(output)
        losses = {
            "content": content_loss(features[-1], self._target(original, deepest)),
            "style": style_loss(biased_statistics(features), levels),
        }
        losses |= self._further(encoder, decoder, batch, _Made(content_features, look, output))
        total = sum((self._weights[name] * loss for name, loss in losses.items()), output.new_zeros(()))
        return {"total": total, **losses}

    def _further(self, encoder: Encoder, decoder: Generator, batch: Batch, made: _Made) -> dict[str, Tensor]:
        """The terms that the paper does not have, as far as they have a weight."""
        losses: dict[str, Tensor] = {}
        if self._weights["variation"]:
            losses["variation"] = total_variation(made.output)
        if self._weights["reconstruction"]:
            whole = self._picture(_reconstructed(decoder, made.features), batch.content)
            losses["reconstruction"] = F.l1_loss(whole, batch.content)
        if self._weights["noise"]:
            other = batch.content if self.config.denoise else _noisy(batch)  # the one that the output is not made of
            again = decoder.generate(self._encode(encoder, other, None), made.look)
            losses["noise"] = F.mse_loss(self._picture(again, batch.content), made.output)
        if self._weights["halo"]:
            losses["halo"] = halo_loss(made.output, batch.content)
        if self._teacher:
            with torch.no_grad():
                taught = self._teacher(batch.content, batch.style).to(made.output)
            losses["teacher"] = F.l1_loss(made.output, taught)
        return losses

    def _picture(self, made: Tensor, like: Tensor) -> Tensor:
        """What a network made as the losses see it: beyond the range there must be a gradient too."""
        picture = crop_to(made, size_of(like)).float()
        if self.config.overshoot == 1:
            return picture
        inside = picture.clamp(0, 1)
        return inside + self.config.overshoot * (picture - inside)

    def _seen(self, image: Tensor) -> Features:
        with torch.no_grad():
            return self.loss_network(image)

    def _encode(self, encoder: Encoder, image: Tensor, seen: Features | None) -> Features:
        if self._shared:
            levels = dict(zip(self.loss_network.levels, seen or self._seen(image), strict=True))
            return tuple(levels[name] for name in encoder.levels)
        with torch.set_grad_enabled(self.config.objective == "joint"):
            return encoder(image)

    def _wanted(self, style: Features) -> tuple[Tensor, ...]:
        """Means and deviations that the style's features ask for: of each level, and of the deepest for t."""
        deepest = style_statistics(style[-1], self.loss_network.convention)
        return tuple(tensor for statistics in (*biased_statistics(style), deepest) for tensor in statistics)

    def _target(self, content: Tensor, style: Statistics) -> Tensor:
        """What the content loss compares the output with: t of the paper, or f(c)."""
        if self.config.content_target == "content":
            return content
        return adain(content, style, convention=self.loss_network.convention)


def at_style_levels(network: Encoder) -> Encoder:
    """A loss network as the style loss wants it: the levels of the paper up to the deepest one of a VGG-19.

    It shares its weights with the one given. Encoders of other families stay as they are.
    """
    if not isinstance(network, VGGEncoder):
        return network
    deepest = network.levels[-1]
    return network.with_levels((*(level for level in STYLE_LEVELS if level < deepest), deepest))


def _reconstructed(decoder: Generator, features: Features) -> Tensor:
    if not isinstance(decoder, Decoder):
        raise InvalidValueError(
            f"A {decoder.family} network has no alpha 0.", "Train it without warm-up and without reconstruction."
        )
    return decoder(features)


def _noisy(batch: Batch) -> Tensor:
    if batch.noisy is None:
        raise ShapeError("This objective needs the content with noise.", "Give the batch noisy pictures.")
    return batch.noisy


def _pairs(tensors: tuple[Tensor, ...]) -> list[Statistics]:
    """What ``_wanted`` returned, as statistics again."""
    return [Statistics(*pair) for pair in zip(tensors[::2], tensors[1::2], strict=True)]


def biased_statistics(features: Features) -> list[Statistics]:
    """Of every level, as in every figure that the project reports."""
    return [style_statistics(level, BIASED) for level in features]
