"""``StyleTransfer``: the one interface that every shell calls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from adain_nodes.backend import choose_backend
from adain_nodes.checkpoints.networks import load_networks
from adain_nodes.core.adain import Features, check_alpha
from adain_nodes.core.color import METHODS, match_color
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.regions import Measured, Region, adain_regions, coverage, keep_uncovered, measure_regions
from adain_nodes.core.sizing import Size, at_least, crop_to, size_of
from adain_nodes.core.style import Style, blend
from adain_nodes.core.windows import Window
from adain_nodes.encoding import STYLE_SIZE, Content, StyleEncoder, StyleLike, View, listed, measured
from adain_nodes.imaging import MAX_PIXELS
from adain_nodes.imaging.likes import ImageLike, MaskLike, as_mask
from adain_nodes.models.base import Decoder, Encoder
from adain_nodes.tiling import Mosaic, Progress, Tiling, decode_window

PRESERVE_COLOR = ("none", *METHODS)


class StyleTransfer(StyleEncoder):
    """An encoder and its decoder on a device, with everything between a picture and its stylised version.

    >>> transfer = StyleTransfer.from_pretrained("lite")
    >>> style = transfer.encode_style(["waves.jpg", "mosaic.jpg"], weights=[0.7, 0.3])
    >>> picture = transfer.stylize("photo.jpg", style, alpha=0.8)

    ``device`` and ``dtype`` are those of ``choose_backend``. ``compile`` runs the networks through torch.compile: the
    first picture of each size takes much longer, later ones a little less than before. ``tile`` and ``max_pixels``
    are as in StyleEncoder. Raises EncoderMismatchError when the decoder was trained for another encoder.
    """

    def __init__(
        self,
        encoder: Encoder,
        decoder: Decoder,
        *,
        device: str = "auto",
        dtype: str = "auto",
        compile: bool = False,
        tile: int = 0,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        decoder.check_encoder(encoder)
        backend = choose_backend(device, dtype)
        for network in (encoder, decoder):
            network.eval().to(backend.device, memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
            if compile:
                network.compile()
        super().__init__(encoder, backend, tile=tile, max_pixels=max_pixels)
        self.decoder = decoder

    @classmethod
    def from_pretrained(
        cls,
        model: str | Path = "lite",
        *,
        decoder: str | Path | None = None,
        device: str = "auto",
        dtype: str = "auto",
        compile: bool = False,
        tile: int = 0,
        max_pixels: int = MAX_PIXELS,
        host_folders: Sequence[Path] = (),
    ) -> StyleTransfer:
        """A model of the catalogue ("lite", "vgg19") or a weight file, with another decoder if one is named.

        Raises the errors of ``load_networks`` and ``choose_backend``.
        """
        networks = load_networks(model, decoder, host_folders=host_folders)
        return cls(*networks, device=device, dtype=dtype, compile=compile, tile=tile, max_pixels=max_pixels)

    def decode(
        self,
        features: Features,
        size: Size,
        *,
        device: torch.device | None = None,
        progress: Progress = lambda share: None,
    ) -> Tensor:
        """The B×3×H×W pictures of exactly ``size``, float32 in [0, 1]; the rest is as in ``encode``."""
        padded = at_least(size, self.encoder.minimum_size)
        tiling = Tiling(padded, self.backend.device, self.tile, len(features[0]), progress=progress)

        def view(window: Window) -> Features:
            return tuple(window.cells(s).of(level) for level, s in zip(features, self.encoder.strides, strict=True))

        return crop_to(self._decode(view, tiling, device), size)

    def stylize(
        self,
        content: ImageLike | Content,
        style: StyleLike | Sequence[StyleLike] | None = None,
        *,
        weights: Sequence[float] | None = None,
        alpha: float = 1.0,
        preserve_color: str = "none",
        masks: Sequence[tuple[MaskLike, StyleLike | Sequence[StyleLike]]] = (),
        size: int = 0,
        style_size: int = STYLE_SIZE,
        steady: Callable[[Measured], Measured] = lambda found: found,
        progress: Progress = lambda share: None,
    ) -> Tensor:
        """The content in the style: B×3×H×W, float32 in [0, 1], of exactly the content's size (or of ``size``).

        ``alpha`` runs from 0 (the content) to 1 (the full style). ``masks`` pairs soft masks with styles of their
        own; ``style`` then fills what they leave, and without it the photograph itself stays there. ``size`` is the
        short side in pixels of the result, 0 keeps the content's.

        ``preserve_color`` keeps the content's colours: "coral", "mean-std" and "histogram" give the style pictures
        those colours first (each region its own), "luminance" takes only the lightness from the result.

        A content that comes from ``prepare`` is encoded once for all results that are made of it. ``steady`` is given
        the moments that were measured of the content, and AdaIN uses what it returns: frames of a film share theirs.

        ``progress`` is told the share done, after each tile of a picture too large for memory; an error that it
        raises ends the work. Raises InvalidValueError when colours are to be kept and a style is statistics already,
        whose colours cannot be changed any more.
        """
        check_alpha(alpha)
        check_preserve_color(preserve_color)
        if style is None and not masks:
            raise InvalidValueError("There is no style.", "Give a style, or masks with styles.")
        if style is None and weights is not None:
            raise InvalidValueError("There are weights and no style.", "Blend the styles of masks with encode_style.")
        content = self.prepare(content, size=size)
        image = content.image
        areas = [_Area(as_mask(mask, size_of(image), self.max_pixels).to(image), look) for mask, look in masks]
        covered = coverage([area.mask for area in areas if area.mask is not None]) if areas else None
        if style is not None:
            areas.append(_Area(None if covered is None else 1 - covered, style, weights))
        looks = [self._look(area, content, preserve_color, style_size) for area in areas]
        regions = [Region(area.mask, look, alpha) for area, look in zip(areas, looks, strict=True)]
        with self.backend.running():
            result = self._transform(content, regions, steady, progress)
        if style is None and covered is not None:
            result = keep_uncovered(image, result, covered)
        return match_color(result, image, "luminance") if preserve_color == "luminance" else result

    def _transform(
        self,
        content: Content,
        regions: Sequence[Region],
        steady: Callable[[Measured], Measured],
        progress: Progress,
    ) -> Tensor:
        """AdaIN by regions: measure every tile, then change and decode each with what is known of the whole."""
        regions = [replace(each, mask=None if each.mask is None else self._padded(each.mask)) for each in regions]
        visible = None if content.visible is None else self._padded(content.visible)
        view, tiling = content.view, self._tiling(self._padded(content.image), 2, progress)

        def measure(features: Features, window: Window) -> Measured:
            seen = None if visible is None else window.of(visible)
            return measure_regions(features, [region.within(window) for region in regions], seen)

        found = steady(measured(view, tiling, measure))

        def change(window: Window) -> Features:
            return adain_regions(view(window), [region.within(window) for region in regions], measured=found)

        return crop_to(self._decode(change, tiling), size_of(content.image))

    def _decode(self, view: View, tiling: Tiling, device: torch.device | None = None) -> Tensor:
        picture = Mosaic(tiling.size, device)

        def paint(window: Window) -> None:
            picture.put(window, decode_window(self.decoder, self.backend, view, tiling.size, window))

        tiling.over(paint)
        return picture.tensor

    def _look(self, area: _Area, content: Content, preserve_color: str, style_size: int) -> Style:
        """The style of one area, in the colours that can be seen there if they are to be preserved."""
        image, visible = content.image, content.visible
        seen = visible if area.mask is None else area.mask if visible is None else area.mask * visible

        def recolour(look: Tensor, mask: Tensor | None) -> Tensor:
            looks = look.expand(len(image), -1, -1, -1) if len(look) == 1 else look  # the colours of each content
            return match_color(looks, image, preserve_color, mask=mask, reference_mask=seen)

        change = None if preserve_color in ("none", "luminance") else recolour
        return blend([self._style(each, None, style_size, change) for each in listed(area.look)], area.weights)


def check_preserve_color(method: str) -> str:
    """``method`` if it is one of PRESERVE_COLOR; otherwise InvalidValueError."""
    if method not in PRESERVE_COLOR:
        raise InvalidValueError(
            f"There is no colour preservation {method!r}.", f"Choose {', '.join(PRESERVE_COLOR)}.", method=method
        )
    return method


class _Area(NamedTuple):
    """A part of the content (all of it without a mask) and what it shall look like."""

    mask: Tensor | None
    look: StyleLike | Sequence[StyleLike]
    weights: Sequence[float] | None = None
