import csv
import json

import pytest

from adain_nodes.core.errors import OutputError
from adain_nodes.evaluation.evaluate import evaluate
from adain_nodes.evaluation.methods import Method
from adain_nodes.evaluation.metrics import FIGURES
from adain_nodes.evaluation.report import CELL, write_report
from adain_nodes.evaluation.store import Store
from adain_nodes.imaging import read_image

METHODS = {
    "dark": Method(lambda style: style, lambda contents, style: contents * 0),
    "small, too": Method(lambda style: style, lambda contents, style: contents[..., :3]),
}


@pytest.fixture
def report(make_bench, tmp_path):
    """A folder, and the evaluation that it tells of."""
    bench = make_bench(store=Store(tmp_path / "kept"))
    evaluation = evaluate(METHODS, bench)
    write_report(tmp_path, evaluation.table, evaluation.pairs, bench, METHODS)
    return tmp_path, evaluation


def test_the_files_agree_with_the_table(report):
    folder, evaluation = report
    assert {path.name for path in folder.iterdir()} == {
        "kept", "pairs.csv", "sheet.png", "table.csv", "table.json", "table.md",
    }  # fmt: skip
    for name, text in (("md", "markdown"), ("csv", "csv"), ("json", "json")):
        assert (folder / f"table.{name}").read_text("utf-8") == getattr(evaluation.table, text)()


def test_a_line_a_pair(report):
    folder, evaluation = report
    with (folder / "pairs.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == len(evaluation.pairs) == 4 * 10
    assert [(line["content_name"], line["style_name"]) for line in lines[:7]] == [
        *((name, "x") for name in "abcde"), ("a", "y"), ("b", "y"),
    ]  # fmt: skip
    for line, pair in zip(lines, evaluation.pairs, strict=True):
        expected = pair.figures.named() if pair.figures else dict.fromkeys(FIGURES)
        assert {name: float(line[name]) if line[name] else None for name in FIGURES} == expected
        assert (line["method"], line["error"]) == (pair.method, pair.error)
        assert line["seconds"] == ("" if pair.seconds is None else str(pair.seconds))
    rows = json.loads((folder / "table.json").read_text("utf-8"))["rows"]
    dark = [float(line["color"]) for line in lines if line["method"] == "dark"]
    assert rows[2]["color"] == pytest.approx(sum(dark) / 10)


def test_the_sheet_shows_content_style_and_results(report, make_bench):
    folder, _ = report
    sheet = read_image(folder / "sheet.png").rgb
    _, _, height, width = sheet.shape
    assert (height // (CELL * 16 // 20), width // CELL) == (5, 4)
    middles = [round(width * (2 * column + 1) / 8) for column in range(4)]
    row = sheet[0, :, height // 10]
    assert row[:, middles[2]].max() < 0.05  # what the method painted
    assert row[:, middles[3]].min() > 0.99  # it failed
    assert (row[:, middles[0]] - row[:, middles[1]]).abs().max() > 0.02


def test_a_folder_that_is_not_there(report, make_bench, tmp_path):
    _, evaluation = report
    with pytest.raises(OutputError, match=r"absent/table\.md cannot be written"):
        write_report(tmp_path / "absent", evaluation.table, evaluation.pairs, make_bench(), {})
