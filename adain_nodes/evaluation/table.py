"""Tables of quality: each method's figures over all pairs, as Markdown, CSV and JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from adain_nodes.evaluation.bench import Pair
from adain_nodes.evaluation.intervals import CONFIDENCE, two_way_interval
from adain_nodes.evaluation.markdown import markdown_table
from adain_nodes.evaluation.metrics import FIGURES
from adain_nodes.models.vgg import STYLE_LEVELS

_QUALITY = {"style": ("style ↓", 3), "content": ("content ↓", 3), "ssim": ("SSIM ↑", 3), "color": ("colour ↓", 2)}
"""The heading and the decimals of what is shown with its interval."""


class Interval(NamedTuple):
    """A mean over pairs, and between which ends it would lie for other pictures, None where that is not known."""

    mean: float
    low: float | None
    high: float | None


@dataclass(frozen=True)
class Row:
    """A method: its figures by the names of FIGURES, {} where no pair has any, and over how many pairs they are.

    ``failed`` counts pairs beside those. ``seconds`` a picture are medians, with an encoded style and
    ``seconds_with_style`` with the encoding of it; ``memory`` is the bytes of its peak. All are None for the controls
    and where they were not measured.
    """

    method: str
    figures: Mapping[str, Interval]
    pairs: int
    failed: int = 0
    seconds: float | None = None
    seconds_with_style: float | None = None
    memory: int | None = None

    @classmethod
    def of(cls, method: str, pairs: Iterable[Pair], shape: tuple[int, int], memory: int | None = None) -> Row:
        """The row of a method's pairs; ``shape`` is the number of styles and of contents."""
        pairs = list(pairs)
        values = np.full((*shape, len(FIGURES)), np.nan)
        for pair in pairs:
            if pair.figures:
                values[pair.style, pair.content] = list(pair.figures.named().values())
        measured = [pair for pair in pairs if pair.figures]
        times = [(pair.seconds, pair.encoding) for pair in measured]
        alone = [seconds for seconds, _ in times if seconds is not None]
        whole = [seconds + encoding for seconds, encoding in times if seconds is not None and encoding is not None]
        return cls(
            method,
            _intervals(values) if measured else {},
            len(measured),
            len(pairs) - len(measured),
            median(alone) if alone else None,
            median(whole) if whole else None,
            memory,
        )

    def flat(self) -> dict[str, str | float | None]:
        """Everything by the names of columns; of an interval the mean by its own name, and two ends."""
        figures: dict[str, float | None] = {}
        for name in FIGURES:
            mean, low, high = self.figures.get(name, (None, None, None))
            figures |= {name: mean, f"{name}_low": low, f"{name}_high": high}
        times = {"seconds": self.seconds, "seconds_with_style": self.seconds_with_style}
        counts = {"pairs": self.pairs, "failed": self.failed}
        return {"method": self.method, **counts, **figures, **times, "memory_bytes": self.memory}


@dataclass(frozen=True)
class Table:
    """The rows, controls first, and what they were measured on.

    ``contents`` and ``styles`` count pictures, ``side`` is theirs in pixels, ``network`` the fingerprint of the loss
    network: figures compare only where these agree. ``settings`` are those of the ``Bench``, ``notes`` sentences about
    what is missing.
    """

    rows: tuple[Row, ...]
    contents: int
    styles: int
    side: int
    network: str
    settings: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def pairs(self) -> int:
        """How many a method is measured on."""
        return self.contents * self.styles

    def markdown(self) -> str:
        """Two tables, and lines that say how they were measured."""
        named = [(row.method + " †" * (row.pairs < self.pairs), row) for row in self.rows]
        quality = [
            (name, *(_with_ends(row.figures.get(figure), digits) for figure, (_, digits) in _QUALITY.items()))
            for name, row in named
        ]
        rest = [
            (name, *(_number(row.figures.get(level)) for level in STYLE_LEVELS), *_cost(row)) for name, row in named
        ]
        parts = (
            markdown_table(("method", *(heading for heading, _ in _QUALITY.values())), quality),
            markdown_table(("style by level ↓", *STYLE_LEVELS, "seconds", "with style", "GB"), rest),
            self._legend(),
            *(f"† {note}" for note in self.notes),
        )
        return "\n\n".join(parts) + "\n"

    def _legend(self) -> str:
        settings = "".join(f"; {name} {value}" for name, value in self.settings.items())
        return (
            f"Means over {self.pairs} pairs ({self.contents} contents × {self.styles} styles) at "
            f"{self.side}×{self.side} px, in brackets {CONFIDENCE:.0%} intervals for other pictures of such kinds; "
            f"loss network {self.network}{settings}. Seconds are medians of a picture in an encoded style, and with "
            "the encoding of it. GB is the peak of one picture on the CPU over the imported libraries."
        )

    def csv(self) -> str:
        """A line a method, unrounded."""
        return csv_text([row.flat() for row in self.rows])

    def json(self) -> str:
        """Everything, unrounded."""
        about = {name: getattr(self, name) for name in ("contents", "styles", "side", "network")}
        rows = [row.flat() for row in self.rows]
        everything = {**about, "settings": dict(self.settings), "notes": list(self.notes), "rows": rows}
        return json.dumps(everything, indent=2, ensure_ascii=False)


def csv_text(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows with the same names, which become the first line; None is an empty cell."""
    text = io.StringIO()
    writer = csv.DictWriter(text, rows[0].keys(), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _intervals(values: np.ndarray) -> dict[str, Interval]:
    means, (lows, highs) = np.nanmean(values, axis=(0, 1)), two_way_interval(values)
    ends = (
        Interval(float(mean), _known(low), _known(high)) for mean, low, high in zip(means, lows, highs, strict=True)
    )
    return dict(zip(FIGURES, ends, strict=True))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _cost(row: Row) -> tuple[str, str, str]:
    memory = None if row.memory is None else row.memory / 1e9
    return _plain(row.seconds), _plain(row.seconds_with_style), _plain(memory, 2)


def _with_ends(value: Interval | None, digits: int) -> str:
    if value is None or value.low is None:
        return _number(value, digits)
    return f"{value.mean:.{digits}f} [{value.low:.{digits}f}, {value.high:.{digits}f}]"


def _number(value: Interval | None, digits: int = 3) -> str:
    return _plain(None if value is None else value.mean, digits)


def _plain(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else f"{value:.{digits}f}"
