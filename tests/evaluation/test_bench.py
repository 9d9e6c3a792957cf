from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
import torch

from adain_nodes.core.errors import DivergedError, ShapeError
from adain_nodes.evaluation import bench as module
from adain_nodes.evaluation.bench import CONTROLS, Bench, Pair
from adain_nodes.evaluation.gallery import Gallery
from adain_nodes.evaluation.methods import Method
from adain_nodes.evaluation.metrics import LossNetwork, compare
from adain_nodes.evaluation.store import Store

MIX = Method(lambda style: style.mean((2, 3), keepdim=True), lambda contents, mean: torch.lerp(contents, mean, 0.3))


def untimed(pairs):
    return [replace(pair, seconds=None, encoding=None) for pair in pairs]


def counted(method=MIX):
    """The method, and the numbers of calls of its two steps."""
    calls = {"encode": 0, "stylize": 0}

    def counting(name, step):
        def run(*arguments):
            calls[name] += 1
            return step(*arguments)

        return run

    return Method(counting("encode", method.encode_style), counting("stylize", method.stylize), method.weights), calls


def test_every_pair_is_compared_with_its_own_pictures(make_bench, network):
    bench = make_bench()
    pairs = list(bench.measure("mix", MIX))
    assert [(pair.style, pair.content) for pair in pairs] == list(product(range(2), range(5)))
    for pair in pairs:
        content, style = bench.contents[pair.content], bench.styles[pair.style]
        seen = (network.describe(picture)[0] for picture in (MIX(content, style), content, style))
        assert pair == Pair("mix", pair.content, pair.style, compare(*seen), pair.seconds, pair.encoding)


def test_copies_measure_as_the_controls_do(make_bench):
    bench = make_bench()
    copies = Method(lambda style: style, lambda contents, style: contents.clone())
    pastes = Method(lambda style: style, lambda contents, style: style)
    controls = list(bench.controls())
    assert [pair.method for pair in controls] == [CONTROLS[0]] * 10 + [CONTROLS[1]] * 10
    made = [*bench.measure(CONTROLS[0], copies), *bench.measure(CONTROLS[1], pastes)]
    assert untimed(made) == controls
    assert {(pair.figures.content, pair.figures.ssim) for pair in controls[:10]} == {(0, 1)}
    assert {pair.figures.style for pair in controls[10:]} == {0}
    assert max(pair.figures.color for pair in controls[10:]) == pytest.approx(0, abs=1e-5)


def test_a_style_is_encoded_once_and_the_references_are_seen_once(make_bench, monkeypatch):
    seen = []
    describe = LossNetwork.describe
    monkeypatch.setattr(LossNetwork, "describe", lambda self, p: seen.append(len(p)) or describe(self, p))
    bench, (method, calls) = make_bench(), counted()
    pairs = [*bench.controls(), *bench.measure("a", method), *bench.measure("b", method)]
    assert sum(seen) == 5 + 2 + 2 * 10
    assert calls == {"encode": 4, "stylize": 20}
    assert all(pair.seconds > 0 and pair.encoding > 0 for pair in pairs[20:])
    assert len({pair.encoding for pair in pairs[20:]}) == 4


def test_times_are_those_of_the_two_steps(make_bench, monkeypatch):
    lasting = iter([7.0, 1.0, 2.0])
    monkeypatch.setattr(module, "timed", lambda run: (run(), next(lasting)))
    pairs = list(make_bench(2, 1).measure("mix", MIX))
    assert [(pair.encoding, pair.seconds) for pair in pairs] == [(7, 1), (7, 2)]


def test_outputs_are_clamped(make_bench):
    bench = make_bench(2, 1)
    bright = bench.measure("m", Method(lambda style: style, lambda contents, style: contents + 3))
    white = bench.measure("m", Method(lambda style: style, lambda contents, style: torch.ones_like(contents)))
    assert untimed(bright) == untimed(white)


def test_what_fails_is_said_and_the_rest_goes_on(make_bench):
    bench = make_bench()

    def encode_style(style):
        if torch.equal(style, bench.styles[1]):
            raise DivergedError("The loss is no number.", "Try adam.")
        return style

    def stylize(contents, style):
        if torch.equal(contents, bench.contents[0]):
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        if torch.equal(contents, bench.contents[1]):
            raise MemoryError
        if torch.equal(contents, bench.contents[2]):
            return contents[..., :10]
        return contents * (torch.nan if torch.equal(contents, bench.contents[3]) else 1)

    pairs = list(bench.measure("m", Method(encode_style, stylize)))
    assert [pair.error for pair in pairs] == [
        "DefaultCPUAllocator: can't allocate memory",
        "MemoryError()",
        "The method turned a content of shape (1, 3, 16, 20) into (1, 3, 16, 10). Return a picture that is as large as "
        "the content.",
        "The picture has values that are no numbers. Choose float32.",
        "",
        *["The loss is no number. Try adam."] * 5,
    ]
    assert [pair.figures is None for pair in pairs] == [bool(pair.error) for pair in pairs]


def test_what_is_kept_is_not_made_again(make_bench, tmp_path):
    method, calls = counted()
    first = [*make_bench(store=Store(tmp_path)).controls(), *make_bench(store=Store(tmp_path)).measure("mix", method)]
    again = make_bench(store=Store(tmp_path))
    again.network.describe = None  # nothing has to be looked at
    assert [*again.controls(), *again.measure("mix", method)] == first
    assert calls == {"encode": 2, "stylize": 10}


@pytest.mark.parametrize(
    ("change", "made"),
    [
        ({}, 0),
        ({"weights": "other"}, 10),
        ({"name": "max"}, 10),
        ({"settings": {"dtype": "bfloat16"}}, 10),
        ({"network": "vgg:other"}, 10),
        ({"contents": slice(1, 6)}, 2),  # four of the five are the same
    ],
)
def test_only_what_differs_is_made_again(make_bench, pictures, tmp_path, change, made):
    settings = {"settings": {"dtype": "float32"}, "store": Store(tmp_path)}
    list(make_bench(**settings).measure("mix", MIX))
    bench = make_bench(**settings | {name: change[name] for name in ("settings",) if name in change})
    if "network" in change:
        bench.network.fingerprint = change["network"]
    if "contents" in change:
        bench = replace(bench, contents=Gallery(pictures[change["contents"]], tuple("bcdef")))
        bench.__dict__["shown"] = ()  # the pictures that are kept are those of other pairs
    method, calls = counted(replace(MIX, weights=change.get("weights", "")))
    list(bench.measure(change.get("name", "mix"), method))
    assert calls["stylize"] == made


def test_a_pair_that_failed_is_tried_again(make_bench, tmp_path):
    failing = Method(MIX.encode_style, lambda contents, style: contents[..., :3])
    assert all(pair.error for pair in make_bench(store=Store(tmp_path)).measure("mix", failing))
    assert not any(pair.error for pair in make_bench(store=Store(tmp_path)).measure("mix", MIX))


def test_pictures_are_kept_of_the_shown_pairs_and_made_again_when_they_are_gone(make_bench, tmp_path):
    bench, (method, calls) = make_bench(store=Store(tmp_path)), counted()
    list(bench.measure("mix", method))
    assert bench.shown == ((0, 0), (1, 0), (2, 0), (3, 1), (4, 1))
    kept = [bench.store.picture(bench.key("mix", "", *pair)) for pair in product(range(5), range(2))]
    assert [picture is not None for picture in kept] == [pair in bench.shown for pair in product(range(5), range(2))]
    expected = MIX(bench.contents[4], bench.styles[1])
    torch.testing.assert_close(kept[-1], expected, rtol=0, atol=0.6 / 255)
    next(tmp_path.glob("*.png")).unlink()
    list(make_bench(store=Store(tmp_path)).measure("mix", method))
    assert calls["stylize"] == 11


@pytest.mark.parametrize(("contents", "styles"), [(8, 16), (1, 16), (16, 1), (2, 3), (1, 1), (30, 20)])
def test_shown_pairs_are_few_and_different(make_bench, pictures, contents, styles):
    galleries = (
        Gallery(pictures[:1].expand(number, -1, -1, -1), tuple(map(str, range(number))))
        for number in (contents, styles)
    )
    shown = Bench(*galleries, make_bench().network).shown
    assert len(set(shown)) == len(shown) == min(8, max(contents, styles))
    assert len({content for content, _ in shown}) == min(8, contents)
    assert len({style for _, style in shown}) == min(8, styles)
    assert all(content < contents and style < styles for content, style in shown)


def test_pictures_that_do_not_fit_are_refused(network, pictures):
    named = Gallery(pictures[:5], tuple("abcde"))
    for other in (Gallery(pictures[:2, :, :, :10], ("x", "y")), Gallery(pictures[:0], ())):
        with pytest.raises(ShapeError, match="pictures of each, in one size"):
            Bench(named, other, network)
    small = Bench(*(Gallery(pictures[:1, :, :8, :8], ("a",)) for _ in range(2)), network)
    with pytest.raises(ShapeError, match="sides of 9 pixels or more"):
        list(small.controls())
