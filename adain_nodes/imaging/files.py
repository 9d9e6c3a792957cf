"""Finding the pictures that a user means, and reading their files."""

import contextlib
import glob
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from adain_nodes.core.errors import ImageError

SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})


def find_images(patterns: Iterable[str | os.PathLike[str]], *, recursive: bool = False) -> list[Path]:
    """The picture files that ``patterns`` name: files, folders and globs (``**`` crosses folders), each file once.

    The patterns keep their order; the files of one folder or glob come in natural order (``p2`` before ``p10``),
    those without one of SUFFIXES and hidden ones are skipped. A file named in full is taken as it is. ``recursive``
    looks into the folders of a folder too. Raises ImageError for a pattern without a match.
    """
    found: dict[Path, Path] = {}
    for pattern in patterns:
        matches = _matches(Path(pattern).expanduser(), recursive)
        if not matches:
            raise ImageError(
                f"No picture matches '{pattern}'.",
                f"Check the spelling; in folders, files ending in {', '.join(sorted(SUFFIXES))} count.",
                pattern=pattern,
            )
        for path in matches:
            found.setdefault(path.resolve(), path)
    return list(found.values())


def _matches(path: Path, recursive: bool) -> list[Path]:
    if path.is_file():
        return [path]
    pattern = str(path)
    if path.is_dir():
        pattern = str(Path(glob.escape(pattern), "**" if recursive else "", "*"))
    candidates = map(Path, glob.glob(pattern, recursive=True))  # noqa: PTH207 - pathlib's takes hidden files too
    return sorted((path for path in candidates if path.suffix.lower() in SUFFIXES and path.is_file()), key=_natural)


def _natural(path: Path) -> tuple[list[str | int], str]:
    parts = re.split(r"([0-9]+)", str(path).casefold())  # text and digits take turns
    return [int(part) if index % 2 else part for index, part in enumerate(parts)], str(path)


def read_bytes(path: Path) -> bytes:
    """The content of a file; raises ImageError when it is missing, empty, no regular file, or may not be read."""
    with opened(path) as file:
        return file.read()


@contextlib.contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file to read from; raises ImageError as ``read_bytes``."""
    try:
        if path.is_dir():
            raise ImageError(f"{path} is a folder, not a picture.", "Name a file inside it.", path=path)
        if path.exists() and not path.is_file():
            raise ImageError(f"{path} is a device or a pipe, not a file.", "Name a picture file.", path=path)
        with path.open("rb") as file:
            if not os.fstat(file.fileno()).st_size:
                raise ImageError(f"{path} is empty, 0 bytes.", "Copy or download it again.", path=path)
            yield file
    except FileNotFoundError as error:
        raise ImageError(f"{path} does not exist.", "Check the spelling and the folder.", path=path) from error
    except OSError as error:
        raise ImageError(f"{path} cannot be read: {error.strerror}.", "Check its permissions.", path=path) from error
    except ValueError as error:
        raise ImageError(f"{str(path)!r} is no file name: {error}.", "Name a picture file.") from error
