"""Texture synthesis: by optimisation (Gatys et al., NIPS 2015), and in one pass through AdaIN.

The first makes a picture of white noise whose Gram matrices are those of a texture. The second is what the AdaIN
paper names as its future: noise is the content, and the texture its style.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor
from torch.nn import functional as F

from adain_nodes.baselines.optimisation import Outcome, Schedule, Watch, noise, optimise
from adain_nodes.baselines.perception import Losses, Perception, Target
from adain_nodes.core.color import match_color
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.sizing import Size, halved
from adain_nodes.core.statistics import EPS
from adain_nodes.models.base import Encoder
from adain_nodes.pipeline import StyleTransfer
from adain_nodes.tiling import Progress

OCTAVES = 6
"""Sizes of detail in the noise for AdaIN: 1, 2, 4, … 32 px."""


def synthesise(
    texture: Tensor,
    size: Size,
    encoder: Encoder,
    losses: Losses = Losses(),  # noqa: B008  (it cannot be changed)
    schedule: Schedule = Schedule(),  # noqa: B008
    *,
    watch: Watch = Watch(),  # noqa: B008
) -> Outcome:
    """A picture of ``size`` with the texture of another one, 1×3×H×W in [0, 1], by optimisation from white noise.

    Gram matrices do not depend on where things are, nor do they on the size, so that ``size`` may be any that the
    levels can see. The content terms of the losses are left out. Raises InvalidValueError for levels that the encoder
    lacks and sizes that are too small for them at the coarsest scale, and DivergedError.
    """
    perception = Perception(encoder, replace(losses, content={}))
    scales = []
    for times, look in enumerate(reversed(perception.pyramid(texture, schedule.scales))):
        scaled = halved(size, times)
        perception.check_size(scaled)
        target = Target({}, perception.style_of(look))
        scales.append((scaled, lambda picture, target=target: perception.judge(picture, target)))
    start = noise(size, schedule.seed).to(texture)
    return optimise(start, scales[::-1], schedule, watch)


def synthesise_by_adain(
    texture: Tensor,
    size: Size,
    transfer: StyleTransfer,
    *,
    passes: int = 3,
    seed: int = 0,
    progress: Progress = lambda share: None,
) -> Tensor:
    """A picture of ``size`` in the texture of another one, 1×3×H×W in [0, 1]: noise, stylised a few times.

    The noise has detail of all sizes, since AdaIN keeps the shapes that it is given and adds few of its own, and
    before and after each pass the colours of the texture (CORAL), which statistics of deep features do not fix. What
    comes out has the strokes and colours of the texture, and none of its larger forms. ``progress`` is told the share
    done. Raises InvalidValueError without passes, and the errors of ``StyleTransfer.stylize``.
    """
    if passes < 1:
        raise InvalidValueError(f"{passes} passes change nothing.", "Give 1 or more.", passes=passes)
    style = transfer.encode_style(texture, size=0)
    picture = match_color(cloudy_noise(size, seed).to(texture), texture, "coral")
    for done in range(passes):
        stylised = transfer.stylize(picture, style, progress=lambda share, done=done: progress((done + share) / passes))
        picture = match_color(stylised.to(texture), texture, "coral")
    return picture


def cloudy_noise(size: Size, seed: int) -> Tensor:
    """A picture 1×3×H×W of noise with detail of every size up to 32 px, mean 0.5 and deviation 0.2."""
    generator = torch.Generator().manual_seed(seed)
    total = torch.zeros(1, 3, *size)
    for times in range(OCTAVES):
        coarse = torch.randn(1, 3, *halved(size, times), generator=generator)
        total += F.interpolate(coarse, size=size, mode="bicubic", align_corners=False)
    spread, mean = torch.std_mean(total, (2, 3), correction=0, keepdim=True)
    return (0.5 + 0.2 * (total - mean) / spread.clamp_min(EPS)).clamp(0, 1)
