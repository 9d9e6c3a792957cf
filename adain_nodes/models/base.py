"""What every encoder and decoder of the project is, whatever its family."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from adain_nodes.core.adain import Features, adain_levels
from adain_nodes.core.errors import EncoderMismatchError, ShapeError
from adain_nodes.core.sizing import Size, crop_to, size_of
from adain_nodes.core.statistics import UNBIASED, Convention
from adain_nodes.core.style import Style, style_of
from adain_nodes.core.windows import Window


class Encoder(nn.Module, ABC):
    """A network from pictures to features.

    ``levels`` names the maps that ``forward`` returns, shallow to deep, ``channels`` their widths and ``strides``
    their step in pixels. ``convention`` is the one its decoders were trained with. ``minimum_size`` is the shortest
    side in pixels that it takes (reflection padding needs more than one cell at the deepest level). ``pixel_bytes``
    is what a pixel takes at most on its way through encoder, AdaIN and decoder: 930 were measured with VGG-19.
    """

    family: str
    levels: tuple[str, ...]
    channels: tuple[int, ...]
    strides: tuple[int, ...]
    convention: Convention = UNBIASED
    pixel_bytes: int = 1024

    @property
    def minimum_size(self) -> int:
        """One pixel more than the deepest stride: two cells there, since sizes are rounded up."""
        return max(self.strides) + 1

    @property
    @abstractmethod
    def margin(self) -> int:
        """How far in pixels, a multiple of the deepest stride, the picture around a window changes its features."""

    @abstractmethod
    def forward(self, image: Tensor) -> Features:
        """Maps of an image B×3×H×W, RGB in [0, 1], each side at least ``minimum_size``."""

    def fingerprint(self) -> str:
        """The family and a digest of the weights: two encoders with the same one make the same features."""
        return f"{self.family}:{digest(self)}"

    def check_image(self, image: Tensor) -> None:
        """Raise ShapeError unless the image is B×3×H×W and large enough."""
        if image.ndim != 4 or image.shape[1] != 3 or min(image.shape[2:]) < self.minimum_size:
            raise ShapeError(
                f"The image has the shape {tuple(image.shape)}; the {self.family} encoder takes batch×3×height×width "
                f"with sides of {self.minimum_size} pixels or more.",
                "Convert it to RGB, and pad small pictures with pad_to_minimum.",
                shape=tuple(image.shape),
            )


class Generator(nn.Module, ABC):
    """A network from what an encoder sees of contents and styles to pictures: what can be trained.

    ``levels`` names the maps that it takes. ``encoder`` is the fingerprint of the encoder that it was trained for, or
    only its family where the file does not say more (the public decoders).
    """

    family: str
    levels: tuple[str, ...]
    encoder: str

    @abstractmethod
    def describe(self, style: Features, numbers: Tensor | None, convention: Convention) -> Any:
        """What ``generate`` wants to know of B style pictures.

        That follows from their features, or from the ``numbers`` (B, int64) that they have among those of a run.
        """

    @abstractmethod
    def generate(self, content: Features, style: Any) -> Tensor:
        """Pictures B×3×H×W of B contents in the styles described: not clamped, up to a stride larger than these."""

    def picture(self, content: Features, style: Any, size: Size) -> Tensor:
        """``generate``, of exactly ``size`` and clamped to [0, 1], float32."""
        return crop_to(self.generate(content, style), size).float().clamp(0, 1)

    def trained(self) -> Iterator[nn.Parameter]:
        """What training changes."""
        return self.parameters()

    def check_encoder(self, encoder: Encoder) -> None:
        """Raise EncoderMismatchError when this network belongs to another encoder, or reads other levels."""
        ours = encoder.fingerprint()
        if self.encoder not in (ours, encoder.family) or self.levels != encoder.levels:
            raise EncoderMismatchError(
                f"The decoder was trained for {self.encoder} at {', '.join(self.levels)}; the encoder in use is "
                f"{ours} at {', '.join(encoder.levels)}.",
                "Load the encoder that the decoder was trained with, or train a decoder for this one: the wrong pair "
                "gives grey or garish pictures.",
                decoder=self.encoder,
                encoder=ours,
            )


class Decoder(Generator):
    """A network from features back to pictures, with no normalisation layer (section 6 of the paper).

    ``channels`` are those of the maps that it takes, from the encoder or from AdaIN.
    """

    channels: tuple[int, ...]

    @property
    @abstractmethod
    def margin(self) -> int:
        """How far in pixels, a multiple of the deepest stride, the features around a window change its picture."""

    @abstractmethod
    def forward(self, features: Features, window: Window | None = None) -> Tensor:
        """Images B×3×H×W, not clamped; up to a stride larger than the picture that was encoded.

        Of a ``window``, which starts at cells of the deepest level, B×3×h×w: its margin is left behind step by step.
        """

    def decode(self, features: Features, size: Size, window: Window | None = None) -> Tensor:
        """The picture B×3×H×W of exactly ``size``, or the ``window`` of it, clamped to [0, 1], float32."""
        self.check_features(features)
        return crop_to(self(features, window), window.size if window else size).float().clamp(0, 1)

    def describe(self, style: Features, numbers: Tensor | None, convention: Convention) -> Style:
        """The statistics of the features; see Generator."""
        return style_of(style, self.levels, self.encoder, convention)

    def generate(self, content: Features, style: Style) -> Tensor:
        """AdaIN on every level, then ``forward``; see Generator."""
        return self(adain_levels(content, style))

    def check_features(self, features: Sequence[Tensor]) -> None:
        """Raise ShapeError unless there is one map a level with the channels that this decoder takes."""
        given = tuple(level.shape[1] for level in features)
        if given != self.channels:
            raise ShapeError(
                f"The {self.family} decoder takes levels of {self.channels} channels ({', '.join(self.levels)}); "
                f"the features have {given}.",
                "Encode with the encoder that the decoder was trained for.",
                expected=self.channels,
                given=given,
            )


class ReflectConv(nn.Conv2d):
    """A convolution that continues the picture by reflection: zeros would draw a frame around it.

    Random weights to train from are multiplied with ``gain``.
    """

    def __init__(
        self, inputs: int, outputs: int, stride: int = 1, *, kernel: int = 3, groups: int = 1, gain: float = 1.0
    ) -> None:
        super().__init__(inputs, outputs, kernel, stride, groups=groups)  # pyright: ignore[reportUnknownMemberType]
        self.border = kernel // 2
        self.gain = gain

    def forward(self, input: Tensor) -> Tensor:
        """B×C×H×W to B×C'×⌈H/stride⌉×⌈W/stride⌉; sides longer than half the kernel."""
        return super().forward(reflect_pad(input, self.border))


class UpsampledConv(nn.Conv2d):
    """Nearest neighbour ×2 and then a 3×3 convolution behind reflection padding, computed at the small size.

    Of the four pixels that a cell becomes, each sees two rows and two columns of cells. So the kernel turns into one
    for each of the four, and their results are shuffled into place: the same numbers, without maps of the large size
    that are only read again (three times as fast as the two steps at 512×512 on a CPU).
    """

    fold: Tensor

    def __init__(self, inputs: int, outputs: int, *, gain: float = 1.0) -> None:
        super().__init__(inputs, outputs, 3)  # pyright: ignore[reportUnknownMemberType]  (torch types it so)
        self.gain = gain  # as in ReflectConv
        # [pixel, cell, row of the kernel]: the upper pixel meets cells -1, 0, 0 and the lower one 0, 0, 1
        fold = torch.tensor([[[1.0, 0, 0], [0, 1, 1], [0, 0, 0]], [[0, 0, 0], [1, 1, 0], [0, 0, 1]]])
        self.register_buffer("fold", fold, persistent=False)

    def forward(self, input: Tensor) -> Tensor:
        """B×C×H×W to B×C'×2H×2W."""
        kernels = torch.einsum("ptu,qsv,ocuv->opqcts", self.fold, self.fold, self.weight)
        bias = None if self.bias is None else self.bias.repeat_interleave(4)
        with torch.autocast(input.device.type, enabled=False):  # as in reflect_pad
            padded = F.pad(input, (1, 1, 1, 1), mode="replicate")  # what reflection is before the ×2
        return F.pixel_shuffle(F.conv2d(padded, kernels.flatten(0, 2), bias), 2)


def reflect_pad(x: Tensor, border: int = 1) -> Tensor:
    """B×C×H×W with ``border`` more rows and columns on each side, mirrored: B×C×(H+2·border)×(W+2·border).

    Autocast would convert to float32 for this and back again: on a CPU in bfloat16 a third of the lite model's time.
    """
    if not border:
        return x
    with torch.autocast(x.device.type, enabled=False):
        return F.pad(x, (border,) * 4, mode="reflect")


class Focus:
    """What is still held of the maps while a decoder works for a window: no more than the layers to come look at."""

    def __init__(self, window: Window | None, level: Tensor, stride: int) -> None:
        self._window = window
        height, width = size_of(level)
        self._held = Window(0, 0, height * stride, width * stride)

    def on(self, ahead: Iterable[int], *maps: tuple[Tensor, int]) -> tuple[Tensor, ...]:
        """The maps, each with its stride and the deepest first, cut for the 3×3 convolutions of these strides."""
        if self._window is None:
            return tuple(level for level, _ in maps)
        held, deepest = self._held, maps[0][1]
        margin = -(-sum(ahead) // deepest) * deepest
        self._held = self._window.grown(margin, (held.bottom, held.right))
        return tuple(self._held.cells(stride).inside(held.cells(stride)).of(level) for level, stride in maps)


def reach(strides: Iterable[int]) -> int:
    """The margin of a chain of 3×3 convolutions on maps of these strides in pixels: each sees one cell further.

    Rounded up to the largest stride: windows that start at a multiple of it meet the same pooling cells, and the same
    nearest neighbours, as the whole picture does.
    """
    steps = list(strides)
    return -(-sum(steps) // max(steps)) * max(steps)


def upsample(features: Tensor) -> Tensor:
    """Nearest neighbour ×2: the paper's choice against checkerboards."""
    return F.interpolate(features, scale_factor=2, mode="nearest")


def digest(module: nn.Module) -> str:
    """Twelve hexadecimal digits that change with any weight: SHA-256 over names, shapes and float32 values."""
    sha = hashlib.sha256()
    for name, tensor in sorted(module.state_dict().items()):
        sha.update(f"{name}{tuple(tensor.shape)}".encode())
        sha.update(tensor.detach().to("cpu", torch.float32).contiguous().numpy().tobytes())
    return sha.hexdigest()[:12]
