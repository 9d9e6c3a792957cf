"""What was measured, kept in a folder by all that decided it, so that nothing is measured twice."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from adain_nodes.core.files import make_folder, replace_file
from adain_nodes.imaging import read_image, write_image

Key = Mapping[str, Any]
"""All that decides a result, in values that JSON has: with another one it would be another result."""


@dataclass(frozen=True)
class Store:
    """A folder with one file a result, written in one step; with ``folder`` None nothing is kept.

    A run that is killed loses what it was at and nothing else, and leaves no half of a file. Results of other settings
    stay beside these and are found again when the settings come back; several runs may fill one folder.
    """

    folder: Path | None = None

    def find(self, key: Key, *, pictured: bool = False) -> dict[str, Any] | None:
        """The result of a key, or None: also when it is to be ``pictured`` and its picture is not there."""
        path = self._path(key, ".json")
        if path is None or (pictured and not path.with_suffix(".png").is_file()):
            return None
        try:
            return json.loads(path.read_bytes())["result"]
        except (FileNotFoundError, ValueError):  # a machine that lost its power can leave an empty file
            return None

    def add(self, key: Key, result: Mapping[str, Any], picture: Tensor | None = None) -> None:
        """Keep a result, and the picture 1×3×H×W in [0, 1] that belongs to it. Raises OutputError where that fails."""
        path = self._path(key, ".json")
        if path is None:
            return
        make_folder(path.parent)
        if picture is not None:
            write_image(path.with_suffix(".png"), picture)  # first: where there is a result, its picture is there
        text = json.dumps({"key": dict(key), "result": dict(result)}, indent=1, ensure_ascii=False)
        replace_file(path, text.encode())

    def picture(self, key: Key) -> Tensor | None:
        """The picture that was kept with a result, 1×3×H×W in [0, 1], or None."""
        path = self._path(key, ".png")
        return read_image(path).rgb if path and path.is_file() else None

    def _path(self, key: Key, suffix: str) -> Path | None:
        if self.folder is None:
            return None
        name = hashlib.sha256(json.dumps(dict(key), sort_keys=True).encode()).hexdigest()[:20]
        return self.folder / f"{name}{suffix}"
