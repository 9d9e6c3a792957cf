"""``StyleTransfer``: the one interface that every shell calls."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, TypeAlias

import torch
from torch import Tensor

from adain_nodes.backend import choose_backend
from adain_nodes.checkpoints.networks import load_networks
from adain_nodes.core.adain import Features, check_alpha
from adain_nodes.core.color import METHODS, match_color
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.regions import Region, adain_regions, coverage
from adain_nodes.core.sizing import Size, mask_of_level, pad_to_minimum, resize_mask, size_of
from adain_nodes.core.style import Style, blend, style_of
from adain_nodes.core.style_file import load_style
from adain_nodes.imaging import MAX_PIXELS, resize
from adain_nodes.imaging.likes import ImageLike, MaskLike, as_mask, as_picture
from adain_nodes.models.base import Decoder, Encoder

StyleLike: TypeAlias = "Style | ImageLike"
"""A style, or what makes one: a picture, or the path of a saved style (.safetensors)."""

STYLE_SIZE = 512
"""Short side in pixels of style pictures: it sets how large their texture appears in the result."""

FADE = 0.25
"""How much of a soft mask there must be, with no style outside, before none of the photograph's own pixels is left."""

PRESERVE_COLOR = ("none", *METHODS)


class StyleTransfer:
    """An encoder and its decoder on a device, with everything between a picture and its stylised version.

    >>> transfer = StyleTransfer.from_pretrained("lite")
    >>> style = transfer.encode_style(["waves.jpg", "mosaic.jpg"], weights=[0.7, 0.3])
    >>> picture = transfer.stylize("photo.jpg", style, alpha=0.8)

    ``device`` and ``dtype`` are those of ``choose_backend``. ``compile`` runs the networks through torch.compile: the
    first picture of each size takes much longer, later ones a little less than before. ``max_pixels`` limits the
    pictures and masks that are read from files. Raises EncoderMismatchError when the decoder was trained for another
    encoder.
    """

    def __init__(
        self,
        encoder: Encoder,
        decoder: Decoder,
        *,
        device: str = "auto",
        dtype: str = "auto",
        compile: bool = False,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        decoder.check_encoder(encoder)
        self.max_pixels = max_pixels
        self.backend = choose_backend(device, dtype)
        layout = torch.channels_last
        self.encoder = encoder.eval().to(self.backend.device, memory_format=layout)  # pyright: ignore[reportCallIssue]
        self.decoder = decoder.eval().to(self.backend.device, memory_format=layout)  # pyright: ignore[reportCallIssue]
        if compile:
            self.encoder.compile()
            self.decoder.compile()

    @classmethod
    def from_pretrained(
        cls,
        model: str | Path = "lite",
        *,
        decoder: str | Path | None = None,
        device: str = "auto",
        dtype: str = "auto",
        compile: bool = False,
        max_pixels: int = MAX_PIXELS,
        host_folders: Sequence[Path] = (),
    ) -> StyleTransfer:
        """A model of the catalogue ("lite", "vgg19") or a weight file, with another decoder if one is named.

        Raises the errors of ``load_networks`` and ``choose_backend``.
        """
        networks = load_networks(model, decoder, host_folders=host_folders)
        return cls(*networks, device=device, dtype=dtype, compile=compile, max_pixels=max_pixels)

    @cached_property
    def fingerprint(self) -> str:
        """The encoder's: styles carry it, and only those that carry this one are taken."""
        return self.encoder.fingerprint()

    def encode(self, image: Tensor) -> Features:
        """Features of B×3×H×W pictures of any size, on the pipeline's device."""
        with self.backend.running():
            return self.encoder(self.backend.place(pad_to_minimum(image, self.encoder.minimum_size)))

    def decode(self, features: Features, size: Size) -> Tensor:
        """The B×3×H×W pictures of exactly ``size``, float32 in [0, 1]."""
        with self.backend.running():
            return self.decoder.decode(features, size)

    def encode_style(
        self,
        images: StyleLike | Sequence[StyleLike],
        *,
        weights: Sequence[float] | None = None,
        mask: MaskLike | None = None,
        size: int = STYLE_SIZE,
    ) -> Style:
        """One style from one or several pictures, blended by ``weights`` (equal shares without them).

        ``mask`` marks the part of a picture that is the style (transparent parts never are). ``size`` is the short
        side in pixels to which pictures are brought first, 0 keeps theirs. A tensor of B pictures makes B
        styles in one, for as many contents. Styles that are encoded already join the blend as they are.
        """
        return blend([self._style(image, mask, size) for image in _listed(images)], weights)

    def stylize(
        self,
        content: ImageLike,
        style: StyleLike | Sequence[StyleLike] | None = None,
        *,
        weights: Sequence[float] | None = None,
        alpha: float = 1.0,
        preserve_color: str = "none",
        masks: Sequence[tuple[MaskLike, StyleLike | Sequence[StyleLike]]] = (),
        size: int = 0,
        style_size: int = STYLE_SIZE,
    ) -> Tensor:
        """The content in the style: B×3×H×W, float32 in [0, 1], of exactly the content's size (or of ``size``).

        ``alpha`` runs from 0 (the content) to 1 (the full style). ``masks`` pairs soft masks with styles of their
        own; ``style`` then fills what they leave, and without it the photograph itself stays there. ``size`` is the
        short side in pixels of the result, 0 keeps the content's.

        ``preserve_color`` keeps the content's colours: "coral", "mean-std" and "histogram" give the style pictures
        those colours first (each region its own), "luminance" takes only the lightness from the result. Raises
        InvalidValueError when a style is statistics already, whose colours cannot be changed any more.
        """
        check_alpha(alpha)
        check_preserve_color(preserve_color)
        if style is None and not masks:
            raise InvalidValueError("There is no style.", "Give a style, or masks with styles.")
        if style is None and weights is not None:
            raise InvalidValueError("There are weights and no style.", "Blend the styles of masks with encode_style.")
        rgb, opaque = as_picture(content, self.max_pixels)
        image = resize(rgb, size).to(self.backend.device)
        areas = [_Area(as_mask(mask, size_of(image), self.max_pixels).to(image), look) for mask, look in masks]
        covered = coverage([area.mask for area in areas if area.mask is not None]) if areas else None
        if style is not None:
            areas.append(_Area(None if covered is None else 1 - covered, style, weights))
        visible = None if opaque is None else resize_mask(opaque.to(image), size_of(image))
        regions = [
            Region(area.mask, self._look(area, image, visible, preserve_color, style_size), alpha) for area in areas
        ]
        features = self.encode(image)
        with self.backend.running():
            features = adain_regions(features, regions, visible)
        result = self.decode(features, size_of(image))
        if style is None and covered is not None:
            # Features fade with the mask; where little of it is left, the photograph's own pixels replace its decoding.
            result = torch.lerp(image, result, (covered / FADE).clamp(max=1))
        return match_color(result, image, "luminance") if preserve_color == "luminance" else result

    def _look(self, area: _Area, image: Tensor, visible: Tensor | None, preserve_color: str, style_size: int) -> Style:
        """The style of one area, in the colours that can be seen there if they are to be preserved."""
        seen = visible if area.mask is None else area.mask if visible is None else area.mask * visible

        def recolour(look: Tensor, mask: Tensor | None) -> Tensor:
            looks = look.expand(len(image), -1, -1, -1) if len(look) == 1 else look  # the colours of each content
            return match_color(looks, image, preserve_color, mask=mask, reference_mask=seen)

        change = None if preserve_color in ("none", "luminance") else recolour
        return blend([self._style(each, None, style_size, change) for each in _listed(area.look)], area.weights)

    def _style(
        self,
        look: StyleLike,
        mask: MaskLike | None,
        size: int,
        recolour: Callable[[Tensor, Tensor | None], Tensor] | None = None,
    ) -> Style:
        """One picture's style, or a style that is one already."""
        if isinstance(look, str | os.PathLike) and Path(look).suffix == ".safetensors":
            look = load_style(look)
        if isinstance(look, Style):
            if mask is not None:
                raise InvalidValueError(
                    f"The style {look.note!r} is statistics already: a mask cannot choose a part of it.",
                    "Pass its picture with the mask.",
                    note=look.note,
                )
            if recolour is not None:
                raise InvalidValueError(
                    f"The style {look.note!r} is statistics already: its colours cannot be matched to the content's.",
                    'Pass its picture, or preserve the colours with "luminance".',
                    note=look.note,
                )
            look.check_encoder(self.fingerprint, self.encoder.levels)
            return look
        rgb, opaque = as_picture(look, self.max_pixels)
        area = None if mask is None else as_mask(mask, size_of(rgb), self.max_pixels).to(self.backend.device)
        if opaque is not None:
            opaque = opaque.to(self.backend.device)
            area = opaque if area is None else area * opaque
        if area is not None and not area.amax((2, 3)).all():
            raise InvalidValueError(
                "Nothing is left of a style picture: its mask is black throughout, or the picture transparent.",
                "Mark the part that is the style in white.",
            )
        rgb = resize(rgb, size).to(self.backend.device)
        area = None if area is None else resize_mask(area, size_of(rgb))
        if recolour is not None:
            rgb = recolour(rgb, None if area is None else (area > 0).float())
        features = self.encode(rgb)
        masks = None if area is None else [mask_of_level(area, size_of(level)) for level in features]
        note = Path(look).stem if isinstance(look, str | os.PathLike) else ""
        return style_of(
            features, self.encoder.levels, self.fingerprint, self.encoder.convention, masks=masks, note=note
        )


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


def _listed(looks: StyleLike | Sequence[StyleLike]) -> Sequence[StyleLike]:
    return looks if isinstance(looks, Sequence) and not isinstance(looks, str) else [looks]
