"""How much a stylised film flickers where nothing happens, and where things move how far it follows them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from adain_nodes.core.color.spaces import luminance
from adain_nodes.core.errors import AdaINError, VideoError
from adain_nodes.core.regions import Measured
from adain_nodes.core.sizing import size_of
from adain_nodes.core.style import Style
from adain_nodes.evaluation.markdown import markdown_table
from adain_nodes.imaging import to_tensor
from adain_nodes.pipeline import StyleTransfer
from adain_nodes.tiling import Progress
from adain_nodes.video import SMOOTH, Clip, Frame, FrameStyler
from adain_nodes.video.steady import Steady

RATE, FRAMES = 24, 36
"""Frames a second of the scenes that are drawn, and how many: the first half second, in which averages begin, does not
count."""

BEGINNING = RATE // 2

NOISE, EXPOSURE = 3 / 255, 0.04
"""The standard deviation of a sensor's noise in good light, and how far the exposure wanders to either side."""

STEP = 4
"""Of a clip, the motion between every fourth frame and the one before it is looked for: that takes long."""

EXPLAINED = 12 / 255
"""How far the content may be from its own previous frame, moved, where a pixel counts: more has come into sight."""


class Scene(NamedTuple):
    """Frames 1×3×H×W in [0, 1] of a still picture, and 1×1×H×W with 1 where nothing in it moves."""

    frames: list[Tensor]
    background: Tensor


@dataclass(frozen=True)
class Row:
    """Mean changes from frame to frame, in steps of 8 bits: of still backgrounds under noise, with an exposure that
    wanders, and with something bright passing in front; and on a clip, against the previous frame moved along."""

    mode: str
    noise: float
    exposure: float
    passing: float
    warping: float | None = None


@dataclass(frozen=True)
class Flicker:
    """The rows of all modes, and the clip that the last column was measured on."""

    rows: tuple[Row, ...]
    clip: str | None = None

    def markdown(self) -> str:
        """A table and a line that says how it was measured."""
        header = ("mode", "noise ↓", "exposure ↓", "passing ↓", *(["warping ↓"] if self.clip else []))
        rows = [
            (r.mode, *(f"{v:.2f}" for v in (r.noise, r.exposure, r.passing, r.warping) if v is not None))
            for r in self.rows
        ]
        on = f", and of {self.clip} against its previous frame, moved by optical flow" if self.clip else ""
        return (
            f"{markdown_table(header, rows)}\n\nMean change from frame to frame, in steps of 8 bits, of what stands "
            f"still (noise of {NOISE * 255:g} steps, {RATE} frames a second){on}.\n"
        )

    def json(self) -> str:
        """Everything, unrounded."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False)


class PixelsAlone(Steady):
    """Averages what stands still, and leaves the statistics of each frame as they are."""

    def moments(self, found: Measured) -> Measured:
        """What was found."""
        return found


class StatisticsAlone(Steady):
    """Leaves the frames as they are, and averages their statistics: to see what that does by itself."""

    def pixels(self, frame: Tensor, time: float) -> Tensor:
        """The frame; cuts are found in it as ever."""
        super().pixels(frame, time)
        return frame


def measure_flicker(
    transfer: StyleTransfer,
    style: Style,
    picture: Tensor,
    clip: Path | None = None,
    *,
    side: int = 180,
    smooth: float = SMOOTH,
    progress: Progress = lambda share: None,
) -> Flicker:
    """The flicker of every mode, on scenes that show the 1×3×H×W ``picture`` and on a clip, brought to ``side``.

    Raises AdaINError where scikit-image, whose optical flow (TV-L1) is used for a clip, is not installed, and
    VideoError for a clip that is over before it counts.
    """
    scenes = [still(picture), still(picture, exposure=EXPOSURE), still(picture, passing=True)]
    film = read_film(clip, side) if clip else []
    if clip and len(film) <= BEGINNING + STEP:
        raise VideoError(
            f"{clip.name} has {len(film)} frames; the first {BEGINNING + STEP} do not count.", "Choose a longer clip."
        )
    motions = list(flows(film[BEGINNING:]))
    modes: dict[str, Steady | None] = {
        "the clip itself": None,
        "plain": Steady(0),
        "statistics alone": StatisticsAlone(smooth),
        "pixels alone": PixelsAlone(smooth),
        "smoothed": Steady(smooth),
    }
    rows = []
    for number, (name, steady) in enumerate(modes.items(), 1):
        show = (lambda frames: frames) if steady is None else _shown(transfer, style, steady)
        figures = [change(show(scene.frames), scene.background) for scene in scenes]
        warping = warping_error(show(film)[BEGINNING:], film[BEGINNING:], motions) if film else None
        rows.append(Row(name, figures[0], figures[1], figures[2], warping))
        progress(number / len(modes))
    return Flicker(tuple(rows), clip.name if clip else None)


def still(picture: Tensor, *, exposure: float = 0.0, passing: bool = False, seed: int = 0) -> Scene:
    """A scene of one picture under noise that is another one in every frame.

    ``exposure`` is how far the brightness wanders, once in a second and a half; ``passing`` lets a bright disc cross.
    """
    generator = torch.Generator().manual_seed(seed)
    height, width = size_of(picture)
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    radius = min(height, width) / 5
    frames = []
    for number in range(FRAMES):
        lit = picture * (1 + exposure * math.sin(2 * math.pi * number / FRAMES))
        if passing:
            x = width * (number / (FRAMES - 1)) * 1.4 - 0.2 * width
            disc = (((rows - height + radius) ** 2 + (columns - x) ** 2).sqrt() < radius).float()
            lit = torch.lerp(lit, torch.tensor([1.0, 0.9, 0.2])[:, None, None].expand_as(lit), disc)
        noisy = lit + NOISE * torch.randn(lit.shape, generator=generator)
        frames.append((noisy.clamp(0, 1) * 255).round() / 255)
    background = (rows < height * 5 / 6 - 2 * radius).float() if passing else torch.ones(height, width)
    return Scene(frames, background[None, None])


def change(frames: Sequence[Tensor], background: Tensor) -> float:
    """The mean absolute change from frame to frame where ``background`` is 1, in steps of 8 bits."""
    counted = [((b - a).abs().mean(1, keepdim=True) * background).sum() / background.sum() for a, b in pairwise(frames)]
    return 255 * float(torch.stack(counted[BEGINNING:]).mean())


def read_film(path: Path, side: int) -> list[Tensor]:
    """The frames of a clip, 1×3×H×W in [0, 1], with ``side`` pixels on the short side."""
    with Clip(path, size=side) as clip:
        return [to_tensor(item.pixels) for item in clip if isinstance(item, Frame)]


def flows(film: Sequence[Tensor]) -> Iterator[Tensor]:
    """Where each pixel of every ``STEP``-th frame comes from in the one before, 1×H×W×2 for ``grid_sample``."""
    try:
        from skimage.registration import optical_flow_tvl1
    except ImportError as error:
        raise AdaINError(
            "Motion is found by scikit-image, which is not installed.", "Run `pip install scikit-image`."
        ) from error
    for number in range(STEP, len(film), STEP):
        now, before = (luminance(film[n])[0, 0].numpy() for n in (number, number - 1))
        down, right = torch.from_numpy(np.stack(optical_flow_tvl1(now, before))).float()
        rows, columns = torch.meshgrid(*(torch.arange(n, dtype=torch.float32) for n in now.shape), indexing="ij")
        height, width = now.shape
        places = ((columns + right) / (width - 1), (rows + down) / (height - 1))
        yield torch.stack(places, -1)[None] * 2 - 1


def warping_error(results: Sequence[Tensor], film: Sequence[Tensor], motions: Iterable[Tensor]) -> float:
    """The mean absolute difference between results and the ones before, moved with the content, in steps of 8 bits.

    Pixels count whose content the motion explains: what has just come into sight, after a cut too, has nothing before.
    """
    total, count = 0.0, 0.0
    for number, motion in zip(range(STEP, len(film), STEP), motions, strict=True):

        def off(frames: Sequence[Tensor], number: int = number, motion: Tensor = motion) -> Tensor:
            moved = F.grid_sample(frames[number - 1], motion, padding_mode="border", align_corners=True)
            return (frames[number] - moved).abs().mean(1)

        explained = off(film) < EXPLAINED
        total += float(off(results)[explained].sum())
        count += float(explained.sum())
    return 255 * total / count if count else math.nan


def _shown(transfer: StyleTransfer, style: Style, steady: Steady) -> Callable[[Sequence[Tensor]], list[Tensor]]:
    """Stylises the frames of a film with a copy of what keeps it steady."""

    def show(frames: Sequence[Tensor]) -> list[Tensor]:
        styler = FrameStyler(transfer, style)
        styler.steady = type(steady)(steady.seconds)
        return [styler(frame, number / RATE).cpu() for number, frame in enumerate(frames)]

    return show
