"""The manifest of a data set: a line of JSON for each result, in a file that survives the end of its writer."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock, Timeout

from adain_nodes.core.errors import OutputError
from adain_nodes.core.files import remove_leftovers, replace_file

MANIFEST = "manifest.jsonl"
SETTINGS = "manifest.json"

Row = Mapping[str, Any]
"""See ``plan.row``."""


class Manifest:
    """The rows of a folder; ``done`` are the names of the results that are there."""

    def __init__(self, file: BinaryIO, done: set[str], folder: Path) -> None:
        self._file = file
        self._folder = folder
        self.done = done

    def add(self, row: Row) -> None:
        """Write a row, at once. Raises OutputError where the disk is full."""
        try:
            self._file.write(_line(row))
            self._file.flush()
        except OSError as error:
            raise OutputError(
                f"{self._folder / MANIFEST} cannot be written: {error.strerror}.",
                "Free some space, and run the same command again: it goes on where it ended.",
            ) from error
        if row["error"] is None:
            self.done.add(row["out"])


@contextmanager
def opened(folder: Path, settings: Mapping[str, Any]) -> Iterator[Manifest]:
    """The manifest of a folder, for one run at a time; the folder is made if need be.

    What an earlier run of the same settings has done is kept: rows whose results are there. Rows of failures, of
    results that are gone, and a last one that was cut short are left out, and so made again.
    Raises OutputError where a run with other settings wrote the folder, another one is writing it, or nobody can.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / ".manifest.lock", timeout=0)
        with lock:
            _check_settings(folder, settings)
            remove_leftovers(folder)
            done = list(_done(folder))
            replace_file(folder / MANIFEST, b"".join(map(_line, done)))
            with (folder / MANIFEST).open("ab") as file:
                yield Manifest(file, {row["out"] for row in done}, folder)
    except Timeout as error:
        raise OutputError(f"Another run is writing {folder}.", "Wait for its end, or choose another folder.") from error
    except OSError as error:
        raise OutputError(f"{folder} cannot be written: {error.strerror}.", "Choose another folder.") from error


def read_manifest(folder: Path) -> list[Row]:
    """The rows of a folder in the order of their writing; [] where there is no manifest."""
    try:
        lines = (folder / MANIFEST).read_bytes().split(b"\n")
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines[:-1]]  # behind the last line feed: nothing, or a part of a row


def _done(folder: Path) -> Iterator[Row]:
    rows = {row["out"]: row for row in read_manifest(folder)}
    return (row for row in rows.values() if row["error"] is None and (folder / row["out"]).is_file())


def _line(row: Row) -> bytes:
    return json.dumps(dict(row), ensure_ascii=False).encode() + b"\n"


def _check_settings(folder: Path, settings: Mapping[str, Any]) -> None:
    file = folder / SETTINGS
    if not file.exists():
        replace_file(file, json.dumps(dict(settings), indent=2, ensure_ascii=False).encode())
        return
    before = json.loads(file.read_text("utf-8"))
    changed = [name for name in settings if before.get(name) != settings[name]]
    if changed:
        differences = ", ".join(f"{name} {before.get(name)} instead of {settings[name]}" for name in changed)
        raise OutputError(
            f"{folder} holds the results of another run: {differences}.",
            "Choose another folder, or run with the same settings to go on.",
            changed=changed,
        )
