"""Where the weights of the catalogue are on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from adain_nodes.checkpoints.catalogue import WeightFile
from adain_nodes.core.errors import MissingWeightsError
from adain_nodes.resources import resource


@dataclass(frozen=True)
class Place:
    """A file or a folder, and why it was chosen, in words."""

    path: Path
    reason: str


def user_cache() -> Path:
    """The folder that downloads go to: ``ADAIN_CACHE_DIR``, or ``adain-nodes`` in the system's cache folder."""
    if chosen := os.environ.get("ADAIN_CACHE_DIR"):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "adain-nodes"


def search_folders(host_folders: Sequence[Path] = ()) -> tuple[Place, ...]:
    """The folders that are searched, first to last; ``host_folders`` are the model folders of the program around us."""
    chosen = os.environ.get("ADAIN_WEIGHTS_DIR")
    return (
        *([Place(Path(chosen).expanduser(), "ADAIN_WEIGHTS_DIR")] if chosen else []),
        *(Place(folder, "the host's model folder") for folder in host_folders),
        Place(user_cache(), "the user cache"),
        Place(resource("weights"), "embedded in the package"),
    )


def where(weight: WeightFile, path: Path | None = None, host_folders: Sequence[Path] = ()) -> Place:
    """The file of these weights: ``path`` when given, else the first in ``search_folders``.

    The file is not opened: ``verify`` says whether it is whole.
    Raises MissingWeightsError when ``path`` is no file, or when no folder holds one.
    """
    if path is not None:
        if not path.is_file():
            raise MissingWeightsError(f"There is no weight file {path}.", "Check the path.", path=path)
        return Place(path, "the path that was given")
    folders = search_folders(host_folders)
    for folder in folders:
        for filename in weight.filenames:
            if (candidate := folder.path / filename).is_file():
                return Place(candidate, folder.reason)
    raise _missing(weight, folders)


def _missing(weight: WeightFile, folders: Sequence[Place]) -> MissingWeightsError:
    names = " or ".join(weight.filenames)
    writable = ", ".join(f"{folder.path} ({folder.reason})" for folder in folders[:-1])  # the last is the package
    first = (
        f"Run `adain weights pull {weight.name}` ({weight.published.bytes / 1e6:.0f} MB)"
        if weight.published
        else "Install the package again"
    )
    return MissingWeightsError(
        f"The weights {weight.name} are not on this machine.",
        f"{first}, or put {names} into one of these folders: {writable}.",
        name=weight.name,
        filenames=weight.filenames,
        folders=tuple(folder.path for folder in folders),
    )
