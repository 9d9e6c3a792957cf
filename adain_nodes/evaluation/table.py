"""Tables of quality: every method over all pairs of content and style pictures, beside two controls."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import product
from statistics import fmean, median
from time import perf_counter

import torch
from torch import Tensor

from adain_nodes.core.errors import ShapeError
from adain_nodes.core.sizing import size_of
from adain_nodes.evaluation.markdown import markdown_table
from adain_nodes.evaluation.metrics import Description, Figures, LossNetwork, compare
from adain_nodes.imaging import find_images, read_square

Stylize = Callable[[Tensor, Tensor], Tensor]
"""Stylises B×3×H×W contents with one 1×3×H×W style: B×3×H×W, all RGB in [0, 1]. Every ``Method`` is one."""

Progress = Callable[[int, int], None]
"""Called with the number of pictures that are done, and of all."""

BATCH = 4
"""Contents that are stylised and compared at once: on a CPU more of them are no faster and take more memory."""


@dataclass(frozen=True)
class Row:
    """A method's means over all pairs; ``seconds`` a picture with its style (None for the controls)."""

    method: str
    style: float
    content: float
    ssim: float
    seconds: float | None


@dataclass(frozen=True)
class Table:
    """The rows, controls first, and what they were measured on.

    ``side`` is that of the square pictures in pixels, ``network`` the fingerprint of the loss network: figures
    compare only where both agree.
    """

    rows: tuple[Row, ...]
    contents: int
    styles: int
    side: int
    network: str

    def markdown(self) -> str:
        """A table and a line that says how it was measured."""
        rows = [
            (r.method, *(f"{value:.3f}" for value in (r.style, r.content, r.ssim)), _or_dash(r.seconds))
            for r in self.rows
        ]
        return (
            f"{markdown_table(('method', 'style ↓', 'content ↓', 'SSIM ↑', 'seconds'), rows)}\n\n"
            f"Means over {self.contents * self.styles} pairs ({self.contents} contents × {self.styles} styles) at "
            f"{self.side}×{self.side} px; loss network {self.network}.\n"
        )

    def json(self) -> str:
        """Everything, unrounded."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False)


def evaluate(
    methods: Mapping[str, Stylize],
    contents: Tensor,
    styles: Tensor,
    network: LossNetwork,
    *,
    progress: Progress = lambda done, total: None,
) -> Table:
    """Measure each method on every pair of ``contents`` and ``styles``: N×3×H×W, RGB in [0, 1], one size for all.

    The controls say what the figures mean: the content itself has perfect content figures, the style itself a perfect
    style figure. Seconds are medians over batches, so that a slow first call does not count. Raises ShapeError when
    sizes differ, also those of a method's output, and the errors of ``compare``.
    """
    if contents.shape[1:] != styles.shape[1:] or 0 in (len(contents), len(styles)):
        raise ShapeError(
            f"The contents have the shape {tuple(contents.shape)}, the styles {tuple(styles.shape)}; expected some "
            "pictures of each, in one size.",
            "Read both with read_squares.",
        )
    seen_contents, seen_styles = _describe(contents, network), _describe(styles, network)
    pairs = [(content, style) for style in seen_styles for content in seen_contents]
    rows = [
        _row("the content itself", [compare(content, content, style) for content, style in pairs]),
        _row("the style itself", [compare(style, content, style) for content, style in pairs]),
    ]
    looks = list(zip(styles.split(1), seen_styles, strict=True))
    batches = [slice(start, start + BATCH) for start in range(0, len(contents), BATCH)]
    done, total = 0, len(methods) * len(pairs)
    for name, method in methods.items():
        figures: list[Figures] = []
        seconds: list[float] = []
        for (style, seen_style), batch in product(looks, batches):
            outputs, elapsed = _timed(method, contents[batch], style)
            seconds.append(elapsed / len(outputs))
            seen_outputs = network.describe(outputs)
            figures += [compare(o, c, seen_style) for o, c in zip(seen_outputs, seen_contents[batch], strict=True)]
            done += len(outputs)
            progress(done, total)
        rows.append(_row(name, figures, median(seconds)))
    return Table(tuple(rows), len(contents), len(styles), size_of(contents)[0], network.fingerprint)


def read_squares(patterns: Iterable[str | os.PathLike[str]], side: int = 256) -> Tensor:
    """The pictures that ``patterns`` name (see ``find_images``), read as the protocol says: N×3×side×side."""
    return torch.cat([read_square(path, side) for path in find_images(patterns)])


def _describe(pictures: Tensor, network: LossNetwork) -> list[Description]:
    return [description for batch in pictures.split(BATCH) for description in network.describe(batch)]


def _timed(method: Stylize, contents: Tensor, style: Tensor) -> tuple[Tensor, float]:
    """The outputs, on the CPU (which waits for the device) and in [0, 1], and the seconds that they took."""
    start = perf_counter()
    outputs = method(contents, style).cpu()
    seconds = perf_counter() - start
    if outputs.shape != contents.shape:
        raise ShapeError(
            f"The method turned contents of shape {tuple(contents.shape)} into {tuple(outputs.shape)}.",
            "Return one picture for each content, as large as it.",
        )
    return outputs.float().clamp(0, 1), seconds


def _row(method: str, figures: Sequence[Figures], seconds: float | None = None) -> Row:
    style, content, ssim = (fmean(getattr(f, name) for f in figures) for name in ("style", "content", "ssim"))
    return Row(method, style, content, ssim, seconds)


def _or_dash(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds:.3f}"
