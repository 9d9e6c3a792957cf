from __future__ import annotations

import csv
import io
import json
from statistics import fmean, median

import numpy as np
import pytest

from adain_nodes.evaluation.bench import Pair
from adain_nodes.evaluation.intervals import two_way_interval
from adain_nodes.evaluation.metrics import FIGURES, Figures
from adain_nodes.evaluation.table import Interval, Row, Table, csv_text


def figures(seed):
    values = np.random.default_rng(seed).random(7).tolist()
    return Figures(tuple(values[:4]), *values[4:])


@pytest.fixture
def pairs():
    """Two styles on three contents; the last one failed."""
    numbers = [(content, style) for style in range(2) for content in range(3)]
    made = [
        Pair("m", content, style, figures(3 * style + content), 1.0 + content, 10.0 * (style + 1))
        for content, style in numbers[:-1]
    ]
    return [*made, Pair("m", 2, 1, None, error="too small")]


def test_a_row_is_the_mean_over_its_pairs(pairs):
    row = Row.of("m", pairs, (2, 3), memory=5)
    assert (row.method, row.pairs, row.failed, row.memory) == ("m", 5, 1, 5)
    named = [pair.figures.named() for pair in pairs[:-1]]
    for name in FIGURES:
        assert row.figures[name].mean == pytest.approx(fmean(each[name] for each in named))
    assert row.figures["style"].mean == pytest.approx(sum(row.figures[level].mean for level in FIGURES[1:5]))
    assert row.seconds == median([1, 2, 3, 1, 2])
    assert row.seconds_with_style == median([11, 12, 13, 21, 22])


def test_its_intervals_are_those_of_styles_and_contents(pairs):
    row = Row.of("m", pairs, (2, 3))
    values = np.full((2, 3, len(FIGURES)), np.nan)
    for pair in pairs[:-1]:
        values[pair.style, pair.content] = [pair.figures.named()[name] for name in FIGURES]
    low, high = two_way_interval(values)
    assert [(each.low, each.high) for each in row.figures.values()] == list(zip(low, high, strict=True))
    alone = Row.of("m", pairs[:1], (1, 1)).figures["ssim"]
    assert alone == Interval(pairs[0].figures.ssim, None, None)


def test_rows_without_times_or_without_pairs(pairs):
    controls = [Pair("c", pair.content, pair.style, pair.figures) for pair in pairs[:-1]]
    row = Row.of("c", controls, (2, 3))
    assert (row.seconds, row.seconds_with_style, row.memory) == (None, None, None)
    assert Row.of("m", pairs[-1:], (2, 3)) == Row("m", {}, 0, failed=1)
    assert Row.of("m", [], (2, 3)) == Row("m", {}, 0)


def known(*means):
    return {name: Interval(mean, mean - 0.5, mean + 0.25) for name, mean in zip(FIGURES, means, strict=True)}


RESULT = Table(
    (
        Row("the content itself", known(11.2834, 2, 3, 4, 2.2834, 0, 1, 31.237), 128),
        Row("lite", known(2.9264, 0.25, 0.5, 0.75, 1.4264, 2.1157, 0.58776, 5.5), 127, 1, 0.12345, 0.2, 123_000_000),
        Row("swap", {}, 0, 128),
    ),
    8,
    16,
    256,
    "vgg:1",
    {"device": "cpu (EPYC)"},
    ("lite: 127 of 128 pairs", "swap: none"),
)


def test_markdown():
    text = RESULT.markdown()
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in text.splitlines() if line.startswith("|")]
    assert lines[0] == ["method", "style ↓", "content ↓", "SSIM ↑", "colour ↓"]
    assert lines[2] == [
        "the content itself",
        "11.283 [10.783, 11.533]",
        "0.000 [-0.500, 0.250]",
        "1.000 [0.500, 1.250]",
        "31.24 [30.74, 31.49]",
    ]
    assert lines[4] == ["swap †", "–", "–", "–", "–"]
    assert lines[5] == ["style by level ↓", *FIGURES[1:5], "seconds", "with style", "GB"]
    assert lines[7] == ["the content itself", "2.000", "3.000", "4.000", "2.283", "–", "–", "–"]
    assert lines[8] == ["lite †", "0.250", "0.500", "0.750", "1.426", "0.123", "0.200", "0.12"]
    assert "Means over 128 pairs (8 contents × 16 styles) at 256×256 px, in brackets 95% intervals" in text
    assert "; loss network vgg:1; device cpu (EPYC). Seconds are" in text
    assert text.endswith("† lite: 127 of 128 pairs\n\n† swap: none\n")


def test_csv_and_json_hold_everything_unrounded():
    rows = list(csv.DictReader(io.StringIO(RESULT.csv())))
    read = json.loads(RESULT.json())
    assert [list(row) for row in read["rows"]] == [list(row) for row in rows]
    for text, row, ours in zip(rows, read["rows"], RESULT.rows, strict=True):
        assert text == {name: "" if value is None else str(value) for name, value in row.items()}
        assert row == ours.flat()
    lite = read["rows"][1]
    assert (lite["ssim"], lite["ssim_low"], lite["ssim_high"]) == (0.58776, 0.58776 - 0.5, 0.58776 + 0.25)
    assert (lite["pairs"], lite["failed"], lite["seconds_with_style"], lite["memory_bytes"]) == (
        127,
        1,
        0.2,
        123_000_000,
    )
    assert read["rows"][2]["style"] is None
    about = {"contents": 8, "styles": 16, "side": 256, "network": "vgg:1", "settings": {"device": "cpu (EPYC)"}}
    assert {name: read[name] for name in about} == about
    assert read["notes"] == ["lite: 127 of 128 pairs", "swap: none"]


def test_commas_and_line_feeds_in_a_cell():
    text = csv_text([{"method": "a,b", "error": "first\nsecond"}, {"method": "c", "error": None}])
    assert list(csv.reader(io.StringIO(text))) == [["method", "error"], ["a,b", "first\nsecond"], ["c", ""]]
