"""The example pictures that travel with the project."""

from __future__ import annotations

from pathlib import Path

from adain_nodes.imaging import find_images
from adain_nodes.resources import resource


def examples(kind: str) -> list[Path]:
    """The project's example pictures: "content" or "style"."""
    return find_images([resource("examples", "pictures", kind)])


def title(path: Path) -> str:
    """The name of an example, for people."""
    return path.stem.replace("_", " ").capitalize()
