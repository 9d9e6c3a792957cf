"""``StyleTransfer``: the one interface that every shell calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from adain_nodes.backend import choose_backend
from adain_nodes.checkpoints.networks import load_networks
from adain_nodes.core.adain import Features, check_alpha
from adain_nodes.core.color import METHODS, Colors, give_colors, measure_colors
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.raster import Raster
from adain_nodes.core.regions import Measured, coverage
from adain_nodes.core.sizing import Size, crop_to
from adain_nodes.core.style import Style, blend
from adain_nodes.core.windows import Window
from adain_nodes.encoding import STYLE_SIZE, Content, StyleEncoder, StyleLike, listed, measured
from adain_nodes.engines import set_engine
from adain_nodes.imaging import MAX_PIXELS
from adain_nodes.imaging.large import LargePicture
from adain_nodes.imaging.likes import ImageLike, MaskLike, as_mask_of
from adain_nodes.models.base import Decoder, Encoder
from adain_nodes.mosaic import Mosaic
from adain_nodes.painting import Area, Painting
from adain_nodes.tiling import Progress, Put, Tiling, View, decode_window

PRESERVE_COLOR = ("none", *METHODS)


class StyleTransfer(StyleEncoder):
    """An encoder and its decoder on a device, with everything between a picture and its stylised version.

    >>> transfer = StyleTransfer.from_pretrained("lite")
    >>> style = transfer.encode_style(["waves.jpg", "mosaic.jpg"], weights=[0.7, 0.3])
    >>> picture = transfer.stylize("photo.jpg", style, alpha=0.8)

    ``device`` and ``dtype`` are those of ``choose_backend``, ``engine`` is one of ``set_engine``. ``tile``,
    ``max_memory`` and ``max_pixels`` are as in StyleEncoder. Raises EncoderMismatchError when the decoder was trained
    for another encoder.
    """

    def __init__(
        self,
        encoder: Encoder,
        decoder: Decoder,
        *,
        device: str = "auto",
        dtype: str = "auto",
        engine: str = "torch",
        tile: int = 0,
        max_memory: int = 0,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        decoder.check_encoder(encoder)
        backend = choose_backend(device, dtype)
        for network in (encoder, decoder):
            network.eval().to(backend.device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        set_engine(engine, encoder, decoder)
        super().__init__(encoder, backend, tile=tile, max_memory=max_memory, max_pixels=max_pixels)
        self.decoder = decoder

    @classmethod
    def from_pretrained(
        cls,
        model: str | Path = "lite",
        *,
        decoder: str | Path | None = None,
        device: str = "auto",
        dtype: str = "auto",
        engine: str = "torch",
        tile: int = 0,
        max_memory: int = 0,
        max_pixels: int = MAX_PIXELS,
    ) -> StyleTransfer:
        """A model of the catalogue ("lite", "vgg19") or a weight file, with another decoder if one is named.

        Raises the errors of ``load_networks``, ``choose_backend`` and ``set_engine``.
        """
        networks = load_networks(model, decoder)
        settings = {"engine": engine, "tile": tile, "max_memory": max_memory, "max_pixels": max_pixels}
        return cls(*networks, device=device, dtype=dtype, **settings)

    @property
    def margin(self) -> int:
        """See StyleEncoder: of the features that are decoded, too."""
        return self.encoder.margin + self.decoder.margin

    def decode(self, features: Features, size: Size, *, progress: Progress = lambda share: None) -> Tensor:
        """The B×3×H×W pictures of exactly ``size``, float32 in [0, 1]; the rest is as in ``encode``."""
        picture = Mosaic(size)

        def view(window: Window) -> Features:
            return tuple(window.cells(s).of(level) for level, s in zip(features, self.encoder.strides, strict=True))

        self._decode(view, self._tiling(size, len(features[0]), progress=progress), size, picture.put)
        return picture.tensor

    def stylize(
        self,
        content: ImageLike | LargePicture | Content,
        style: StyleLike | Sequence[StyleLike] | None = None,
        *,
        weights: Sequence[float] | None = None,
        alpha: float = 1.0,
        preserve_color: str = "none",
        masks: Sequence[tuple[MaskLike, StyleLike | Sequence[StyleLike]]] = (),
        size: int = 0,
        style_size: int = STYLE_SIZE,
        steady: Callable[[Measured], Measured] = lambda found: found,
        into: Put | None = None,
        progress: Progress = lambda share: None,
    ) -> Tensor:
        """The content in the style: B×3×H×W, float32 in [0, 1], of exactly the content's size (or of ``size``).

        ``alpha`` runs from 0 (the content) to 1 (the full style). ``masks`` pairs soft masks with styles of their
        own; ``style`` then fills what they leave, and without it the photograph itself stays there. ``size`` is the
        short side in pixels of the result, 0 keeps the content's. ``preserve_color`` keeps the content's colours:
        "coral", "mean-std" and "histogram" give the style pictures those colours first (each region its own),
        "luminance" takes only the lightness from the result. A content that comes from ``prepare`` is encoded once
        for all results that are made of it; one from ``open_large`` stays on the disk, and masks beside it, too.

        ``steady`` is given the moments that were measured of the content, and AdaIN uses what it returns: frames of a
        film share theirs. ``into`` takes the result, B×3×h×w a window; what is returned is empty then. ``progress``
        is told the share done, after each tile of each pass; an error that it raises ends the work. Raises
        InvalidValueError when colours are to be kept and a style is statistics already, which has none.
        """
        check_alpha(alpha)
        method = preserve_color if recolours(preserve_color) else ""
        content = self.prepare(content, size=size)
        areas = self._areas(content, masks, style, weights)
        tiling = self._tiling(content.rgb.size, content.rgb.batch, 2 + bool(method) * len(areas), progress)
        looks = [Area(each.mask, self._look(each, content, method, style_size, tiling)) for each in areas]
        picture = Mosaic(content.rgb.size)
        self._paint(Painting(content, looks, alpha, preserve_color == "luminance"), tiling, steady, into or picture.put)
        return picture.tensor

    def match_style(
        self,
        content: Content,
        style: StyleLike | Sequence[StyleLike],
        *,
        weights: Sequence[float] | None = None,
        preserve_color: str = "coral",
        style_size: int = STYLE_SIZE,
    ) -> Style:
        """The style that ``stylize`` would use for a prepared content by "coral", "mean-std" or "histogram".

        Made once, it serves for any alpha. Raises the errors of ``stylize``.
        """
        method = preserve_color if recolours(preserve_color) else ""
        tiling = self._tiling(content.rgb.size, content.rgb.batch)
        return self._look(_Wanted(None, style, weights), content, method, style_size, tiling)

    def _paint(self, painting: Painting, tiling: Tiling, steady: Callable[[Measured], Measured], put: Put) -> None:
        """Measure every tile; then change, decode and finish each with what is known of the whole."""
        view = painting.content.view
        with self.backend.running():
            found = steady(measured(view, tiling, painting.measure))

            def change(window: Window) -> Features:
                return painting.change(view(window), window, found)

            def finish(window: Window, result: Tensor) -> None:
                put(window, painting.finish(result, window))

            self._decode(change, tiling, painting.content.rgb.size, finish)

    def _decode(self, view: View, tiling: Tiling, size: Size, put: Put) -> None:
        def paint(window: Window) -> None:
            picture = decode_window(self.decoder, self.backend, view, tiling.size, window)
            inner = window.grown(0, size)  # small pictures were padded
            put(inner, crop_to(picture, inner.size))

        tiling.over(paint)

    def _areas(
        self,
        content: Content,
        masks: Sequence[tuple[MaskLike, StyleLike | Sequence[StyleLike]]],
        style: StyleLike | Sequence[StyleLike] | None,
        weights: Sequence[float] | None,
    ) -> list[_Wanted]:
        """The masked areas, and the rest if there is a style for it. Raises InvalidValueError for no style at all."""
        if style is None and not masks:
            raise InvalidValueError("There is no style.", "Give a style, or masks with styles.")
        if style is None and weights is not None:
            raise InvalidValueError("There are weights and no style.", "Blend the styles of masks with encode_style.")
        rasters = [as_mask_of(mask, content.rgb, self.max_pixels) for mask, _ in masks]
        areas = [_Wanted(mask, look) for mask, (_, look) in zip(rasters, masks, strict=True)]
        rest = Raster.made(lambda *covered: 1 - coverage(covered), *rasters) if rasters else None
        return areas if style is None else [*areas, _Wanted(rest, style, weights)]

    def _look(self, area: _Wanted, content: Content, method: str, style_size: int, tiling: Tiling) -> Style:
        """The style of one area, by ``method`` in the colours that can be seen there if they are to be preserved."""
        found: list[Colors] = []

        def look_at(window: Window) -> None:
            inner = window.grown(0, content.rgb.size)
            masks = [mask.read(inner) for mask in (area.mask, content.visible) if mask is not None]
            seen = reduce(torch.mul, masks) if masks else None
            colors = measure_colors(content.rgb.read(inner), method, seen)
            found[:] = [reduce(Colors.merged, [*found, colors])]

        def recolour(look: Tensor, mask: Tensor | None) -> Tensor:
            if not found:
                tiling.over(look_at)
            looks = look.expand(content.rgb.batch, -1, -1, -1) if len(look) == 1 else look
            return give_colors(looks, found[0], mask=mask)

        change = recolour if method else None
        return blend([self._style(each, None, style_size, change) for each in listed(area.look)], area.weights)


def check_preserve_color(method: str) -> str:
    """``method`` if it is one of PRESERVE_COLOR; otherwise InvalidValueError."""
    if method not in PRESERVE_COLOR:
        raise InvalidValueError(
            f"There is no colour preservation {method!r}.", f"Choose {', '.join(PRESERVE_COLOR)}.", method=method
        )
    return method


def recolours(preserve_color: str) -> bool:
    """Whether a method gives the style pictures the colours of each content, for which they are encoded again.

    Raises InvalidValueError for a method that there is not.
    """
    return check_preserve_color(preserve_color) not in ("none", "luminance")


class _Wanted(NamedTuple):
    """A part of the content (all of it without a mask) and what it shall look like."""

    mask: Raster | None
    look: StyleLike | Sequence[StyleLike]
    weights: Sequence[float] | None = None
