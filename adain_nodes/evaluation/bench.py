"""Every method on every pair of a content and a style, one pair after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache, partial
from typing import Any, NamedTuple

from torch import Tensor

from adain_nodes import __version__
from adain_nodes.core.errors import AdaINError, DivergedError, ShapeError
from adain_nodes.evaluation.gallery import Gallery
from adain_nodes.evaluation.methods import Method
from adain_nodes.evaluation.metrics import Description, Figures, LossNetwork, compare
from adain_nodes.evaluation.store import Store
from adain_nodes.evaluation.timing import timed

CONTROLS = ("the content itself", "the style itself")
"""What the figures are to be read beside: the one has perfect content figures, the other a perfect style figure."""

SHOWN = 8
"""The results of so many pairs, or fewer, are kept as pictures."""


@dataclass(frozen=True)
class Pair:
    """What one method made of a content and a style, which are named by their numbers.

    ``seconds`` is what the picture took once its style was encoded, and ``encoding`` what that took; controls have
    neither. Where the method failed, ``figures`` is None and ``error`` says why.
    """

    method: str
    content: int
    style: int
    figures: Figures | None
    seconds: float | None = None
    encoding: float | None = None
    error: str = ""


class _Made(NamedTuple):
    """A result as the loss network sees it, itself 1×3×H×W, and the ``seconds`` and ``encoding`` of its pair."""

    seen: Description
    picture: Tensor | None = None
    seconds: float | None = None
    encoding: float | None = None


@dataclass(frozen=True, eq=False)
class Bench:
    """The pictures, what judges the results, and where they are kept.

    ``settings`` are what decides a result besides the method's weights and the pictures: the device and the precision.
    Raises ShapeError when the pictures differ in size, or one side has none.
    """

    contents: Gallery
    styles: Gallery
    network: LossNetwork
    store: Store = field(default_factory=Store)
    settings: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        contents, styles = self.contents.pictures.shape, self.styles.pictures.shape
        if contents[1:] != styles[1:] or 0 in (contents[0], styles[0]):
            raise ShapeError(
                f"The contents have the shape {tuple(contents)}, the styles {tuple(styles)}; expected some pictures of "
                "each, in one size.",
                "Read both with Gallery.read.",
            )

    @property
    def pairs(self) -> int:
        """How many there are."""
        return len(self.contents) * len(self.styles)

    @cached_property
    def shown(self) -> tuple[tuple[int, int], ...]:
        """Content and style of the pairs whose results are kept as pictures: each picture as rarely as can be."""
        contents, styles = len(self.contents), len(self.styles)
        count = min(SHOWN, max(contents, styles))
        return tuple((number * contents // count, number * styles // count) for number in range(count))

    def controls(self) -> Iterator[Pair]:
        """The pairs of both CONTROLS."""
        yield from self._each(CONTROLS[0], "", lambda content, style: _Made(self._seen_contents[content]))
        yield from self._each(CONTROLS[1], "", lambda content, style: _Made(self._seen_styles[style]))

    def measure(self, name: str, method: Method) -> Iterator[Pair]:
        """The pairs of a method, style after style; what is kept already is not made again.

        A pair that fails is one with an error, which is not kept: another run tries it again.
        """
        encode = lru_cache(maxsize=1)(lambda style: timed(partial(method.encode_style, self.styles[style])))
        yield from self._each(name, method.weights, partial(self._made, method, encode))

    def key(self, method: str, weights: str, content: int, style: int) -> dict[str, str]:
        """All that decides what a pair of a method comes to."""
        return {
            "method": method,
            "weights": weights,
            "content": self.contents.digests[content],
            "style": self.styles.digests[style],
            "network": self.network.fingerprint,
            **self.settings,
            "version": __version__,
        }

    def _each(self, name: str, weights: str, make: Callable[[int, int], _Made]) -> Iterator[Pair]:
        for style in range(len(self.styles)):
            for content in range(len(self.contents)):
                yield self._pair(name, weights, content, style, make)

    def _pair(self, name: str, weights: str, content: int, style: int, make: Callable[[int, int], _Made]) -> Pair:
        key = self.key(name, weights, content, style)
        pictured = name not in CONTROLS and (content, style) in self.shown
        result = self.store.find(key, pictured=pictured)
        if result is None:
            seen = self._seen_contents[content], self._seen_styles[style]
            try:
                made = make(content, style)
            except (AdaINError, MemoryError, RuntimeError) as error:  # PyTorch runs out of memory with the last
                return Pair(name, content, style, None, error=str(error) or repr(error))
            figures = asdict(compare(made.seen, *seen))
            result = {"figures": figures, "seconds": made.seconds, "encoding": made.encoding}
            self.store.add(key, result, made.picture if pictured else None)
        return Pair(name, content, style, Figures.of(result["figures"]), result["seconds"], result["encoding"])

    def _made(self, method: Method, encode: Callable[[int], tuple[Any, float]], content: int, style: int) -> _Made:
        picture = self.contents[content]
        look, encoding = encode(style)
        output, seconds = timed(partial(method.stylize, picture, look))
        if output.shape != picture.shape:
            raise ShapeError(
                f"The method turned a content of shape {tuple(picture.shape)} into {tuple(output.shape)}.",
                "Return a picture that is as large as the content.",
            )
        output = output.cpu().float()
        if not output.isfinite().all():
            raise DivergedError("The picture has values that are no numbers.", "Choose float32.")
        output = output.clamp(0, 1)
        return _Made(self.network.describe(output)[0], output, seconds, encoding)

    @cached_property
    def _seen_contents(self) -> list[Description]:
        return [self.network.describe(picture)[0] for picture in self.contents]

    @cached_property
    def _seen_styles(self) -> list[Description]:
        return [self.network.describe(picture)[0] for picture in self.styles]
