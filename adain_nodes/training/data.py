"""Training pictures: which pair stands where in a run depends on the seed and the step alone."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from adain_nodes.core.errors import ImageError, InvalidValueError, ShapeError
from adain_nodes.imaging import find_images, read_image, resize, to_array, to_tensor
from adain_nodes.training.config import TrainingConfig

log = logging.getLogger("adain_nodes")

Place: TypeAlias = "str | os.PathLike[str] | Tensor"
"""A picture, a folder (with the folders inside it), or pictures in memory: B×3×H×W in [0, 1]."""

Source: TypeAlias = "Place | tuple[Place, float]"
"""A place, and how many times as often its pictures are drawn."""

FEW = 100
"""Fewer pictures than this are not enough to learn from in general (the paper has 80,000 of each kind)."""

LONGEST = 4
"""Of pictures that are longer than so many times their width only the middle is kept: memory is for the others."""

_TRIES = 50


class Batch(NamedTuple):
    """Pairs to train with, each B×3×crop×crop in [0, 1].

    ``numbers``, B, are those of the styles among the run's pictures. ``views`` of the contents and of the styles
    number the cuts where these come again, for each kind; they are None where they do not. ``noisy`` is the content
    with sensor noise, or None where nothing asks for it. ``skipped`` names pictures that could not be read, and why;
    others stand in their places.
    """

    content: Tensor
    style: Tensor
    numbers: Tensor | None = None
    views: tuple[Tensor | None, Tensor | None] = (None, None)
    noisy: Tensor | None = None
    skipped: Mapping[Path, str] = MappingProxyType({})

    def parts(self, count: int) -> list[Batch]:
        """The batch in ``count`` equal parts."""

        def chunks(tensor: Tensor | None) -> Sequence[Tensor | None]:
            return (None,) * count if tensor is None else tensor.chunk(count)

        views = zip(*map(chunks, self.views), strict=True)
        pairs = (self.content.chunk(count), self.style.chunk(count))
        return [Batch(*part) for part in zip(*pairs, chunks(self.numbers), views, chunks(self.noisy), strict=True)]

    def placed(self, place: Callable[[Tensor], Tensor]) -> Batch:
        """The batch with its pictures where ``place`` brings them; the numbers stay."""
        noisy = None if self.noisy is None else place(self.noisy)
        return self._replace(content=place(self.content), style=place(self.style), noisy=noisy)


class Cut(NamedTuple):
    """A square of a picture, 1×3×crop×crop, the picture's number, and the number of the view where these are few."""

    pixels: Tensor
    number: int
    view: int


class Pictures:
    """The pictures of some sources at one short side in pixels, as 8-bit samples; files are read when drawn.

    Raises ImageError for a source without pictures, InvalidValueError for a weight of 0 or less, ShapeError for a
    tensor that is no B×3×H×W.
    """

    def __init__(self, sources: Sequence[Source], short_side: int, *, cache: bool = False) -> None:
        weighted = [source if isinstance(source, tuple) else (source, 1.0) for source in sources]
        if not weighted:
            raise InvalidValueError("There are no pictures to train with.", "Name files or folders of each kind.")
        self.skipped: dict[Path, str] = {}
        self._short_side = short_side
        self._cache: dict[Path, np.ndarray] | None = {} if cache else None
        self._pictures: list[Path | np.ndarray] = []
        weights: list[float] = []
        for number, (place, weight) in enumerate(weighted, start=1):
            if not weight > 0:
                raise InvalidValueError(
                    f"The weight of source {number} is {weight:g}; it must be more than 0.", weight=weight
                )
            found = self._in_memory(place) if isinstance(place, Tensor) else find_images([place], recursive=True)
            self._pictures += found
            weights += [weight] * len(found)
        self._cumulative = list(accumulate(weights))

    def __len__(self) -> int:
        return len(self._pictures)

    def draw(self, random: Random) -> tuple[int, np.ndarray]:
        """The number of a picture drawn by ``random``, and its pixels H×W×3, 0–255.

        One that cannot be read is noted, and another one drawn.
        Raises ImageError when that happens again and again.
        """
        for _ in range(_TRIES):
            (number,) = random.choices(range(len(self)), cum_weights=self._cumulative)
            if (pixels := self._pixels(self._pictures[number])) is not None:
                return number, pixels
        raise self._unreadable()

    def sample(self, random: Random, count: int) -> dict[int, np.ndarray]:
        """``count`` different pictures, as ``draw`` gives them, by number; fewer where there are not so many."""
        found: dict[int, np.ndarray] = {}
        for number in random.sample(range(len(self)), min(len(self), count + _TRIES)):
            if len(found) < count and (pixels := self._pixels(self._pictures[number])) is not None:
                found[number] = pixels
        if not found:
            raise self._unreadable()
        return found

    def read(self, path: Path) -> np.ndarray:
        """One picture H×W×3, 0–255, at the short side. Raises ImageError as ``read_image``."""
        if self._cache is not None and path in self._cache:
            return self._cache[path]
        pixels = to_array(resize(_middle(read_image(path).rgb), self._short_side))[0]
        if self._cache is not None:
            self._cache[path] = pixels
        return pixels

    def fill(self) -> None:
        """Read what the cache will keep: worker processes that start later share it instead of reading their own."""
        for picture in self._pictures if self._cache is not None else ():
            self._pixels(picture)

    def _pixels(self, picture: Path | np.ndarray) -> np.ndarray | None:
        """A picture, or None where it cannot be read, which is noted."""
        if isinstance(picture, np.ndarray):
            return picture
        if picture not in self.skipped:
            try:
                return self.read(picture)
            except ImageError as error:
                self.skipped[picture] = str(error)
        return None

    def _unreadable(self) -> ImageError:
        return ImageError(
            f"{len(self.skipped)} of {len(self)} pictures cannot be read, {next(iter(self.skipped))} for one.",
            "Check the folder: are these pictures?",
            skipped=tuple(self.skipped),
        )

    def _in_memory(self, pictures: Tensor) -> list[np.ndarray]:
        if pictures.ndim != 4 or pictures.shape[1] != 3:
            shape = tuple(pictures.shape)
            raise ShapeError(f"Pictures to train with are B×3×H×W, not {shape}.", "Convert them to RGB.", shape=shape)
        return list(to_array(resize(pictures, self._short_side)))


class Pairs(Dataset[Batch]):
    """The batches of a run: item t is the batch of step t, whichever were asked for before, and in which process.

    With a ``share``, only the pairs at these places of each batch.
    """

    def __init__(
        self, contents: Pictures, styles: Pictures, config: TrainingConfig, share: range | None = None
    ) -> None:
        self.contents = contents
        self.styles = styles
        self.config = config
        self._share = range(config.batch) if share is None else share

    def __getitem__(self, step: int) -> Batch:
        contents, styles, noisy = zip(*(self._pair(step, index) for index in self._share), strict=True)
        skipped = {**self.contents.skipped, **self.styles.skipped}
        numbers = torch.tensor([style.number for style in styles])
        content, style = (torch.cat([cut.pixels for cut in cuts]) for cuts in (contents, styles))
        noise = torch.cat(noisy) if self._noise else None
        return Batch(content, style, numbers, (self._views(contents), self._views(styles)), noise, skipped)

    def _views(self, cuts: Sequence[Cut]) -> Tensor | None:
        return torch.tensor([cut.view for cut in cuts]) if self.config.views else None

    @property
    def _noise(self) -> float:
        return self.config.noise if self.config.noise_weight or self.config.denoise else 0.0

    def _pair(self, step: int, index: int) -> tuple[Cut, Cut, Tensor]:
        random = Random(f"{self.config.seed}/{step}/{index}")  # a text gives the same numbers everywhere
        content, style = (self._cut(pictures, kind, random) for kind, pictures in self._kinds)
        generator = torch.Generator().manual_seed(random.getrandbits(62))
        pixels = content.pixels
        noisy = pixels + self._noise * torch.randn(pixels.shape, generator=generator) if self._noise else pixels
        return content, style, noisy.clamp(0, 1)

    @property
    def _kinds(self) -> tuple[tuple[str, Pictures], tuple[str, Pictures]]:
        return ("content", self.contents), ("style", self.styles)

    def _cut(self, pictures: Pictures, kind: str, random: Random) -> Cut:
        number, pixels = pictures.draw(random)
        views = self.config.views
        if not views:
            return Cut(self._crop(pixels, random), number, 0)
        view = random.randrange(views)
        same = Random(f"{self.config.seed}/{kind}/{number}/{view}")
        return Cut(self._crop(pixels, same), number, number * views + view)

    def _crop(self, pixels: np.ndarray, random: Random) -> Tensor:
        side = self.config.crop
        top, left = (random.randint(0, length - side) for length in pixels.shape[:2])
        cut = pixels[top : top + side, left : left + side]
        mirrored = self.config.flip and random.random() < 0.5
        return to_tensor(cut[:, ::-1] if mirrored else cut)


def batches(pairs: Pairs, first: int) -> Iterator[Batch]:
    """The batches of the steps from ``first`` to the last, made by the configured number of worker processes."""
    config = pairs.config
    steps = range(first, config.steps)
    if config.workers:
        pairs.contents.fill()
        pairs.styles.fill()
    pinned = torch.cuda.is_available()  # from pinned memory pictures reach the device faster
    return iter(DataLoader(pairs, batch_size=None, sampler=steps, num_workers=config.workers, pin_memory=pinned))


def _middle(image: Tensor) -> Tensor:
    """The middle of a …×H×W picture that is longer than ``LONGEST`` times its short side."""
    height, width = image.shape[-2:]
    longest = LONGEST * min(height, width)
    top, left = max(0, height - longest) // 2, max(0, width - longest) // 2
    return image[..., top : top + longest, left : left + longest]


def warn_if_few(contents: Pictures, styles: Pictures) -> None:
    """Log a warning when there are too few pictures to learn style transfer in general."""
    for kind, pictures in (("content", contents), ("style", styles)):
        if len(pictures) < FEW:
            log.warning(
                "Only %d %s picture(s): the networks will learn these by heart. The paper trained with 80,000.",
                len(pictures),
                kind,
            )
