"""The losses of every step: a CSV file that always agrees with the checkpoint."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from adain_nodes.core.files import replace_file
from adain_nodes.training.objective import TERMS

COLUMNS = ("step", *TERMS, "gradient")
"""The step, counted from 1, its losses and the norm of its gradients; terms that a step has not are left empty."""


class History:
    """The rows of a run so far; ``losses`` maps each column but the step to its values, NaN where there is none."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.losses: dict[str, list[float]] = {name: [] for name in COLUMNS[1:]}
        self._file: TextIO | None = None

    def __len__(self) -> int:
        return len(self.losses["total"])

    @property
    def last(self) -> dict[str, float]:
        """The values of the last row by name; terms that it has not are left out."""
        return {name: values[-1] for name, values in self.losses.items() if values and not math.isnan(values[-1])}

    @contextmanager
    def appending(self, steps: int, *, write: bool = True) -> Iterator[History]:
        """Keep the file's rows up to step ``steps``, if there are any, and open it for more.

        What an interrupted run wrote after its last checkpoint goes, half a line at the end too. Without ``write`` the
        file stays as it is, and new rows are kept in memory alone.
        Raises OutputError where the file cannot be written.
        """
        text = self.path.read_text("utf-8") if steps and self.path.exists() else ""
        rows = [row for row in _rows(text) if int(row["step"]) <= steps]
        for row in rows:
            self._keep({name: float(row[name]) for name in self.losses if row.get(name)})
        if not write:
            yield self
            return
        lines = (COLUMNS, *([row.get(name, "") for name in COLUMNS] for row in rows))
        replace_file(self.path, "".join(f"{','.join(line)}\n" for line in lines).encode())
        with self.path.open("a", encoding="utf-8", buffering=1) as self._file:
            yield self

    def add(self, step: int, losses: dict[str, float]) -> None:
        """Add one row."""
        self._keep(losses)
        if self._file:
            values = (f"{losses[name]:.9g}" if name in losses else "" for name in COLUMNS[1:])
            self._file.write(f"{step},{','.join(values)}\n")

    def _keep(self, losses: dict[str, float]) -> None:
        for name, values in self.losses.items():
            values.append(losses.get(name, float("nan")))


def _rows(text: str) -> list[dict[str, str]]:
    """The whole rows of a CSV file, by the names in its first line: an older version may have had fewer terms."""
    header, *rows = list(csv.reader(text.splitlines())) or [[]]
    return [dict(zip(header, row, strict=True)) for row in rows if len(row) == len(header)]
