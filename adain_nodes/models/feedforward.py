"""Feed-forward style transfer: a network that has learnt one style, or some, and needs no style picture any more.

Johnson et al. 2016 in the form that Ulyanov et al. 2016 and Dumoulin et al. 2017 gave it: normalisation behind each
convolution but the last, nearest neighbours ×2 in place of transposed convolutions, a sigmoid at the end.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn

from adain_nodes.core.adain import Features
from adain_nodes.core.errors import InvalidValueError, ShapeError
from adain_nodes.core.sizing import pad_to_minimum, size_of
from adain_nodes.core.statistics import Convention
from adain_nodes.core.style import normalised
from adain_nodes.models.base import Encoder, Generator, ReflectConv, UpsampledConv
from adain_nodes.models.normalization import Norm, Normalization

FAMILY = "feed-forward"


class Pixels(Encoder):
    """The encoder of networks that look at the picture itself."""

    family = "pixels"
    levels = ("pixels",)
    channels = (3,)
    strides = (1,)

    @property
    def margin(self) -> int:
        """See Encoder: none."""
        return 0

    def forward(self, image: Tensor) -> Features:
        """The image; see Encoder."""
        self.check_image(image)
        return (image,)


class Layer(nn.Module):
    """A convolution and its normalisation."""

    def __init__(self, conv: nn.Conv2d, normalization: Normalization, styles: int) -> None:
        super().__init__()
        self.conv = conv
        self.norm = Norm(conv.out_channels, normalization, styles)

    def forward(self, x: Tensor, shares: Tensor) -> Tensor:
        """B×C×H×W to B×C'×H'×W', not rectified; ``shares`` as for Norm."""
        return self.norm(self.conv(x), shares)


class Block(nn.Module):
    """x + layer(ReLU(layer(x)))."""

    def __init__(self, width: int, normalization: Normalization, styles: int) -> None:
        super().__init__()
        self.a = Layer(ReflectConv(width, width), normalization, styles)
        self.b = Layer(ReflectConv(width, width), normalization, styles)

    def forward(self, x: Tensor, shares: Tensor) -> Tensor:
        """B×C×H×W to the same shape."""
        return x + self.b(self.a(x, shares).relu(), shares)


class FeedForward(Generator):
    """Two convolutions of stride 2, residual blocks at a quarter of the size, and two steps ×2 back.

    With one style it is Johnson's and Ulyanov's network, with more Dumoulin's, whose styles differ in the statistics
    of their normalisations alone. ``width`` is the number of channels at full size, and ``names`` are those of the
    styles.
    """

    family = FAMILY
    levels = Pixels.levels
    minimum_size = 8
    """Shortest side in pixels that reflection padding allows."""

    def __init__(
        self, width: int = 32, blocks: int = 5, normalization: Normalization = "instance", styles: int = 1
    ) -> None:
        super().__init__()
        if normalization == "batch" and styles > 1:
            raise InvalidValueError(
                "Several styles take instance normalisation.", "Train a network for each style.", styles=styles
            )
        self.width, self.styles = width, styles
        self.normalization: Normalization = normalization
        self.encoder = Pixels().fingerprint()
        self.names = tuple(str(number) for number in range(1, styles + 1))
        self.only_statistics = False
        self.first = Layer(ReflectConv(3, width, kernel=9), normalization, styles)
        self.down = nn.ModuleList(
            Layer(ReflectConv(n * width, 2 * n * width, 2), normalization, styles) for n in (1, 2)
        )
        self.blocks = nn.ModuleList(Block(4 * width, normalization, styles) for _ in range(blocks))
        self.up = nn.ModuleList(Layer(UpsampledConv(2 * n * width, n * width), normalization, styles) for n in (2, 1))
        self.last = ReflectConv(width, 3, kernel=9)

    def describe(self, style: Features, numbers: Tensor | None, convention: Convention) -> Tensor:
        """Shares of the styles, B×styles: all of the one with the picture's number. See Generator."""
        if self.styles == 1:
            return style[0].new_ones(1, 1)
        if numbers is None:
            raise ShapeError(f"One of {self.styles} styles is meant.", "Pass the numbers of the styles.")
        return nn.functional.one_hot(numbers.to(style[0].device), self.styles).float()

    def generate(self, content: Features, style: Tensor) -> Tensor:
        """Pictures in [0, 1] of the pixels B×3×H×W; ``style`` are shares, (B or 1)×styles. See Generator."""
        (x,) = content
        if style.ndim != 2 or style.shape[1] != self.styles or len(style) not in (1, len(x)):
            raise ShapeError(
                f"The shares of the styles have the shape {tuple(style.shape)}; this network has {self.styles} styles.",
                "Give a share for each style, for all pictures or for each.",
                shape=tuple(style.shape),
                styles=self.styles,
            )
        x = self.first(x, style).relu()
        for layer in self.down:
            x = layer(x, style).relu()
        for block in self.blocks:
            x = block(x, style)
        for layer in self.up:
            x = layer(x, style).relu()
        # float32, also under autocast: bfloat16 has no more than 8 bits near 1, and skies would show bands.
        with torch.autocast(x.device.type, enabled=False):
            return self.last(x.float()).sigmoid()

    def shares(self, styles: Sequence[str | int] = (), weights: Sequence[float] | None = None) -> Tensor:
        """Shares, 1×styles, of styles by their names or their numbers from 1; a network of one style needs none named.

        A text is a name where there is such a one, and else a number.
        Weights are as in ``blend``, which this is for networks that have learnt their styles. Raises InvalidValueError
        for a style that the network has not learnt, and as ``blend``.
        """
        named = list(styles) or list(self.names[:1] if self.styles == 1 else ())
        counted = {each: place for place in range(self.styles) for each in (place + 1, str(place + 1))}
        numbers: dict[str | int, int] = {**counted, **{name: place for place, name in enumerate(self.names)}}
        if not named or any(name not in numbers for name in named):
            raise InvalidValueError(
                f"No style, or one that this network has not learnt, is named: {named}.",
                f"Name one of {', '.join(self.names)}, or its number from 1.",
                styles=self.names,
            )
        shares = torch.zeros(1, self.styles)
        for name, share in zip(named, normalised(weights, len(named)), strict=True):
            shares[0, numbers[name]] += share
        return shares

    @torch.no_grad()
    def stylize(self, image: Tensor, shares: Tensor) -> Tensor:
        """Contents B×3×H×W in [0, 1], of any size, in their styles: the same shape and range, float32.

        ``shares`` are (B or 1)×styles. Statistics are those of the whole picture, which can therefore not be tiled.
        """
        enough = pad_to_minimum(image, self.minimum_size)
        return self.picture((enough,), shares.to(image.device), size_of(image))

    def trained(self) -> Iterator[nn.Parameter]:
        """With ``only_statistics`` the 2 × features numbers of each style, and else everything."""
        every = self.named_parameters()
        return (tensor for name, tensor in every if _of_a_norm(name) or not self.only_statistics)

    def for_new_style(self) -> FeedForward:
        """A network of one style, the mean of these, in which only its statistics learn (Dumoulin et al., section 3.3).

        ``with_style`` adds what it has learnt. Raises InvalidValueError for batch normalisation.
        """
        if self.normalization == "batch":
            raise InvalidValueError("Styles are added to networks with instance normalisation.", "Train such a one.")
        statistics = {name: t.mean(0, keepdim=True) for name, t in self.state_dict().items() if _of_a_norm(name)}
        new = self._with(1, statistics)
        new.only_statistics = True
        return new

    def with_style(self, new: FeedForward) -> FeedForward:
        """These styles and those of a network that came from ``for_new_style``, last.

        Raises InvalidValueError for one with other convolutions.
        """
        ours, theirs = self.state_dict(), new.state_dict()
        convolutions = [name for name in ours if not _of_a_norm(name)]
        if ours.keys() != theirs.keys() or not all(torch.equal(ours[name], theirs[name]) for name in convolutions):
            raise InvalidValueError(
                "The style was learnt with the convolutions of another network.", "Train it with for_new_style of this."
            )
        both = {name: torch.cat((tensor, theirs[name])) for name, tensor in ours.items() if _of_a_norm(name)}
        return self._with(self.styles + new.styles, both)

    def _with(self, styles: int, statistics: dict[str, Tensor]) -> FeedForward:
        network = FeedForward(self.width, len(self.blocks), self.normalization, styles)
        network.load_state_dict({**self.state_dict(), **statistics})
        return network.eval().requires_grad_(False)


def _of_a_norm(name: str) -> bool:
    return ".norm." in name
