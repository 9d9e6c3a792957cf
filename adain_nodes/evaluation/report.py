"""The folder of an evaluation: its table, its pairs and a contact sheet."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from adain_nodes.core.files import replace_file
from adain_nodes.evaluation.bench import Bench, Pair
from adain_nodes.evaluation.methods import Method
from adain_nodes.evaluation.metrics import FIGURES
from adain_nodes.evaluation.table import Table, csv_text
from adain_nodes.imaging import contact_sheet, to_tensor, write_image

CELL = 192
"""Of the sheet, in pixels."""


def write_report(
    folder: Path, table: Table, pairs: Iterable[Pair], bench: Bench, methods: Mapping[str, Method]
) -> None:
    """Write table.md, table.csv and table.json, pairs.csv with a line a pair, and sheet.png.

    The sheet shows content, style and the results of every method for the ``shown`` pairs of the bench, white where
    there is none. Raises OutputError where a file cannot be written.
    """
    for name, text in (
        ("table.md", table.markdown()),
        ("table.csv", table.csv()),
        ("table.json", table.json()),
        ("pairs.csv", csv_text([_line(pair, bench) for pair in pairs])),
    ):
        replace_file(folder / name, text.encode())
    if methods:
        write_image(folder / "sheet.png", _sheet(bench, methods))


def _line(pair: Pair, bench: Bench) -> dict[str, Any]:
    names = {"content_name": bench.contents.names[pair.content], "style_name": bench.styles.names[pair.style]}
    figures: Mapping[str, float | None] = pair.figures.named() if pair.figures else dict.fromkeys(FIGURES)
    return {
        "method": pair.method,
        **names,
        **figures,
        "seconds": pair.seconds,
        "encoding_seconds": pair.encoding,
        "error": pair.error,
    }


def _sheet(bench: Bench, methods: Mapping[str, Method]) -> Tensor:
    blank = torch.ones_like(bench.contents[0])

    def result(name: str, content: int, style: int) -> Tensor:
        picture = bench.store.picture(bench.key(name, methods[name].weights, content, style))
        return blank if picture is None else picture

    rows = [
        [bench.styles[style], *(result(name, content, style) for name in methods)] for content, style in bench.shown
    ]
    sheet = contact_sheet(
        rows,
        contents=[bench.contents[content] for content, _ in bench.shown],
        row_labels=[
            f"{_title(bench.contents.names[content])}, {_title(bench.styles.names[style])}"
            for content, style in bench.shown
        ],
        column_labels=["style", *methods],
        cell=CELL,
    )
    return to_tensor(np.asarray(sheet))


def _title(name: str) -> str:
    return Path(name).stem.replace("_", " ")
