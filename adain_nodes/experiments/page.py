"""The page that an experiment ends with: text and tables in Markdown, with pictures beside it."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image
from torch import Tensor

from adain_nodes.core.files import replace_file
from adain_nodes.evaluation.markdown import markdown_table
from adain_nodes.imaging import contact_sheet

PAGE = "README.md"
BYTES = 200_000
"""At most, of a picture."""


class Page:
    """A page in the making; ``write`` puts it into a folder."""

    def __init__(self, title: str) -> None:
        self._parts = [f"# {title}"]
        self._pictures: dict[str, Image.Image] = {}

    def text(self, text: str) -> None:
        """A paragraph."""
        self._parts.append(text)

    def heading(self, text: str) -> None:
        """A heading below the title."""
        self._parts.append(f"## {text}")

    def table(self, header: Sequence[str], rows: Sequence[Sequence[str | float]]) -> None:
        """A table, numbers with three decimals."""
        shown = [[cell if isinstance(cell, str) else f"{cell:.3f}" for cell in row] for row in rows]
        self._parts.append(markdown_table(header, shown))

    def picture(self, name: str, picture: Image.Image, about: str) -> None:
        """A picture, kept as ``name``.png (drawings) or ``name``.jpg, and what it shows."""
        self._pictures[name] = picture
        self._parts.append(f"![{about}]({name})\n\n*{about}*")

    def sheet(
        self,
        name: str,
        rows: Sequence[Sequence[Tensor]],
        about: str,
        *,
        columns: Sequence[str],
        labels: Sequence[str] = (),
        cell: int = 112,
    ) -> None:
        """A sheet of pictures with the names of its columns, and of its rows."""
        self.picture(name, contact_sheet(rows, column_labels=columns, row_labels=labels, cell=cell), about)

    def verdicts(self, verdicts: Sequence[tuple[str, bool, str]]) -> None:
        """What was published, whether it came out here, and the numbers that say so."""
        self.heading("What was published, and what came out")
        for published, came_out, numbers in verdicts:
            self._parts.append(f"- {published}: **{'yes' if came_out else 'no'}** ({numbers}).")

    def write(self, folder: Path) -> Path:
        """Write the page and its pictures; returns the page's path. Raises OutputError where that fails."""
        for name, picture in self._pictures.items():
            replace_file(folder / name, _encoded(picture, Path(name).suffix))
        path = folder / PAGE
        replace_file(path, ("\n\n".join(self._parts) + "\n").encode())
        return path


def _encoded(picture: Image.Image, suffix: str) -> bytes:
    """A drawing as PNG; a photograph as JPEG, of the best quality that fits."""
    if suffix == ".png":
        return _as_file(picture.quantize(64), "png", optimize=True)
    qualities = (_as_file(picture, "jpeg", quality=quality) for quality in range(90, 30, -10))
    return next((data for data in qualities if len(data) <= BYTES), _as_file(picture, "jpeg", quality=30))


def _as_file(picture: Image.Image, kind: str, **options: Any) -> bytes:
    data = io.BytesIO()
    picture.save(data, kind, **options)
    return data.getvalue()
