"""From clip to clip: decoding, stylising and encoding at the same time, with a few frames between them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path
from typing import Any

from torch import Tensor

from adain_nodes.core.adain import check_alpha
from adain_nodes.core.files import replacing
from adain_nodes.encoding import STYLE_SIZE, StyleLike, listed
from adain_nodes.imaging import to_array, to_tensor
from adain_nodes.imaging.likes import read_noting
from adain_nodes.pipeline import StyleTransfer, recolours
from adain_nodes.tiling import Progress
from adain_nodes.video.keys import StyleAt
from adain_nodes.video.reading import Clip, Frame, Source
from adain_nodes.video.steady import SMOOTH, Steady
from adain_nodes.video.threads import ahead, behind
from adain_nodes.video.writing import ClipWriter, container_of

ROOM = 4
"""How many frames may wait between two steps."""


class FrameStyler:
    """Stylises the frames of one film, in their order; a style is encoded once for all of them.

    ``style`` is what ``StyleTransfer.stylize`` takes, or a function that gives the style at a time (``key_frames``).
    ``smooth`` is the time constant in seconds of what keeps the result from flickering; with 0 each frame stands
    alone. The colours that "coral", "mean-std" and "histogram" give to the style are those of each frame, for which it
    is encoded again. Raises the errors of ``StyleTransfer.encode_style``, and InvalidValueError for settings out of
    range.
    """

    def __init__(
        self,
        transfer: StyleTransfer,
        style: StyleLike | Sequence[StyleLike] | StyleAt,
        *,
        weights: Sequence[float] | None = None,
        alpha: float = 1.0,
        preserve_color: str = "none",
        style_size: int = STYLE_SIZE,
        smooth: float = SMOOTH,
    ) -> None:
        check_alpha(alpha)
        again = recolours(preserve_color)
        self.transfer = transfer
        self.steady = Steady(smooth)
        self._settings: dict[str, Any] = {"alpha": alpha, "preserve_color": preserve_color, "style_size": style_size}
        if not callable(style):
            if again:
                style = [_read(each, transfer.max_pixels) for each in listed(style)]
            else:
                style, weights = transfer.encode_style(style, weights=weights, size=style_size), None
        self._style = style
        self._weights = weights

    def __call__(self, frame: Tensor, time: float, progress: Progress = lambda share: None) -> Tensor:
        """The frame of a time in seconds, 1×3×H×W in [0, 1], in its style at that time."""
        return self.transfer.stylize(
            self.steady.pixels(frame.to(self.transfer.backend.device), time),
            self._style(time) if callable(self._style) else self._style,
            weights=self._weights,
            steady=self.steady.moments,
            progress=progress,
            **self._settings,
        )


@dataclass(frozen=True)
class Film:
    """What became of a clip: the number of its frames, its length and the times of its cuts in seconds.

    ``notes`` says in sentences what of the clip could not be kept as it was.
    """

    frames: int
    seconds: float
    cuts: tuple[float, ...]
    notes: tuple[str, ...]


def stylize_clip(
    transfer: StyleTransfer,
    source: Source,
    target: str | os.PathLike[str],
    style: StyleLike | Sequence[StyleLike] | StyleAt,
    *,
    size: int = 0,
    format: str | None = None,
    max_seconds: float = inf,
    progress: Progress = lambda share: None,
    **settings: Any,
) -> Film:
    """Write the clip ``source`` in a style to the file ``target``, whose name says in which container.

    ``size``, ``format`` and ``max_seconds`` are as in ``Clip``, ``settings`` those of ``FrameStyler``. Frame rate, time
    stamps, orientation and sound are kept. ``progress`` is told the share done after each frame; an error that it
    raises ends the work, and whatever ends it leaves no part of a file. Raises VideoError for what is no clip or too
    long, OutputError where the result cannot be written, and the errors of ``FrameStyler``.
    """
    target = Path(target)
    container = container_of(target)
    styler = FrameStyler(transfer, style, **settings)
    frames, end = 0, 0.0
    with (
        replacing(target) as temporary,
        Clip(source, size=size, max_pixels=transfer.max_pixels, max_seconds=max_seconds, format=format) as clip,
        ClipWriter(temporary, container, clip) as writer,
        closing(ahead(clip, ROOM)) as items,
        closing(behind(writer.write, _painted(items, styler), ROOM)) as done,
    ):
        for item in done:
            if isinstance(item, Frame):
                frames, end = frames + 1, item.time + float(item.length * clip.time_base)
                progress(item.share)
    return Film(frames, end, tuple(styler.steady.cuts), (*clip.notes, *writer.notes))


def _read(style: StyleLike, max_pixels: int) -> StyleLike:
    """A picture's file as what is in it: it is encoded for every frame, and may be gone by the last."""
    if isinstance(style, str | os.PathLike) and Path(style).suffix != ".safetensors":
        return read_noting(style, max_pixels)
    return style


def _painted(items: Iterable[Any], styler: FrameStyler) -> Iterator[Any]:
    """Frames stylised, packets as they are."""
    for item in items:
        if isinstance(item, Frame):
            item = replace(item, pixels=to_array(styler(to_tensor(item.pixels), item.time))[0])
        yield item
