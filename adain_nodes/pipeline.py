"""``StyleTransfer``: the one interface that every shell calls."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, TypeAlias

import torch
from PIL import Image
from torch import Tensor

from adain_nodes.backend import choose_backend
from adain_nodes.checkpoints.networks import load_networks
from adain_nodes.core.adain import Features, check_alpha
from adain_nodes.core.color import METHODS, match_color
from adain_nodes.core.errors import InvalidValueError, ShapeError
from adain_nodes.core.regions import Region, adain_regions, coverage
from adain_nodes.core.sizing import Size, mask_of_level, pad_to_minimum, resize_mask, size_of
from adain_nodes.core.style import Style, blend, style_of
from adain_nodes.core.style_file import load_style
from adain_nodes.imaging import MAX_PIXELS, Picture, read_image, read_mask, resize
from adain_nodes.models.base import Decoder, Encoder

log = logging.getLogger("adain_nodes")

ImageLike: TypeAlias = "str | os.PathLike[str] | Image.Image | Picture | Tensor"
"""A path, a Pillow image, what ``read_image`` returns, or a tensor B×3×H×W (or 3×H×W) of RGB in [0, 1]."""

MaskLike: TypeAlias = "str | os.PathLike[str] | Image.Image | Tensor"
"""A path, a Pillow image, or a tensor with H×W as its last axes, in [0, 1]; 1 is inside."""

StyleLike: TypeAlias = "Style | ImageLike"
"""A style, or what makes one: a picture, or the path of a saved style (.safetensors)."""

STYLE_SIZE = 512
"""Short side in pixels of style pictures: it sets how large their texture appears in the result."""

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
        rgb, opaque = self._read(content)
        image = resize(rgb, size).to(self.backend.device)
        areas = [_Area(self._mask(mask, size_of(image)), look) for mask, look in masks]
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
            result = torch.lerp(image, result, covered)
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
        rgb, opaque = self._read(look)
        area = None if mask is None else self._mask(mask, size_of(rgb))
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

    def _read(self, image: ImageLike) -> tuple[Tensor, Tensor | None]:
        """B×3×H×W of any picture, and 1×1×H×W of how opaque it is where it is not everywhere."""
        if isinstance(image, Tensor):
            batch = image[None] if image.ndim == 3 else image
            if batch.ndim != 4 or batch.shape[1] != 3 or 0 in batch.shape:
                raise ShapeError(
                    f"A picture has the shape {tuple(image.shape)}; expected B×3×H×W or 3×H×W, RGB in [0, 1].",
                    "Permute channels-last tensors, and drop or lay over a colour what alpha there is.",
                    shape=tuple(image.shape),
                )
            _check_samples(image, "picture")
            return batch.float(), None
        if isinstance(image, Picture):
            return image.rgb, image.alpha
        picture = read_image(image, max_pixels=self.max_pixels)
        for note in picture.notes:
            log.warning("%s: %s", picture.path or "picture", note)
        return picture.rgb, picture.alpha

    def _mask(self, mask: MaskLike, size: Size) -> Tensor:
        """(B or 1)×1×H×W in [0, 1] of exactly ``size``."""
        if isinstance(mask, Tensor):
            if mask.ndim < 2 or 0 in mask.shape:
                raise ShapeError(
                    f"A mask has the shape {tuple(mask.shape)}; expected height and width as its last axes.",
                    "Use one mask for all pictures, or one for each.",
                    shape=tuple(mask.shape),
                )
            if mask.dtype != torch.bool:
                _check_samples(mask, "mask")
            batch = mask.reshape(-1, 1, *mask.shape[-2:]).to(self.backend.device, torch.float32)
            if size_of(batch) != size:
                log.warning("mask resized from %s to %s (height, width)", tuple(size_of(batch)), size)
            return resize_mask(batch, size)
        values, notes = read_mask(mask, size, max_pixels=self.max_pixels)
        for note in notes:
            log.warning("%s", note)
        return values.to(self.backend.device)


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


def _check_samples(tensor: Tensor, what: str) -> None:
    """Raise InvalidValueError for integers, which count to 255 or 65535 and not to 1."""
    if not tensor.is_floating_point():
        raise InvalidValueError(
            f"A {what} holds {str(tensor.dtype).removeprefix('torch.')}; expected floating point in [0, 1].",
            "Divide it by its full scale: 255 for 8 bits.",
            dtype=tensor.dtype,
        )


def _listed(looks: StyleLike | Sequence[StyleLike]) -> Sequence[StyleLike]:
    return looks if isinstance(looks, Sequence) and not isinstance(looks, str) else [looks]
