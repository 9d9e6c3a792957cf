"""The folder of a survey, and the questions that follow from it."""

from __future__ import annotations

import random
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from adain_nodes.core.errors import ImageError, InvalidValueError
from adain_nodes.imaging import find_images

RATE, PAIRS = "rate", "pairs"
"""What is asked: how good a picture is, from 1 to 10, or which of two is better."""

CONTENT, STYLE = "content", "style"
"""The folders of what is shown beside a picture."""

TEXT = "question.txt"
"""The file whose text is asked in place of the project's, if it is there."""

ARRANGE = (
    f"Arrange it as DIR/METHOD/PICTURE.jpg: a folder for each method, with the same names of pictures in all of them. "
    f"Photographs and styles to show beside them go to DIR/{CONTENT} and DIR/{STYLE}, the pictures' names then being "
    "theirs, or CONTENT_STYLE."
)

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Question:
    """One picture to rate, or two to choose from.

    ``picture`` is its name in the folders of the methods ``first`` and ``second``, which is "" where one is rated.
    """

    picture: str
    first: str
    second: str = ""

    @property
    def key(self) -> Key:
        """What makes it another question than others: which of two is first does not."""
        return (self.picture, min(self.first, self.second), max(self.first, self.second))


@dataclass(frozen=True)
class Survey:
    """What a folder holds: files by method and name, and those beside them by name and folder (CONTENT, STYLE).

    ``text`` is what the folder's file TEXT asks, or "".
    """

    pictures: Mapping[str, Mapping[str, Path]]
    beside: Mapping[str, Mapping[str, Path]]
    text: str

    def questions(self, mode: str) -> list[Question]:
        """All of a mode, RATE or PAIRS. Raises InvalidValueError for pairs of fewer than two methods."""
        methods, names = list(self.pictures), list(self.beside)
        if mode == RATE:
            return [Question(name, method) for name in names for method in methods]
        if len(methods) < 2:
            raise InvalidValueError(f"There are no pairs: {methods[0]} is the only method.", ARRANGE)
        return [Question(name, *pair) for name in names for pair in combinations(methods, 2)]


def read_survey(folder: Path) -> Survey:
    """What is in a folder. Raises InvalidValueError, which says how to arrange it, where that makes no survey.

    The name of a picture is that of its file without suffix. Beside it is shown the photograph and the style of the
    same name, or those that its name begins and ends with, as in ``content_style``; the longest that fits.
    """
    if not folder.is_dir():
        raise InvalidValueError(f"{folder} is no folder.", ARRANGE, folder=folder)
    folders = sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    methods = {path.name: _by_name(path) for path in folders if path.name not in (CONTENT, STYLE)}
    if not methods:
        raise InvalidValueError(f"{folder} has no folder of a method.", ARRANGE, folder=folder)
    names = list(dict.fromkeys(name for pictures in methods.values() for name in pictures))
    for method, pictures in methods.items():
        missing = [name for name in names if name not in pictures]
        if missing:
            raise InvalidValueError(
                f"{folder / method} lacks {len(missing)} of the {len(names)} pictures that the other methods have, "
                f"such as {missing[0]}.",
                ARRANGE,
                missing=missing,
            )
    sources = {path.name: _by_name(path) for path in folders if path.name in (CONTENT, STYLE)}
    beside = {name: {kind: _source(folder / kind, files, name) for kind, files in sources.items()} for name in names}
    text = folder / TEXT
    return Survey(methods, beside, text.read_text("utf-8").strip() if text.is_file() else "")


def draw(
    questions: Iterable[Question], asked: Collection[Key], answers: Mapping[Key, int], chance: random.Random
) -> Question | None:
    """The next question for somebody who was ``asked`` some: by chance one of those with the fewest ``answers``.

    Which of two pictures is first is chance too. None when there is no other question.
    """
    left = [question for question in questions if question.key not in asked]
    if not left:
        return None
    fewest = min(answers.get(question.key, 0) for question in left)
    drawn = chance.choice([question for question in left if answers.get(question.key, 0) == fewest])
    turned = drawn.second and chance.random() < 0.5
    return Question(drawn.picture, drawn.second, drawn.first) if turned else drawn


def _by_name(folder: Path) -> dict[str, Path]:
    try:
        paths = find_images([folder])
    except ImageError as error:
        raise InvalidValueError(f"{folder} holds no pictures.", ARRANGE, folder=folder) from error
    files: dict[str, Path] = {}
    for path in paths:
        if files.setdefault(path.stem, path) is not path:
            raise InvalidValueError(f"{path} and {files[path.stem].name} have the same name.", ARRANGE, path=path)
    return files


def _source(folder: Path, files: Mapping[str, Path], name: str) -> Path:
    """The photograph, or the style, of a picture."""
    fits = str.startswith if folder.name == CONTENT else str.endswith
    joined = "{}_" if folder.name == CONTENT else "_{}"
    found = [stem for stem in files if stem == name or fits(name, joined.format(stem))]
    if not found:
        raise InvalidValueError(f"{folder} holds nothing for {name}.", ARRANGE, name=name)
    return files[max(found, key=len)]
