"""Figure 3 with small networks that have random weights."""

from __future__ import annotations

import csv
import math
import re
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import torch

from adain_nodes.backend import choose_backend
from adain_nodes.evaluation.figures import losses
from adain_nodes.evaluation.figures.loss_figure import Entry, LossFigure, reached
from adain_nodes.evaluation.figures.losses import choose_pairs, contenders, measure_losses, optimised
from adain_nodes.evaluation.gallery import Gallery
from adain_nodes.evaluation.methods import Method
from adain_nodes.evaluation.metrics import compare
from adain_nodes.evaluation.store import Store
from adain_nodes.imaging.chart import SIZE
from adain_nodes.models.lite import LiteEncoder

MIX = Method(lambda style: style, lambda content, style: content.lerp(style, 0.4), "mix")


@pytest.fixture
def galleries(pictures):
    return Gallery(pictures[:2], ("one.jpg", "two.jpg")), Gallery(pictures[2:5], ("a.jpg", "b.jpg", "c.jpg"))


@pytest.fixture
def encoder():
    torch.manual_seed(0)
    return LiteEncoder((6, 8, 10)).eval()


@pytest.fixture
def backend():
    return choose_backend("cpu", "float32")


@pytest.fixture
def methods(encoder, backend):
    """A blend of both pictures, and Gatys' method in a narrow encoder."""
    return contenders({"vgg19": MIX}, encoder, (2, 4), backend)


def test_pairs_take_turns():
    assert choose_pairs(2, 4, 4) == [(0, 0), (1, 1), (0, 2), (1, 3)]
    assert choose_pairs(8, 16, 3) == [(0, 0), (1, 1), (2, 2)]
    for contents, styles in ((2, 4), (3, 2), (1, 5), (4, 6)):
        assert sorted(choose_pairs(contents, styles, 999)) == list(product(range(contents), range(styles)))


def test_the_figures_are_those_of_the_pictures(galleries, methods, network):
    figure = measure_losses(methods, *galleries, 2, network)
    starts = [(f"gatys-in from {start}", iterations) for start in ("content", "noise") for iterations in (2, 4)]
    one_step = [(name, 0) for name in ("the content itself", "the style itself", "vgg19")]
    assert [(mean.method, mean.iterations) for mean in figure.means] == one_step + starts
    expected = []
    for content, style in zip(galleries[0], list(galleries[1])[:2], strict=True):
        output, *pair = (network.describe(picture)[0] for picture in (content.lerp(style, 0.4), content, style))
        found = compare(output, *pair)
        expected.append((found.style, found.content, found.ssim))
    assert figure.means[2][2:] == pytest.approx(np.mean(expected, axis=0), rel=1e-4)
    assert figure.means[0][3:] == (0, 1)
    assert figure.means[1].style == 0
    assert (figure.entries[0].content, figure.entries[0].style, figure.side) == ("one.jpg", "a.jpg", 16)


def test_the_optimisation_is_seen_on_its_way(galleries, encoder, backend):
    content, style = (gallery[0] for gallery in galleries)
    seen = optimised(content, style, encoder, (1, 3), "content", backend)
    assert [iterations for iterations, _ in seen] == [1, 3]
    (_, early), (_, late) = seen
    assert early.shape == late.shape == content.shape
    assert not torch.equal(early, late)
    ((_, alone),) = optimised(content, style, encoder, (1,), "content", backend)
    assert torch.equal(early, alone)
    ((_, other),) = optimised(content, style, encoder, (1,), "noise", backend)
    assert (other - early).abs().mean() > 0.05


def test_what_is_in_the_store_is_not_measured_again(
    galleries, methods, network, encoder, backend, tmp_path, monkeypatch
):
    calls = []
    optimise = losses.optimised
    monkeypatch.setattr(losses, "optimised", lambda *arguments: calls.append(arguments[3]) or optimise(*arguments))
    store = Store(tmp_path)
    first = measure_losses(methods, *galleries, 1, network, store)
    told = []
    both = measure_losses(methods, *galleries, 2, network, store, lambda *done: told.append(done))
    assert calls == [(2, 4)] * 4  # from the content and from noise
    assert told == [(number, 10) for number in range(10)]
    assert set(first.entries) < set(both.entries)
    assert measure_losses(methods, *galleries, 2, network, store) == both
    assert measure_losses(methods, *galleries, 1, network, store) == first
    assert len(calls) == 4
    others = contenders({"vgg19": replace(MIX, weights="others")}, encoder, (3, 4), backend)
    measure_losses(others, *galleries, 1, network, store)
    assert calls[4:] == [(3, 4)] * 2


def entry(method, iterations, style, content=1.0):
    return Entry("c", "s", method, iterations, style, content, 0.5)


def figure(ours=1.0):
    """With a style loss of vgg19."""
    rows = (
        entry("the content itself", 0, 8.0, 0.0),
        entry("the style itself", 0, 0.0, 6.0),
        entry("vgg19", 0, ours),
        entry("lite", 0, 0.1),
        entry("gatys-in from content", 20, 2.0),
        entry("gatys-in from content", 40, 0.5),
        entry("gatys-in from noise", 50, 2.0),
        entry("gatys-in from noise", 100, 0.5),
    )
    return LossFigure(rows, 256, "vgg:1")


def test_markdown_says_whether_it_is_as_published():
    text = figure().markdown()
    assert re.search(r"^\| gatys-in from noise +\| +50 \| +2\.000 \| +1\.000 \| +0\.500 \|$", text, re.MULTILINE)
    assert re.search(r"^\| vgg19 +\| +– \| +1\.000 \|", text, re.MULTILINE)
    assert "Means over 1 pairs at 256×256 px; loss network vgg:1." in text
    first, second = figure().verdicts()
    assert first == (
        "gatys-in from content falls to the style loss of vgg19 after 30 iterations and to its content loss after "
        "20 iterations; in the paper the two methods are alike between 50 and 100 iterations, "
        "which does not come out here."
    )
    assert second.startswith("gatys-in from noise falls to the style loss of vgg19 after 75 iterations and to")
    assert second.endswith("which comes out here.")
    assert "the style loss of vgg19 not in 40 iterations and to its content loss after 20" in figure(0.1).verdicts()[0]


def test_csv_holds_everything_unrounded():
    header, _, _, row, *_ = csv.reader(figure(1 / 3).csv().splitlines())
    assert header == ["content", "style", "method", "iterations", "style_loss", "content_loss", "ssim"]
    assert row == ["c", "s", "vgg19", "0", str(1 / 3), "1.0", "0.5"]


@pytest.mark.parametrize(("level", "when"), [(8, 0), (16, 0), (4, 10), (2, 20), (1, math.inf), (2**2.5, 5)])
def test_levels_are_reached_between_points(level, when):
    assert reached([(0, 8.0), (20, 2.0), (30, 3.0)], level) == pytest.approx(when)


def test_the_picture_shows_both_losses():
    picture = figure().picture()
    assert picture.size == (SIZE[0], 2 * SIZE[1])
    pixels = np.asarray(picture)
    for color in ((0, 114, 178), (213, 94, 0), (51, 51, 51)):  # vgg19, lite, the curves
        rows = np.flatnonzero((pixels == color).all(2).any(1))
        assert rows.min() < SIZE[1] < rows.max()
