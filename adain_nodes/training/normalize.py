"""Normalising a VGG: every filter's mean activation over a set of pictures becomes 1.

Gatys, Ecker and Bethge did so before they compared features ("Image Style Transfer Using Convolutional Neural
Networks", CVPR 2016, section 2): without it the layers, and the filters of one layer, weigh in a loss by their scale.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.models.base import Encoder
from adain_nodes.models.vgg import VGGEncoder

FAMILY = "vgg19-renormalised"
"""Of every VGG made here: a decoder whose file names only the family of the original must not pass for one of it."""


class Normalized(NamedTuple):
    """A normalised VGG, and how its features differ from the original's.

    ``scales`` holds one factor a channel for each level of the encoder, (C,) float32: its features are the original's
    times these. ``dead`` gives, by convolution, the filters that were never active; they keep the scale 1.
    """

    encoder: VGGEncoder
    scales: tuple[Tensor, ...]
    dead: dict[str, tuple[int, ...]]


def normalize_vgg(encoder: Encoder, images: Iterable[Tensor]) -> Normalized:
    """A copy of a VGG whose filters have the mean activation 1 over ``images``, and which is otherwise the same.

    Each convolution's weights and bias are divided by its mean activations, and the next one's weights multiplied by
    them. That is exact: reflection padding, ReLU and max pooling all commute with positive factors. It also makes
    each filter's mean independent of every other's scale, so one pass over the original finds them all.

    ``images`` are as for ``mean_activations``. Raises InvalidValueError without images and for another network than
    a VGG, ShapeError as the encoder does.
    """
    if not isinstance(encoder, VGGEncoder):
        raise InvalidValueError(
            f"The {encoder.family} encoder cannot be normalised; a VGG-19 was expected, a plain chain of convolutions.",
            "Name a file of VGG-19 weights, such as vgg_normalised.pth.",
            family=encoder.family,
        )
    means = mean_activations(encoder, images)
    factors = {name: torch.where(mean == 0, 1.0, 1 / mean) for name, mean in means.items()}
    dead = {name: tuple((mean == 0).nonzero().flatten().tolist()) for name, mean in means.items()}
    scales = tuple(factors[level.replace("relu", "conv")] for level in encoder.levels)
    return Normalized(
        _rescaled(encoder, factors),
        tuple(scale.to(encoder.preprocess.weight.device, torch.float32) for scale in scales),
        {name: filters for name, filters in dead.items() if filters},
    )


def mean_activations(encoder: VGGEncoder, images: Iterable[Tensor]) -> dict[str, Tensor]:
    """The mean over all images and positions of each convolution's output behind its ReLU, (C,) float64 on the CPU.

    ``images`` are B×3×H×W, RGB in [0, 1], on the encoder's device, and may differ in size: a larger one has more
    positions and counts for more. They are taken one by one, and only sums are kept. Raises InvalidValueError when
    there are none, ShapeError as the encoder does.
    """
    tapped = copy.copy(encoder)  # the same layers, read behind each convolution
    tapped.levels = tuple(name.replace("conv", "relu") for name in encoder.convs)
    sums: dict[str, Tensor] = {}
    positions: Counter[str] = Counter()
    with torch.no_grad():
        for image in images:
            for name, activations in zip(encoder.convs, tapped(image), strict=True):
                # on the CPU: not every accelerator has float64
                sums[name] = sums.get(name, 0) + activations.cpu().sum((0, 2, 3), dtype=torch.float64)
                positions[name] += activations[:, 0].numel()
    if not any(positions.values()):
        raise InvalidValueError("There are no pictures to normalise with.", "Pass at least one.")
    return {name: total / positions[name] for name, total in sums.items()}


def _rescaled(encoder: VGGEncoder, factors: dict[str, Tensor]) -> VGGEncoder:
    """A copy of which each filter gives its output times its factor."""
    state = encoder.state_dict()
    before = torch.ones(3, dtype=torch.float64)
    for name, after in factors.items():
        weight, bias = (f"convs.{name}.{kind}" for kind in ("weight", "bias"))
        state[weight] = state[weight].cpu() * after[:, None, None, None] / before[:, None, None]
        state[bias] = state[bias].cpu() * after
        before = after
    rescaled = copy.deepcopy(encoder)
    rescaled.load_state_dict(state)
    rescaled.family = FAMILY
    return rescaled
