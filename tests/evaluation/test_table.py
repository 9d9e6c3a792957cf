from __future__ import annotations

import json
from itertools import product
from statistics import fmean

import numpy as np
import pytest
import torch
from PIL import Image

from adain_nodes.core.errors import ImageError, ShapeError
from adain_nodes.evaluation import table
from adain_nodes.evaluation.metrics import LossNetwork, compare
from adain_nodes.evaluation.table import Row, Table, evaluate, read_squares


@pytest.fixture
def contents(pictures):
    """One more than a batch."""
    assert table.BATCH == 4
    return pictures[:5]


@pytest.fixture
def styles(pictures):
    return pictures[5:]


def figures(row):
    return row.style, row.content, row.ssim


def test_copies_measure_as_the_controls_do(network, contents, styles):
    methods = {
        "copy": lambda contents, style: contents.clone(),
        "paste": lambda contents, style: style.expand_as(contents),
    }
    result = evaluate(methods, contents, styles, network)
    content, style, copy, paste = result.rows
    assert [row.method for row in result.rows] == ["the content itself", "the style itself", "copy", "paste"]
    assert figures(copy) == pytest.approx(figures(content), abs=1e-5)
    assert figures(paste) == pytest.approx(figures(style), abs=1e-5)
    assert (content.content, content.ssim, style.style) == (0, 1, 0)
    assert (content.seconds, style.seconds) == (None, None)
    assert (result.contents, result.styles, result.side, result.network) == (5, 2, 16, network.fingerprint)


def test_a_row_is_the_mean_over_all_pairs(network, contents, styles):
    def method(contents, style):
        return torch.lerp(contents, style, 0.3)

    row = evaluate({"mix": method}, contents, styles, network).rows[-1]
    pairs = []
    for style, content in product(styles.split(1), contents.split(1)):
        pairs.append(compare(*(network.describe(p)[0] for p in (method(content, style), content, style))))
    assert len(pairs) == 10
    expected = [fmean(getattr(pair, name) for pair in pairs) for name in ("style", "content", "ssim")]
    assert figures(row) == pytest.approx(expected, rel=1e-4)


def test_outputs_are_clamped(network, contents, styles):
    bright, white = evaluate(
        {"bright": lambda contents, style: contents + 3, "white": lambda contents, style: torch.ones_like(contents)},
        contents,
        styles,
        network,
    ).rows[2:]
    assert figures(bright) == figures(white)


def test_seconds_are_medians_a_picture_and_progress_counts_pictures(network, contents, styles, monkeypatch):
    # Batches of 4 and 1 contents for each of two styles; the first takes 40 s (a warm-up), the others 1 s a picture.
    now = iter([0, 40, 40, 41, 41, 45, 45, 46])
    monkeypatch.setattr(table, "perf_counter", lambda: next(now))
    calls, seen = [], []

    def method(contents, style):
        calls.append((len(contents), len(style)))
        return contents

    row = evaluate({"m": method}, contents, styles, network, progress=lambda *done: seen.append(done)).rows[-1]
    assert calls == [(4, 1), (1, 1), (4, 1), (1, 1)]
    assert row.seconds == 1
    assert seen == [(4, 10), (5, 10), (9, 10), (10, 10)]


def test_each_reference_is_encoded_once(network, contents, styles, monkeypatch):
    described = []
    describe = LossNetwork.describe
    monkeypatch.setattr(
        LossNetwork, "describe", lambda self, p: described.append(len(p)) or describe(self, p), raising=True
    )
    evaluate({"a": lambda c, s: c, "b": lambda c, s: c}, contents, styles, network)
    assert sum(described) == 5 + 2 + 2 * 5 * 2


def test_pictures_that_do_not_fit_are_refused(network, contents, styles):
    with pytest.raises(ShapeError, match="pictures of each, in one size"):
        evaluate({}, contents, styles[..., :10], network)
    with pytest.raises(ShapeError, match="pictures of each, in one size"):
        evaluate({}, contents[:0], styles, network)
    with pytest.raises(ShapeError, match=r"contents of shape \(4, 3, 16, 20\) into \(4, 3, 16, 24\)"):
        evaluate({"m": lambda c, s: torch.zeros(len(c), 3, 16, 24)}, contents, styles, network)
    with pytest.raises(ShapeError, match=r"into \(1, 3, 16, 20\)"):
        evaluate({"m": lambda c, s: s}, contents, styles, network)


def test_squares_are_read_in_order(tmp_path):
    for index, grey in enumerate((51, 102, 204)):
        pixels = np.full((30 + index, 40, 3), grey, np.uint8)
        Image.fromarray(pixels).save(tmp_path / f"p{index}.png")
    squares = read_squares([tmp_path / "p2.png", tmp_path], side=24)
    assert squares.shape == (3, 3, 24, 24)
    assert squares[:, 0, 0, 0].tolist() == pytest.approx([0.8, 0.2, 0.4])
    with pytest.raises(ImageError, match="absent"):
        read_squares([tmp_path / "absent"])


RESULT = Table(
    (Row("the content itself", 11.2834, 0, 1, None), Row("lite", 2.9264, 2.1157, 0.58776, 0.12345)), 8, 16, 256, "vgg:1"
)


def test_markdown():
    assert RESULT.markdown() == (
        "| method             | style ↓ | content ↓ | SSIM ↑ | seconds |\n"
        "| ------------------ | ------: | --------: | -----: | ------: |\n"
        "| the content itself |  11.283 |     0.000 |  1.000 |       – |\n"
        "| lite               |   2.926 |     2.116 |  0.588 |   0.123 |\n\n"
        "Means over 128 pairs (8 contents × 16 styles) at 256×256 px; loss network vgg:1.\n"
    )


def test_json_holds_everything_unrounded():
    read = json.loads(RESULT.json())
    assert Table(**{**read, "rows": tuple(Row(**row) for row in read["rows"])}) == RESULT


@pytest.mark.slow
def test_the_controls_are_those_that_the_project_reports(shared, monkeypatch):
    monkeypatch.setenv("ADAIN_WEIGHTS_DIR", str(shared / "weights"))
    pictures = shared / "images" / "eval"
    result = evaluate({}, read_squares([pictures / "content"]), read_squares([pictures / "style"]), LossNetwork.load())
    content, style = (tuple(round(value, 3) for value in figures(row)) for row in result.rows)
    assert content == (11.283, 0, 1)
    assert style == (0, 6.045, 0.115)
    assert (result.contents, result.styles, result.side) == (8, 16, 256)
