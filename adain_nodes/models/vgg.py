"""VGG-19 as the paper uses it: the encoder f up to a chosen level, and the mirrored decoder g for each depth."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from adain_nodes.core.adain import Features
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.windows import Window
from adain_nodes.models.base import Decoder, Encoder, Focus, ReflectConv, reach, upsample

NORMALISED = "vgg19-normalised"
TORCHVISION = "vgg19-torchvision"

BLOCKS = ((64, 2), (128, 2), (256, 4), (512, 4), (512, 4))
"""Width and number of convolutions of each block; a 2×2 max pooling stands between two blocks."""

STYLE_LEVELS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")
"""The levels of the style loss (section 6 of the paper)."""

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def convolutions(deepest: str) -> list[tuple[str, int, int]]:
    """Name, inputs and outputs of each convolution up to level ``deepest``, such as "relu4_1"."""
    plan: list[tuple[str, int, int]] = []
    inputs = 3
    for block, (width, count) in enumerate(BLOCKS, start=1):
        for index in range(1, count + 1):
            plan.append((f"conv{block}_{index}", inputs, width))
            inputs = width
            if deepest == f"relu{block}_{index}":
                return plan
    raise InvalidValueError(
        f"VGG-19 has no level {deepest!r}.",
        "Levels run from relu1_1 to relu5_4; the paper uses relu4_1.",
        level=deepest,
    )


class VGGEncoder(Encoder):
    """VGG-19 up to the deepest of ``levels``, with reflection padding and pooling that rounds sizes up.

    Both public sets of weights are this network behind a 1×1 convolution that does the preprocessing: for the
    normalised weights it is part of the file (RGB [0, 1] to mean-free BGR), for torchvision's it holds ImageNet's
    mean and standard deviation.
    """

    def __init__(self, levels: tuple[str, ...] = ("relu4_1",), family: str = NORMALISED) -> None:
        super().__init__()
        plan = convolutions(max(levels))
        self.family = family
        self.levels = tuple(sorted(levels))
        self.channels = tuple(convolutions(level)[-1][2] for level in self.levels)
        self.strides = tuple(_stride(level) for level in self.levels)
        self.preprocess = nn.Conv2d(3, 3, 1)
        self.pool: nn.Module = nn.MaxPool2d(2, ceil_mode=True)
        self.convs = nn.ModuleDict({name: ReflectConv(inputs, outputs) for name, inputs, outputs in plan})

    @property
    def margin(self) -> int:
        """See Encoder: 32 pixels to relu4_1."""
        return reach(map(_stride, self.convs))

    def forward(self, image: Tensor) -> Features:
        """One map for each of ``levels``; see Encoder."""
        self.check_image(image)
        x = self.preprocess(image)
        features: list[Tensor] = []
        for name, conv in self.convs.items():
            if starts_block(name) and name != "conv1_1":
                x = self.pool(x)
            x = conv(x).relu_()
            if name.replace("conv", "relu") in self.levels:
                features.append(x)
        return tuple(features)

    def with_levels(self, levels: tuple[str, ...]) -> VGGEncoder:
        """The same network with other taps, ready to run; it shares the weights.

        Raises InvalidValueError for a level that lies deeper than the weights reach, or that no VGG-19 has.
        """
        plan = [name for name, _, _ in convolutions(max(levels))]
        if missing := [name for name in plan if name not in self.convs]:
            deepest = max(self.convs).replace("conv", "relu")
            raise InvalidValueError(
                f"This VGG-19 reaches {deepest}; {missing[-1].replace('conv', 'relu')} lies deeper.",
                f"Choose levels up to {deepest}, or load a file that holds more of the network.",
                deepest=deepest,
                levels=levels,
            )
        with torch.device("meta"):
            tapped = VGGEncoder(levels, self.family)
        wanted = tapped.state_dict().keys()
        tapped.load_state_dict({name: t for name, t in self.state_dict().items() if name in wanted}, assign=True)
        return tapped.eval().requires_grad_(False)


class VGGDecoder(Decoder):
    """The mirror image of the encoder to ``level``: poolings become nearest ×2, and no ReLU at the end."""

    family = "vgg19-decoder"

    def __init__(self, level: str = "relu4_1", encoder: str = NORMALISED) -> None:
        super().__init__()
        plan = convolutions(level)
        self.levels = (level,)
        self.channels = (plan[-1][2],)
        self.encoder = encoder
        self.convs = nn.ModuleDict({name: ReflectConv(outputs, inputs) for name, inputs, outputs in reversed(plan)})

    @property
    def margin(self) -> int:
        """See Decoder: 32 pixels from relu4_1, four cells."""
        return reach(map(_stride, self.convs))

    def forward(self, features: Features, window: Window | None = None) -> Tensor:
        """See Decoder."""
        (x,) = features
        strides = [_stride(name) for name in self.convs]
        focus = Focus(window, x, max(strides))
        for index, (name, conv) in enumerate(self.convs.items(), start=1):
            if name == "conv1_1":
                # The last layer in float32, also under autocast: bfloat16 has no more than 8 bits near 1,
                # and skies would show bands.
                with torch.autocast(x.device.type, enabled=False):
                    x = conv(x.float())
            else:
                x = conv(x).relu_()
            if starts_block(name):
                (x,) = focus.on(strides[index:], (x, _stride(name)))
                x = upsample(x) if index < len(strides) else x
        return x


def starts_block(name: str) -> bool:
    """Whether a pooling stands before this convolution of the encoder (and so a ×2 behind it in the decoder)."""
    return name.endswith("_1")


def _stride(name: str) -> int:
    """Pixels from cell to cell in the block that a level or a convolution, such as "relu3_1", belongs to."""
    return 2 ** (int(name[4]) - 1)
