"""A recipe: everything that makes one result, in a form that travels inside the result's file."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from torch import Tensor

from adain_nodes import __version__
from adain_nodes.core.adain import check_alpha
from adain_nodes.core.errors import AdaINError, ImageError
from adain_nodes.core.files import make_folder
from adain_nodes.core.style import Style
from adain_nodes.core.windows import Window
from adain_nodes.encoding import STYLE_SIZE, Content
from adain_nodes.imaging import read_image, write_image
from adain_nodes.imaging.decoding import size_by_windows
from adain_nodes.imaging.files import opened
from adain_nodes.imaging.large import open_large, writing_large
from adain_nodes.imaging.tensors import scaled_size
from adain_nodes.imaging.writing import Encoding
from adain_nodes.pipeline import StyleTransfer, check_preserve_color, recolours
from adain_nodes.tiling import Progress, Put

PICTURE_BYTES = 64
"""What a pixel of the photograph and of its result takes, read, at work and written, with nothing of the networks."""

STYLES = 256
"""How many styles are kept: a few kilobytes each."""


@dataclass(frozen=True)
class Recipe:
    """The files and settings of one result; see ``StyleTransfer.stylize`` and ``write_image`` for what each does.

    ``styles`` pairs files with weights, ``masks`` pairs a mask's file with a style's.
    """

    content: Path
    styles: tuple[tuple[Path, float], ...] = ()
    masks: tuple[tuple[Path, Path], ...] = ()
    alpha: float = 1.0
    preserve_color: str = "none"
    size: int = 0
    style_size: int = STYLE_SIZE
    model: str = "lite"
    decoder: str | None = None
    depth: int = 8
    quality: int = 95
    lossless: bool = False

    def __post_init__(self) -> None:
        check_alpha(self.alpha)
        check_preserve_color(self.preserve_color)

    @property
    def files(self) -> tuple[Path, ...]:
        """Every file that goes in, the content first."""
        return (self.content, *(path for path, _ in self.styles), *(path for pair in self.masks for path in pair))

    @property
    def recolours(self) -> bool:
        """Whether the colours of the styles change with the content."""
        return recolours(self.preserve_color)

    @property
    def writing(self) -> dict[str, Any]:
        """The arguments for ``write_image``."""
        return {"depth": self.depth, "quality": self.quality, "lossless": self.lossless}

    def parameters(self, transfer: StyleTransfer, name: Callable[[Path], str] = str) -> dict[str, object]:
        """What is written into the result: the recipe, the digests of its files, and the network that it used.

        ``name`` says what each file is called there, with another name for each.
        """
        return {
            "version": __version__,
            "content": name(self.content),
            "styles": [[name(path), weight] for path, weight in self.styles],
            "masks": [[name(mask), name(style)] for mask, style in self.masks],
            "alpha": self.alpha,
            "preserve_color": self.preserve_color,
            "size": self.size,
            "style_size": self.style_size,
            "model": self.model,
            "decoder": self.decoder,
            **self.writing,
            "encoder": transfer.fingerprint,
            "dtype": str(transfer.backend.dtype).removeprefix("torch."),
            "sha256": {name(path): _sha256(path) for path in self.files},
        }


def recipe_of(parameters: Mapping[str, Any], folder: Path) -> Recipe:
    """The recipe that a result carries; files are looked for where they were, then in ``folder``.

    Raises ImageError for a file that is nowhere or has other contents than then, and AdaINError for parameters that
    are not a recipe.
    """
    try:
        digests: Mapping[str, str] = parameters["sha256"]

        def found(name: str) -> Path:
            return _found(name, digests[name], folder)

        return Recipe(
            content=found(parameters["content"]),
            styles=tuple((found(name), float(weight)) for name, weight in parameters["styles"]),
            masks=tuple((found(mask), found(style)) for mask, style in parameters["masks"]),
            alpha=float(parameters["alpha"]),
            preserve_color=str(parameters["preserve_color"]),
            size=int(parameters["size"]),
            style_size=int(parameters["style_size"]),
            model=str(parameters["model"]),
            decoder=None if parameters["decoder"] is None else str(parameters["decoder"]),
            depth=int(parameters["depth"]),
            quality=int(parameters["quality"]),
            lossless=bool(parameters["lossless"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise AdaINError(
            f"The parameters in the file are not a complete recipe ({error}).",
            "Only results of `adain stylize` can be repeated.",
        ) from error


class Result(NamedTuple):
    """A finished picture 1×3×H×W in [0, 1], its alpha 1×1×H×W if the content has one, and what was said on the way.

    ``content`` is the photograph that it was made of, at the same size.
    """

    rgb: Tensor
    alpha: Tensor | None
    notes: tuple[str, ...]
    content: Tensor


class Cook:
    """Makes recipes with one pipeline; the latest styles are kept, encoded, for recipes that share them."""

    def __init__(self, transfer: StyleTransfer) -> None:
        self.transfer = transfer
        self._style = lru_cache(maxsize=STYLES)(lambda path, size: transfer.encode_style(path, size=size))
        self._matched: WeakKeyDictionary[Content, dict[Recipe, Style]] = WeakKeyDictionary()

    def fits(self, recipe: Recipe) -> bool:
        """Whether the photograph and its result take no more than a quarter of the memory; ``write`` looks, too."""
        size = size_by_windows(recipe.content)
        if size is None:
            return True
        pixels = max(math.prod(size), math.prod(scaled_size(*size, recipe.size)) if recipe.size > 0 else 0)
        return pixels * PICTURE_BYTES <= self.transfer.memory // 4

    def make(self, recipe: Recipe, *, progress: Progress = lambda share: None) -> Result:
        """The result of one recipe, in memory. Raises what ``StyleTransfer.stylize`` raises."""
        picture = read_image(recipe.content, max_pixels=self.transfer.max_pixels)
        content = self.transfer.prepare(picture, size=recipe.size)
        rgb = self.paint(recipe, content, progress=progress)
        return Result(rgb, None if content.visible is None else content.visible.all(), picture.notes, content.image)

    def write(
        self,
        recipe: Recipe,
        path: Path,
        *,
        parameters: dict[str, object] | None = None,
        compression: int = 6,
        progress: Progress = lambda share: None,
    ) -> tuple[str, ...]:
        """Make a recipe's result into a file; returns notes. What does not fit is read, made and written in parts.

        The file carries the ``parameters``, or those of the recipe. Raises what ``StyleTransfer.stylize``,
        ``write_image`` and ``writing_large`` raise.
        """
        parameters = parameters or recipe.parameters(self.transfer)
        settings = {"compression": compression, "parameters": parameters, **recipe.writing}
        if not self.fits(recipe):
            return self._stream(recipe, path, settings, progress)
        result = self.make(recipe, progress=progress)
        make_folder(path.parent)
        return result.notes + write_image(path, result.rgb, alpha=result.alpha, **settings)

    def _stream(self, recipe: Recipe, path: Path, settings: Mapping[str, Any], progress: Progress) -> tuple[str, ...]:
        encoding = Encoding.of(path, **settings)
        picture = open_large(recipe.content, max_pixels=self.transfer.max_pixels)
        content = self.transfer.prepare(picture, size=recipe.size)
        notes = dict.fromkeys(picture.notes)
        make_folder(path.parent)
        with writing_large(path, content.rgb.size, encoding, transparent=content.visible is not None) as file:

            def put(window: Window, rgb: Tensor) -> None:
                alpha = None if content.visible is None else content.visible.read(window)
                notes.update(dict.fromkeys(file(window, rgb, alpha)))

            self.paint(recipe, content, into=put, progress=progress)
        return tuple(notes)

    def paint(
        self, recipe: Recipe, content: Content, *, into: Put | None = None, progress: Progress = lambda share: None
    ) -> Tensor:
        """What a recipe makes of a content that is prepared already, at its size instead of the recipe's."""
        styles, preserve_color = recipe.styles, recipe.preserve_color
        look, weights = [self._look(path, recipe) for path, _ in styles] or None, [weight for _, weight in styles]
        if styles and not recipe.masks and recipe.recolours and into is None:
            look, weights, preserve_color = self._match(recipe, content), None, "none"
        return self.transfer.stylize(
            content,
            look,
            weights=weights or None,
            alpha=recipe.alpha,
            preserve_color=preserve_color,
            masks=[(mask, self._look(style, recipe)) for mask, style in recipe.masks],
            style_size=recipe.style_size,
            into=into,
            progress=progress,
        )

    def _match(self, recipe: Recipe, content: Content) -> Style:
        """The style in the content's colours, kept as long as the content is: another alpha needs no other one."""
        kept = self._matched.setdefault(content, {})
        key = replace(recipe, alpha=1.0)
        if key not in kept:
            kept[key] = self.transfer.match_style(
                content,
                [path for path, _ in recipe.styles],
                weights=[weight for _, weight in recipe.styles],
                preserve_color=recipe.preserve_color,
                style_size=recipe.style_size,
            )
        return kept[key]

    def _look(self, path: Path, recipe: Recipe) -> Style | Path:
        if recipe.recolours:
            return path
        return self._style(path, recipe.style_size)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with opened(path) as file:
        while block := file.read(2**20):
            digest.update(block)
    return digest.hexdigest()


def _found(name: str, digest: str, folder: Path) -> Path:
    candidates = [Path(name), folder / Path(name).name]
    present = [path for path in candidates if path.is_file()]
    if not present:
        raise ImageError(
            f"{name}, which made this result, is not there.",
            f"Put it back, or beside the result in {folder}.",
            name=name,
        )
    for path in present:
        if _sha256(path) == digest:
            return path
    raise ImageError(
        f"{present[0]} has changed since this result was made.", "Put the former file back.", path=present[0]
    )
