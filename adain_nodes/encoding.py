"""``StyleEncoder``: an encoder on a device, and the way from pictures to features and styles."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import TypeAlias

import torch
from torch import Tensor

from adain_nodes.backend import Backend, free_memory
from adain_nodes.core.adain import Features
from adain_nodes.core.errors import EncoderMismatchError, InvalidValueError
from adain_nodes.core.raster import Raster
from adain_nodes.core.regions import Measured, merge_measured
from adain_nodes.core.resampling import LANCZOS, resampled
from adain_nodes.core.sizing import Size, at_least, mask_of_level, resize_mask, size_of
from adain_nodes.core.statistics import moments
from adain_nodes.core.style import Style, blend, style_of_moments
from adain_nodes.core.style_file import load_style
from adain_nodes.core.windows import Window, whole
from adain_nodes.imaging import MAX_PIXELS, resize
from adain_nodes.imaging.large import LargePicture
from adain_nodes.imaging.likes import ImageLike, MaskLike, as_mask, as_picture
from adain_nodes.imaging.tensors import scaled_size
from adain_nodes.models.base import Encoder
from adain_nodes.mosaic import Mosaic
from adain_nodes.tiling import Encoded, Progress, Tiling, View, choose_side, encode_window

StyleLike: TypeAlias = "Style | ImageLike"
"""A style, or what makes one: a picture, or the path of a saved style (.safetensors)."""

STYLE_SIZE = 512
"""Short side in pixels of style pictures: it sets how large their texture appears in the result."""


@dataclass(frozen=True, eq=False)
class Content:
    """A photograph that is ready to be stylised, more than once if need be: see ``StyleEncoder.prepare``.

    ``rgb`` is B×3×H×W and ``visible``, where it is not opaque throughout, 1×1×H×W, both in [0, 1]. ``view`` gives
    the features of its windows, and ``encoder`` is the fingerprint of what makes them.
    """

    rgb: Raster
    visible: Raster | None
    view: Encoded
    encoder: str

    @property
    def image(self) -> Tensor:
        """The whole photograph, B×3×H×W in [0, 1]."""
        return self.rgb.all()


Recolour: TypeAlias = "Callable[[Tensor, Tensor | None], Tensor]"
"""Gives a style picture, of which a mask may mark a part, other colours."""


class StyleEncoder:
    """Features and styles of pictures, by an encoder that lies on the backend's device already.

    ``tile`` is the side in pixels of the tiles that large pictures are seen in, 0 chooses it so that the work takes
    about ``max_memory`` bytes on the device; 0 stands for half of what is free there. ``max_pixels`` limits the
    pictures and masks that are read from files, and what they are enlarged to.
    """

    def __init__(
        self,
        encoder: Encoder,
        backend: Backend,
        *,
        tile: int = 0,
        max_memory: int = 0,
        max_pixels: int = MAX_PIXELS,
    ) -> None:
        self.encoder = encoder
        self.backend = backend
        self.tile = tile
        self.max_memory = max_memory
        self.max_pixels = max_pixels

    @cached_property
    def fingerprint(self) -> str:
        """The encoder's: styles carry it, and only those that carry this one are taken."""
        return self.encoder.fingerprint()

    def encode(
        self, image: Tensor, *, device: torch.device | None = None, progress: Progress = lambda share: None
    ) -> Features:
        """Features of B×3×H×W pictures of any size, put together on a device (on that of the encoder without one).

        ``progress`` is told the share done, after each tile.
        """
        picture = Raster.of(image)
        tiling = self._tiling(picture.size, picture.batch, progress=progress)
        levels = [Mosaic(whole(tiling.size).cells(stride).size, device) for stride in self.encoder.strides]

        def put(window: Window) -> None:
            features = encode_window(self.encoder, self.backend, picture, window)
            for level, stride, part in zip(levels, self.encoder.strides, features, strict=True):
                level.put(window.cells(stride), part)

        tiling.over(put)
        return tuple(level.tensor for level in levels)

    def prepare(self, content: ImageLike | LargePicture | Content, *, size: int = 0) -> Content:
        """A photograph with ``size`` pixels on its short side (0 keeps its own), to be stylised again and again.

        It is encoded when that is first needed, and only once where the features fit into a quarter of the memory. A
        LargePicture stays on the disk, whatever the size. What is prepared already is given back. Raises
        EncoderMismatchError if another encoder prepared it, InvalidValueError for a size all the same, or one above
        ``max_pixels``, and the errors of ``read_image``.
        """
        if isinstance(content, Content):
            return self._prepared(content, size)
        stays = isinstance(content, LargePicture)
        rgb, alpha = (content.rgb, content.alpha) if stays else as_picture(content, self.max_pixels)
        picture = self._sized(rgb, size)
        visible = None if alpha is None else self._sized(alpha, size)
        return Content(picture, visible, self._view(picture), self.fingerprint)

    def _prepared(self, content: Content, size: int) -> Content:
        """The same content, if it is ours."""
        if size:
            raise InvalidValueError(
                "The content is prepared already: its size cannot be changed any more.",
                "Give the size to `prepare`.",
                size=size,
            )
        if content.encoder != self.fingerprint:
            raise EncoderMismatchError(
                f"The content was prepared by the encoder {content.encoder}; the encoder in use is {self.fingerprint}.",
                "Prepare it again with this one.",
                content=content.encoder,
                encoder=self.fingerprint,
            )
        return content

    def encode_style(
        self,
        images: StyleLike | Sequence[StyleLike],
        *,
        weights: Sequence[float] | None = None,
        mask: MaskLike | None = None,
        size: int = STYLE_SIZE,
        progress: Progress = lambda share: None,
    ) -> Style:
        """One style from one or several pictures, blended by ``weights`` (equal shares without them).

        ``mask`` marks the part of a picture that is the style (transparent parts never are). ``size`` is the short
        side in pixels to which pictures are brought first, 0 keeps theirs. A tensor of B pictures makes B
        styles in one, for as many contents. Styles that are encoded already join the blend as they are. ``progress`` is
        told the share of each picture that is done, after each tile.
        """
        return blend([self._style(image, mask, size, progress=progress) for image in listed(images)], weights)

    def _style(
        self,
        look: StyleLike,
        mask: MaskLike | None,
        size: int,
        recolour: Recolour | None = None,
        progress: Progress = lambda share: None,
    ) -> Style:
        """One picture's style, or a style that is one already."""
        if isinstance(look, str | os.PathLike) and Path(look).suffix == ".safetensors":
            look = load_style(look)
        if isinstance(look, Style):
            return self._ready(look, masked=mask is not None, recoloured=recolour is not None)
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
        rgb = self._resized(rgb, size)
        area = None if area is None else resize_mask(area, size_of(rgb))
        if recolour is not None:
            rgb = recolour(rgb, None if area is None else (area > 0).float())
        note = Path(look).stem if isinstance(look, str | os.PathLike) else ""
        return self._measured_style(rgb, area, note, progress)

    def _ready(self, style: Style, *, masked: bool, recoloured: bool) -> Style:
        """A style that was encoded before, if that is all that is asked of it."""
        if masked:
            raise InvalidValueError(
                f"The style {style.note!r} is statistics already: a mask cannot choose a part of it.",
                "Pass its picture with the mask.",
                note=style.note,
            )
        if recoloured:
            raise InvalidValueError(
                f"The style {style.note!r} is statistics already: its colours cannot be matched to the content's.",
                'Pass its picture, or preserve the colours with "luminance".',
                note=style.note,
            )
        style.check_encoder(self.fingerprint, self.encoder.levels)
        return style

    def _measured_style(self, image: Tensor, area: Tensor | None, note: str, progress: Progress) -> Style:
        picture, part = Raster.of(image), None if area is None else Raster.of(area)

        def measure(features: Features, window: Window) -> Measured:
            mask = None if part is None else part.read(window)
            masks = [None if mask is None else mask_of_level(mask, size_of(level)) for level in features]
            return tuple((moments(level, mask),) for level, mask in zip(features, masks, strict=True))

        tiling = self._tiling(picture.size, picture.batch, progress=progress)
        view = partial(encode_window, self.encoder, self.backend, picture)  # each window is looked at once
        levels = [level for (level,) in measured(view, tiling, measure)]
        return style_of_moments(levels, self.encoder.levels, self.fingerprint, self.encoder.convention, note=note)

    def _sized(self, planes: Tensor | Raster, size: int) -> Raster:
        if isinstance(planes, Tensor):
            return Raster.of(self._resized(planes, size))
        return resampled(planes, self._size_of(planes.size, size), LANCZOS)

    def _resized(self, rgb: Tensor, size: int) -> Tensor:
        """The picture at its size and on the device; InvalidValueError for more than ``max_pixels``."""
        self._size_of(size_of(rgb), size)
        return resize(rgb, size).to(self.backend.device)

    def _size_of(self, size: Size, short_side: int) -> Size:
        """The size that a picture will have; InvalidValueError for more than ``max_pixels``."""
        if not short_side:
            return size
        height, width = scaled_size(*size, short_side)
        if height * width > max(self.max_pixels, math.prod(size)):
            raise InvalidValueError(
                f"With a short side of {short_side} px the picture would have {width}×{height} px, above the limit of "
                f"{self.max_pixels / 1e6:g} megapixels.",
                "Choose a smaller size, or raise the pixel limit.",
                size=short_side,
                max_pixels=self.max_pixels,
            )
        return height, width

    @property
    def memory(self) -> int:
        """The bytes that the work may take: a quarter of them for pictures, up to a half for a tile."""
        return self.max_memory or free_memory(self.backend.device) // 2

    @property
    def margin(self) -> int:
        """How far in pixels a tile is looked at beyond its edge."""
        return self.encoder.margin

    def _view(self, picture: Raster) -> Encoded:
        """Features, which are kept where what pictures and a tile leave of the memory is enough for them."""
        outer = self._tiling(picture.size, picture.batch).side + 2 * self.margin
        room = self.memory * 3 // 4 - self.encoder.pixel_bytes * picture.batch * outer**2
        return Encoded(self.encoder, self.backend, picture, room)

    def _tiling(self, size: Size, batch: int, passes: int = 1, progress: Progress = lambda share: None) -> Tiling:
        """Of pictures as they are encoded: small ones are padded."""
        padded = at_least(size, self.encoder.minimum_size)
        side = self.tile or choose_side(
            padded,
            self.backend.device,
            self.memory // 2,
            self.encoder.pixel_bytes * batch,
            self.margin,
            strict=self.max_memory > 0,
        )
        return Tiling(padded, side, passes, progress)


def measured(view: View, tiling: Tiling, measure: Callable[[Features, Window], Measured]) -> Measured:
    """What ``measure`` finds in the features of each tile, merged."""
    found: list[Measured] = []  # merged at once: small things that stay would break up the memory that tiles leave

    def look(window: Window) -> None:
        found[:] = [merge_measured([*found, measure(view(window), window)])]

    tiling.over(look)
    return found[0]


def listed(looks: StyleLike | Sequence[StyleLike]) -> Sequence[StyleLike]:
    """What makes one style, as a list of what is blended."""
    return looks if isinstance(looks, Sequence) and not isinstance(looks, str) else [looks]
