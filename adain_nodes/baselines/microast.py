"""MicroAST (Wang et al., AAAI 2023, "Towards Super-Fast Ultra-Resolution Arbitrary Style Transfer"), inference only.

A micro encoder for the content, another for the style, and a decoder of two residual blocks. Each block is modulated
twice by the style: its input by AdaIN, its convolutions by a weight and a bias for every channel. Behaviour and names
of tensors follow the authors' net_microAST.py and function.py (EndyWon/MicroAST, commit 5a6c905, MIT).
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn

from adain_nodes.baselines.base import Baseline
from adain_nodes.checkpoints.load import load_state
from adain_nodes.core.adain import adain
from adain_nodes.core.errors import MissingWeightsError
from adain_nodes.core.sizing import crop_to, pad_to_minimum, size_of
from adain_nodes.core.statistics import UNBIASED, Statistics, style_statistics
from adain_nodes.models.base import ReflectConv
from adain_nodes.models.layouts import fill

FULL, HALF, QUARTER = 16, 32, 64
"""Channels at full size, 1/2 and 1/4."""

PARTS = ("content_encoder", "style_encoder", "modulator", "decoder")

MINIMUM_SIZE = 5
"""Shortest side in pixels: the 9×9 convolutions reflect four."""


class Modulation(NamedTuple):
    """What a style tells one block of the decoder: statistics for AdaIN, and 1×C×1×1 weight and bias of its filters."""

    statistics: Statistics
    weight: Tensor
    bias: Tensor


class MicroAST(Baseline):
    """The four networks of the authors' release."""

    def __init__(self) -> None:
        super().__init__()
        self.content_encoder, self.style_encoder = Encoder(), Encoder()
        self.modulator, self.decoder = Modulator(), Decoder()

    @classmethod
    def load(cls, folder: str | Path) -> MicroAST:
        """From the authors' four files in ``folder``, found by the names of the parts in theirs.

        Raises MissingWeightsError unless there is exactly one for each part, CheckpointError for a file that is not
        understood or does not fit.
        """
        network = cls()
        for part in PARTS:
            path = _file(Path(folder), part)
            fill(network.get_submodule(part), _names_of_ours(load_state(path)[0]), f"MicroAST's {part} ({path})")
        return network.eval()

    def encode_style(self, style: Tensor) -> tuple[Modulation, ...]:
        """One modulation for each level of the encoder, shallow to deep; see Baseline."""
        levels = self.style_encoder(pad_to_minimum(style, MINIMUM_SIZE))
        return tuple(
            Modulation(style_statistics(level, UNBIASED), weight, bias)
            for level, (weight, bias) in zip(levels, self.modulator(levels), strict=True)
        )

    def stylize(self, content: Tensor, style: tuple[Modulation, ...], alpha: float = 1.0) -> Tensor:
        """See Baseline. As in the authors' code, alpha weakens the AdaIN and leaves the filters as they are.

        Their weights are made for alpha 1: content and style have encoders of their own, whose features do not mix,
        and pictures between 0 and 1 overflow.
        """
        _, deep = self.content_encoder(pad_to_minimum(content, MINIMUM_SIZE))
        return crop_to(self.decoder(deep, style, alpha), size_of(content)).float().clamp(0, 1)


class Residual(nn.Module):
    """x + conv(ReLU(conv(x))), where a style may modulate both convolutions."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.conv2 = ReflectConv(QUARTER, QUARTER), ReflectConv(QUARTER, QUARTER)

    def forward(self, x: Tensor, style: Modulation | None = None) -> Tensor:
        """B×64×H×W to the same shape."""
        inner = _modulated(self.conv1, x, style).relu_()
        return x + _modulated(self.conv2, inner, style)


class Encoder(nn.Module):
    """Two levels, both at 1/4; sizes are rounded up."""

    def __init__(self) -> None:
        super().__init__()
        self.enc1 = nn.Sequential(
            ReflectConv(3, FULL, kernel=9),
            nn.ReLU(),
            *_separable(FULL, HALF, stride=2),
            *_separable(HALF, QUARTER, stride=2),
            Residual(),
        )
        self.enc2 = nn.Sequential(Residual())

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Levels B×64×⌈H/4⌉×⌈W/4⌉ of B×3×H×W pictures, RGB in [0, 1]."""
        shallow = self.enc1(image)
        return shallow, self.enc2(shallow)


class Modulator(nn.Module):
    """A weight and a bias for each channel of each level: averages of what a depthwise convolution finds there."""

    def __init__(self) -> None:
        super().__init__()
        self.weight1, self.bias1, self.weight2, self.bias2 = (
            nn.Sequential(ReflectConv(QUARTER, QUARTER, groups=QUARTER), nn.AdaptiveAvgPool2d(1)) for _ in range(4)
        )

    def forward(self, levels: tuple[Tensor, Tensor]) -> tuple[tuple[Tensor, Tensor], ...]:
        """Weight and bias, both B×64×1×1, for each level."""
        shallow, deep = levels
        return (self.weight1(shallow), self.bias1(shallow)), (self.weight2(deep), self.bias2(deep))


class Decoder(nn.Module):
    """The deep style modulates the first block, the shallow one the second; then back to full size."""

    def __init__(self) -> None:
        super().__init__()
        self.dec1, self.dec2 = Residual(), Residual()
        self.dec3 = nn.Sequential(
            nn.Upsample(scale_factor=2, mode="bilinear"),
            *_separable(QUARTER, HALF),
            nn.Upsample(scale_factor=2, mode="bilinear"),
            *_separable(HALF, FULL),
            ReflectConv(FULL, 3, kernel=9),
        )

    def forward(self, x: Tensor, style: tuple[Modulation, ...], alpha: float) -> Tensor:
        """B×3×4H×4W pictures, not clamped, of the content's deep level B×64×H×W."""
        for block, modulation in zip((self.dec1, self.dec2), reversed(style), strict=True):
            x = block(adain(x, modulation.statistics, alpha, convention=UNBIASED), modulation)
        return self.dec3(x)


def _separable(inputs: int, outputs: int, stride: int = 1) -> tuple[nn.Module, ...]:
    """A 3×3 convolution in as many groups as the smaller width has channels, and a 1×1 that mixes them."""
    groups = min(inputs, outputs)
    spread = ReflectConv(inputs, outputs, stride, groups=groups)
    return spread, nn.ReLU(), nn.Conv2d(outputs, outputs, 1), nn.ReLU()


def _modulated(conv: nn.Module, x: Tensor, style: Modulation | None) -> Tensor:
    """The paper's FilterMod: every channel of what the convolution finds is scaled, and its input added in part."""
    found = conv(x)
    return found if style is None else torch.addcmul(style.bias * x, style.weight, found)


def _file(folder: Path, part: str) -> Path:
    found = sorted(folder.glob(f"*{part}*.pth*"))
    if len(found) != 1:
        raise MissingWeightsError(
            f"{folder} holds {len(found)} files for MicroAST's {part}; one was expected.",
            "Name the folder of the four files that its authors publish (github.com/EndyWon/MicroAST, models).",
            folder=folder,
            part=part,
            found=found,
        )
    return found[0]


def _names_of_ours(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The authors wrap every convolution in a module of its own."""
    return {name.replace(".conv_layer.", "."): tensor for name, tensor in state.items()}
