"""The engine behind all tabs: networks loaded once, photographs encoded once, results as files to show and keep."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Mapping
from functools import lru_cache, partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from torch import Tensor

from adain_nodes.app.lane import Lane
from adain_nodes.backend import choose_backend
from adain_nodes.checkpoints.catalogue import MODELS, model
from adain_nodes.checkpoints.find import where
from adain_nodes.core.errors import InvalidValueError, MissingWeightsError
from adain_nodes.core.files import shortened
from adain_nodes.core.sizing import size_of
from adain_nodes.encoding import Content
from adain_nodes.imaging import read_image, resize, to_tensor, write_image
from adain_nodes.pipeline import StyleTransfer
from adain_nodes.recipe import Cook, Recipe
from adain_nodes.tiling import Progress

PREVIEW = 512
"""The short side in pixels of what is shown first."""

TILE = 1024
"""The side in pixels of tiles: a preview is one, and a large picture many, after each of which it can be stopped."""

CONTENTS = 24
"""How many photographs are kept, encoded for their previews: about 12 MB each with lite in half precision."""

TRAINED = 8
"""How many models that visitors have trained are kept, ready to be used."""

RESULTS = 8
"""How many of the latest previews are kept: where a photograph is small, its preview is what is downloaded."""

MAX_PIXELS = 50_000_000
"""The default limit of a page, which visitors share: cameras of phones take up to 50 megapixels."""


class Painted(NamedTuple):
    """A photograph and its result, 1×3×H×W in [0, 1]."""

    before: Tensor
    after: Tensor


class Shown(NamedTuple):
    """The same two as files that a browser can show, for a before/after slider."""

    before: str
    after: str


class Engine:
    """Everything that tabs need to make pictures.

    ``folder`` is where results go, each under a name that cannot be guessed. ``model`` is the one that is chosen at
    first: a name of the catalogue or a weight file; visitors may change to those of the catalogue that are on this
    machine. ``device`` and ``dtype`` are as in ``choose_backend``. ``lessons`` are the folders of pictures that
    visitors may train with, by the names that they see; None is no training at all. Raises MissingWeightsError for a
    model that is not here, and InvalidValueError for a device or dtype that is not.
    """

    def __init__(
        self,
        folder: Path,
        *,
        model: str = "lite",
        device: str = "auto",
        dtype: str = "auto",
        max_pixels: int = MAX_PIXELS,
        lessons: Mapping[str, Path] | None = None,
    ) -> None:
        check_present(model)
        choose_backend(device, dtype)
        self.folder = folder
        self.models = tuple(dict.fromkeys((model, *present_models())))
        self.max_pixels = max_pixels
        self.lessons = lessons
        self.lane = Lane()
        settings = {"device": device, "dtype": dtype, "max_pixels": max_pixels, "tile": TILE}
        self._load = partial(StyleTransfer.from_pretrained, **settings)
        self._loading = threading.Lock()
        self._cook = lru_cache(maxsize=None)(lambda model: Cook(self._load(model)))
        self._trained: dict[str, Cook] = {}
        self._photo = lru_cache(maxsize=CONTENTS)(self._prepare)
        self._painted: dict[tuple[Recipe, int], Painted] = {}

    def cook(self, model: str) -> Cook:
        """The networks of one of ``models``, loaded when they are first asked for, or of one that was adopted.

        Raises InvalidValueError for another.
        """
        if model in self._trained:
            return self._trained[model]
        if model not in self.models:
            raise InvalidValueError(f"There is no model {model!r} here.", f"Choose {', '.join(self.models)}.")
        with self._loading:
            return self._cook(model)

    def adopt(self, file: Path) -> None:
        """Take a weight file that a visitor has trained: its path, which nobody else knows, is a model from now on."""
        if len(self._trained) >= TRAINED:
            del self._trained[next(iter(self._trained))]
        self._trained[str(file)] = Cook(self._load(file))

    def warm_up(self, recipe: Recipe) -> None:
        """Load the networks and make a preview that nobody sees: the first visitor does not wait for that."""
        with self.lane.alone():
            self.paint(recipe, PREVIEW, lambda share: None)

    def paint(self, recipe: Recipe, limit: int, progress: Progress) -> Painted:
        """A recipe's result with at most ``limit`` pixels on its short side; the photograph is encoded once."""
        if (recipe, limit) not in self._painted:
            content = self._photo(recipe.model, recipe.content, recipe.size, limit).content
            after = self.cook(recipe.model).paint(recipe, content, progress=progress)
            if len(self._painted) == RESULTS:
                del self._painted[next(iter(self._painted))]
            self._painted[recipe, limit] = Painted(content.image, after)
        return self._painted[recipe, limit]

    def preview(self, recipe: Recipe, progress: Progress) -> Shown:
        """A recipe's result at a size that is ready at once."""
        return self.show(self.paint(recipe, PREVIEW, progress))

    def result(self, recipe: Recipe, progress: Progress) -> tuple[str, Shown]:
        """A recipe's result in full: a PNG with the recipe inside, and the pictures to show."""
        cook = self.cook(recipe.model)
        photo = self._photo(recipe.model, recipe.content, recipe.size, PREVIEW)
        name = f"{shortened('_'.join(path.stem for path in recipe.files))}.png"
        parameters = recipe.parameters(cook.transfer, names(recipe).__getitem__) | {"model": Path(recipe.model).name}
        if not cook.fits(recipe):  # the preview stays what is shown
            png = self.file(name)
            cook.write(recipe, png, parameters=parameters, compression=1, progress=progress)
            return str(png), self.preview(recipe, progress)
        if photo.whole:  # the preview is the result
            painted, alpha = self.paint(recipe, PREVIEW, progress), photo.alpha
        else:
            made = cook.make(recipe, progress=progress)
            painted, alpha = Painted(made.content, made.rgb), made.alpha
        png = self.file(name)
        write_image(png, painted.after, alpha=alpha, compression=1, parameters=parameters)
        return str(png), self.show(painted)

    def show(self, painted: Painted) -> Shown:
        """The two pictures as JPEG files."""
        files = Shown(str(self.file("before.jpg")), str(self.file("after.jpg")))
        for file, picture in zip(files, painted, strict=True):
            write_image(file, picture, quality=90)
        return files

    def keep(self, name: str, sheet: Image.Image) -> str:
        """A drawn sheet as a file; returns its path."""
        file = self.file(name)
        write_image(file, to_tensor(np.asarray(sheet)))
        return str(file)

    def file(self, name: str) -> Path:
        """A path for a file that is to be written, alone in its folder."""
        folder = self.folder / uuid.uuid4().hex
        folder.mkdir(parents=True)
        return folder / name

    def _prepare(self, model: str, path: Path, size: int, limit: int) -> _Photo:
        picture = read_image(path, max_pixels=self.max_pixels)
        short, long = sorted(size_of(picture.rgb))
        wanted = size or short
        room = max(1, TILE * short // long)  # the long side shall fit into a tile
        shown = min(wanted, limit, room)
        alpha = None if picture.alpha is None else resize(picture.alpha, shown)
        return _Photo(self.cook(model).transfer.prepare(picture, size=shown), alpha, shown == wanted)


class _Photo(NamedTuple):
    """A photograph as previews take it, its alpha, and whether it has the size that the result shall have."""

    content: Content
    alpha: Tensor | None
    whole: bool


def present_models() -> tuple[str, ...]:
    """The models of the catalogue whose weights are on this machine."""
    found = []
    for name in MODELS:
        try:
            check_present(name)
        except MissingWeightsError:
            continue
        found.append(name)
    return tuple(found)


def check_present(name: str) -> None:
    """Raise MissingWeightsError unless the weights of a model, or the weight file of this path, are here."""
    if name in MODELS or not Path(name).is_file():
        for part in (model(name).encoder, model(name).decoder):
            where(part)


def names(recipe: Recipe) -> Mapping[Path, str]:
    """What the files of a recipe are called inside its result: their names alone, numbered where two are the same."""
    found: dict[str, Path] = {}
    for path in dict.fromkeys(recipe.files):
        candidates = (path.name if n == 1 else f"{path.stem}-{n}{path.suffix}" for n in range(1, len(recipe.files) + 1))
        found[next(name for name in candidates if name not in found)] = path
    return {path: name for name, path in found.items()}
