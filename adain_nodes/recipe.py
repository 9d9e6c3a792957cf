"""A recipe: everything that makes one result, in a form that travels inside the result's file."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from torch import Tensor

from adain_nodes import __version__
from adain_nodes.core.adain import check_alpha
from adain_nodes.core.errors import AdaINError, ImageError
from adain_nodes.core.style import Style
from adain_nodes.encoding import STYLE_SIZE, Content
from adain_nodes.imaging import read_bytes, read_image, resize
from adain_nodes.pipeline import StyleTransfer, check_preserve_color
from adain_nodes.tiling import Progress

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

    def make(self, recipe: Recipe, *, progress: Progress = lambda share: None) -> Result:
        """The result of one recipe. Raises what ``StyleTransfer.stylize`` raises."""
        picture = read_image(recipe.content, max_pixels=self.transfer.max_pixels)
        content = self.transfer.prepare(picture, size=recipe.size)
        rgb = self.paint(recipe, content, progress=progress)
        alpha = None if picture.alpha is None else resize(picture.alpha, recipe.size)
        return Result(rgb, alpha, picture.notes, content.image)

    def paint(self, recipe: Recipe, content: Content, *, progress: Progress = lambda share: None) -> Tensor:
        """What a recipe makes of a content that is prepared already, at its size instead of the recipe's."""
        return self.transfer.stylize(
            content,
            [self._look(path, recipe) for path, _ in recipe.styles] or None,
            weights=[weight for _, weight in recipe.styles] or None,
            alpha=recipe.alpha,
            preserve_color=recipe.preserve_color,
            masks=[(mask, self._look(style, recipe)) for mask, style in recipe.masks],
            style_size=recipe.style_size,
            progress=progress,
        )

    def _look(self, path: Path, recipe: Recipe) -> Style | Path:
        if recipe.preserve_color not in ("none", "luminance"):
            return path  # its colours change with every content
        return self._style(path, recipe.style_size)


def _sha256(path: Path) -> str:
    return hashlib.sha256(read_bytes(path)).hexdigest()


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
