"""Many results in one go: which pictures with which styles, into which files, and what became of each."""

from __future__ import annotations

import contextlib
import glob
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count, product
from pathlib import Path
from typing import Any

from adain_nodes.core.errors import AdaINError, InvalidValueError
from adain_nodes.core.files import shortened
from adain_nodes.imaging import find_images
from adain_nodes.recipe import Cook, Recipe
from adain_nodes.tiling import Progress


@dataclass(frozen=True)
class Task:
    """A recipe and the file that its result goes to."""

    recipe: Recipe
    out: Path


@dataclass
class Report:
    """What became of the tasks; ``failed`` pairs files with sentences, ``notes`` too."""

    done: list[Path] = field(default_factory=list)
    skipped: list[Path] = field(default_factory=list)
    failed: list[tuple[Path, str]] = field(default_factory=list)
    notes: list[tuple[Path, str]] = field(default_factory=list)


def run(
    tasks: Iterable[Task],
    cook: Cook,
    *,
    skip_existing: bool = False,
    progress: Callable[[float], None] = lambda done: None,
) -> Report:
    """Make every task's result; one that fails is reported, and the rest goes on.

    ``progress`` is told how many tasks are done, with the share of the one at work.
    """
    report = Report()
    for done, task in enumerate(tasks):
        if skip_existing and task.out.exists():
            report.skipped.append(task.out)
        else:
            _run_one(task, cook, report, lambda share, done=done: progress(done + share))
        progress(done + 1)
    return report


def plan(
    photos: Sequence[str | Path],
    styles: Sequence[str | Path],
    masks: Sequence[str],
    out: Path,
    suffix: str,
    *,
    recursive: bool = False,
    settings: Mapping[str, Any] | None = None,
) -> list[Task]:
    """The tasks that a command line describes.

    Every photograph meets every style. Several ``styles`` are blended; one that names a folder or a glob stands for
    each of its pictures in turn. ``styles`` may end in ``:weight``; ``masks`` are ``mask:style``. ``out`` is a folder
    (made if need be), or a file when there is one task and it has a suffix. ``settings`` go to every ``Recipe``.

    A photograph that does not exist gets its tasks too: they will fail and be reported, and the others are made.
    Raises ImageError for a style or a pattern without a match, InvalidValueError without a style or with several
    results for one file.
    """
    if not styles and not masks:
        raise InvalidValueError("There is no style.", "Add --style PICTURE, or --mask MASK:STYLE.")
    groups = [_group(str(style), recursive) for style in styles]
    areas = tuple(masked(mask) for mask in masks)
    recipes = [
        Recipe(content, choice, areas, **(settings or {}))
        for content in _photographs(photos, recursive)
        for choice in product(*groups)
    ]
    if not out.suffix or out.is_dir():
        return [Task(recipe, path) for recipe, path in zip(recipes, _names(recipes, out, suffix), strict=True)]
    if len(recipes) > 1:
        raise InvalidValueError(f"There are {len(recipes)} results for the one file {out}.", "Name a folder instead.")
    return [Task(recipe, out) for recipe in recipes]


def weighted(text: str) -> tuple[str, float]:
    """``picture.jpg:0.3`` as name and weight: 1 where none is given, or where a file has that very name."""
    name, _, number = text.rpartition(":")
    if name and not Path(text).exists():
        with contextlib.suppress(ValueError):  # no number behind the colon: it belongs to the name
            return name, float(number)
    return text, 1.0


def masked(text: str) -> tuple[Path, Path]:
    """``mask.png:style.jpg`` at the first colon with a file before it (drive letters have colons too)."""
    for place, letter in enumerate(text):
        if letter == ":" and Path(text[:place]).is_file() and place + 1 < len(text):
            return Path(text[:place]), Path(text[place + 1 :])
    raise InvalidValueError(f"{text!r} is not a mask file and a style.", "Write --mask MASK.png:STYLE.jpg.", mask=text)


def _photographs(patterns: Sequence[str | Path], recursive: bool) -> list[Path]:
    found: dict[Path, Path] = {}
    for pattern in patterns:
        path = Path(pattern).expanduser()
        several = path.is_dir() or glob.has_magic(str(pattern))
        for each in find_images([path], recursive=recursive) if several and not path.is_file() else [path]:
            found.setdefault(each.resolve(), each)
    return list(found.values())


def _group(text: str, recursive: bool) -> list[tuple[Path, float]]:
    name, weight = weighted(text)
    paths = [Path(name)] if name.endswith(".safetensors") else find_images([name], recursive=recursive)
    return [(path, weight) for path in paths]


def _names(recipes: Sequence[Recipe], folder: Path, suffix: str) -> list[Path]:
    """content_style[+style].suffix for each recipe, numbered where two would meet.

    The names depend on the recipes alone, so that a second run finds what the first has done.
    """
    names: dict[str, Path] = {}  # by the lower-case name: many file systems make no difference
    for recipe in recipes:
        styles = [path for path, _ in recipe.styles] or [style for _, style in recipe.masks]
        stem = shortened(f"{recipe.content.stem}_{'+'.join(style.stem for style in styles)}")
        numbered = (f"{stem}{f'-{number}' if number > 1 else ''}{suffix}" for number in count(1))
        name = next(name for name in numbered if name.casefold() not in names)
        names[name.casefold()] = folder / name
    return list(names.values())


def _run_one(task: Task, cook: Cook, report: Report, progress: Progress) -> None:
    try:
        notes = cook.write(task.recipe, task.out, progress=progress)
        report.done.append(task.out)
        report.notes.extend((task.recipe.content, note) for note in notes)
    except AdaINError as error:
        report.failed.append((task.recipe.content, str(error)))
    except (MemoryError, RuntimeError) as error:  # PyTorch reports exhausted memory as a RuntimeError
        hint = " Try a smaller --size, or another --device." if "memory" in repr(error).lower() else ""
        report.failed.append((task.recipe.content, f"{error}{hint}"))
