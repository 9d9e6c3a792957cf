"""The pictures of a survey as raters get them: nothing about a file says which method made it."""

from __future__ import annotations

import base64
import io
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from PIL import Image

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.sizing import size_of
from adain_nodes.imaging import read_image, to_pil
from adain_nodes.survey.questions import Question, Survey

LONG_SIDE, LONG_SIDE_BESIDE = 1024, 512
"""The most pixels of a picture's longer side, and of those beside it."""

ASPECT = 1.05
"""By how much the aspects of one picture may differ between methods, some of which round sizes."""

QUALITY = 95
"""Of the JPEGs, with all their colours: far above what shows."""

KEPT = 64
"""How many encoded pictures are kept in memory."""

Size = tuple[int, int]


class Pictures:
    """The pictures of a survey as data: URLs, which have no name and lie in no file.

    Each was read, decoded and encoded again: the same format for all, without what the file says about itself, and of
    the same size whichever method made it, that of the smallest. All files are read at the start, so that none is
    found to be broken before a rater. Raises ImageError for one that is, and InvalidValueError where those of one name
    differ in shape.
    """

    def __init__(self, survey: Survey) -> None:
        self._survey = survey
        self._sizes = {name: _common(self._files(name)) for name in survey.beside}
        self._url = lru_cache(KEPT)(_url)

    def shown(self, question: Question) -> list[str]:
        """The picture to rate, or the two to choose from, the first one first."""
        methods = [question.first, question.second] if question.second else [question.first]
        files, size = self._files(question.picture), self._sizes[question.picture]
        return [self._url(files[method], size) for method in methods]

    def beside(self, question: Question) -> dict[str, str]:
        """The photograph and the style of a question by the names of their folders, as far as there are some."""
        sources = self._survey.beside[question.picture]
        return {kind: self._url(file, _limited(_size(file), LONG_SIDE_BESIDE)) for kind, file in sources.items()}

    def _files(self, name: str) -> Mapping[str, Path]:
        return {method: files[name] for method, files in self._survey.pictures.items()}


def _common(files: Mapping[str, Path]) -> Size:
    """The size in which the methods' pictures of one name are shown."""
    sizes = {file: _size(file) for file in files.values()}
    aspects = {file: width / height for file, (width, height) in sizes.items()}
    wide, high = max(aspects, key=lambda file: aspects[file]), min(aspects, key=lambda file: aspects[file])
    if aspects[wide] > ASPECT * aspects[high]:
        raise InvalidValueError(
            f"{wide} has {_text(sizes[wide])} px and {high} {_text(sizes[high])}: their shapes tell them apart.",
            "Make both from the same photograph at the same size.",
        )
    return _limited(min(sizes.values(), key=lambda size: size[0] * size[1]), LONG_SIDE)


def _size(file: Path) -> Size:
    height, width = size_of(read_image(file).rgb)
    return width, height


def _limited(size: Size, long_side: int) -> Size:
    scale = min(1, long_side / max(size))
    return max(1, round(scale * size[0])), max(1, round(scale * size[1]))


def _text(size: Size) -> str:
    return "×".join(map(str, size))


def _url(file: Path, size: Size) -> str:
    image, buffer = to_pil(read_image(file).rgb), io.BytesIO()
    if image.size != size:
        image = image.resize(size, Image.Resampling.LANCZOS)
    image.save(buffer, "JPEG", quality=QUALITY, subsampling=0)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
