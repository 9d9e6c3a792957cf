from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from adain_nodes.core.adain import adain_levels
from adain_nodes.core.errors import AdaINError, EncoderMismatchError, InvalidValueError, ShapeError
from adain_nodes.core.statistics import BIASED, ORIGINAL, UNBIASED, Statistics
from adain_nodes.core.style import Style, blend, interpolate, style_of

NAMES = ("one", "two")


def features(batch: int = 1, height: int = 6) -> tuple[Tensor, ...]:
    return tuple(torch.randn(batch, c, height, 5) * torch.rand(c, 1, 1) + torch.randn(c, 1, 1) for c in (3, 4))


def make(note: str = "", batch: int = 1) -> Style:
    return style_of(features(batch), NAMES, "test:0", UNBIASED, note=note)


def assert_same(one: Style, other: Style) -> None:
    for ours, theirs in zip(one.levels, other.levels, strict=True):
        assert torch.equal(ours.mean, theirs.mean)
        assert torch.equal(ours.std, theirs.std)


def test_a_style_is_the_statistics_of_each_level(close):
    maps = features(batch=2)
    style = style_of(maps, NAMES, "test:0", ORIGINAL, note="waves")
    assert (style.names, style.encoder, style.convention, style.note) == (NAMES, "test:0", ORIGINAL, "waves")
    assert style.batch == 2
    for level, statistics in zip(maps, style.levels, strict=True):
        close(statistics.mean, level.double().mean((2, 3)))
        close(statistics.std, level.double().var((2, 3), correction=0).sqrt())  # no eps: the style's side


def test_masks_say_which_part_counts(close):
    maps = features()
    masks = [torch.zeros(1, 1, 6, 5), torch.zeros(1, 1, 6, 5)]
    masks[0][..., :2, :], masks[1][..., 3:, 1:] = 1, 1
    parts = maps[0][..., :2, :], maps[1][..., 3:, 1:]
    style = style_of(maps, NAMES, "test:0", BIASED, masks=masks)
    for ours, part in zip(style.levels, style_of(parts, NAMES, "test:0", BIASED).levels, strict=True):
        close(ours.mean, part.mean)
        close(ours.std, part.std)


def test_a_style_moves_to_a_device_and_stays_the_same():
    style = make("waves")
    moved = style.to("meta")
    assert all(t.device.type == "meta" for level in moved.levels for t in level)
    assert (moved.names, moved.encoder, moved.note) == (style.names, style.encoder, style.note)
    assert_same(style.to("cpu"), style)


def test_the_wrong_encoder_is_refused():
    names = make().names
    make().check_encoder("test:0", names)
    with pytest.raises(
        EncoderMismatchError, match=r"'waves' was made by the encoder test:0 at one, two; .* in use is test:1"
    ) as caught:
        make("waves").check_encoder("test:1", names)
    assert caught.value.facts == {"style": "test:0", "encoder": "test:1"}
    with pytest.raises(EncoderMismatchError, match="unnamed"):
        make().check_encoder("test:1", names)


def test_other_levels_of_the_same_width_are_refused():
    with pytest.raises(EncoderMismatchError, match=r"at one, two; .* test:0 at one, other"):
        make().check_encoder("test:0", ("one", "other"))


def test_other_levels_are_refused():
    style, maps = make(), features(batch=3)
    style.check_levels(maps)
    for wrong in (maps[:1], maps[::-1], (*maps, maps[0])):
        with pytest.raises(ShapeError, match=r"levels of \[3, 4\] channels \(one, two\), the features of \["):
            style.check_levels(wrong)


@pytest.mark.parametrize("chosen", [0, 1, 2])
def test_one_hot_weights_give_that_style_exactly(chosen):
    styles = [make(), make(), make()]
    assert_same(blend(styles, [float(i == chosen) for i in range(3)]), styles[chosen])


def test_the_blend_of_statistics_is_the_blend_of_the_features(close):
    """Equation 15, for as many styles as one likes, at the cost of one."""
    content, styles, weights = features(height=9), [make(), make(), make()], (0.2, 0.5, 0.3)
    results = [adain_levels(content, style, 0.9) for style in styles]
    for i, level in enumerate(adain_levels(content, blend(styles, weights), 0.9)):
        close(level, sum(w * result[i] for w, result in zip(weights, results, strict=True)))


@settings(max_examples=30)
@given(
    weights=st.lists(st.floats(0, 100), min_size=1, max_size=4).filter(lambda w: sum(w) > 1e-3),
    factor=st.floats(0.01, 100),
)
def test_only_the_proportions_of_the_weights_count(close, weights, factor):
    torch.manual_seed(0)
    styles = [make() for _ in weights]
    total = sum(weights)
    for given_ in (weights, [w * factor for w in weights]):
        for i, level in enumerate(blend(styles, given_).levels):
            close(level.mean, sum(w / total * s.levels[i].mean for w, s in zip(weights, styles, strict=True)))
            close(level.std, sum(w / total * s.levels[i].std for w, s in zip(weights, styles, strict=True)))


def test_without_weights_the_shares_are_equal():
    styles = [make(), make(), make()]
    assert_same(blend(styles), blend(styles, [7, 7, 7]))
    assert not torch.equal(blend(styles).levels[0].mean, blend(styles, [1, 1, 2]).levels[0].mean)


def test_negative_weights_lead_away_and_deviations_stop_at_0():
    near, far = (
        Style(("one",), (Statistics(torch.tensor([[m]]), torch.tensor([[s]])),), "test:0", BIASED)
        for m, s in ((1.0, 1.0), (3.0, 4.0))
    )
    away = blend([near, far], [1.5, -0.5]).levels[0]
    assert away.mean.item() == 0.0
    assert away.std.item() == 0.0  # 1.5 - 2 would be negative
    assert blend([far, near], [1.5, -0.5]).levels[0].std.item() == 5.5


@pytest.mark.parametrize(
    ("weights", "text"),
    [
        ([0.0, 0.0], "0, 0 sum to 0"),
        ([1.0, -1.0], "sum to 0"),
        ([1.0, -2.0], "sum to -1; the sum must be above 0"),
        ([float("nan"), 1.0], "nan, 1 sum to nan"),
        ([float("inf"), 1.0], "sum to inf"),
        ([float("inf"), float("-inf")], "sum to nan"),
        ([1e308, 1e308], "sum to inf"),
        ([1.0], "2 styles and 1 weights"),
        ([1.0, 1.0, 1.0], "2 styles and 3 weights"),
        ([], "2 styles and 0 weights"),
    ],
)
def test_weights_that_cannot_be_normalised(weights, text):
    with pytest.raises(InvalidValueError, match=text) as caught:
        blend([make(), make()], weights)
    assert str(caught.value.facts["weights"]) == str(weights)


def test_no_styles_are_refused():
    with pytest.raises(InvalidValueError, match="no styles to blend"):
        blend([])


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"encoder": "test:1"}, EncoderMismatchError, "test:1.*test:0"),
        ({"names": ("one", "other")}, EncoderMismatchError, r"at one, other; .* at one, two"),
        ({"convention": BIASED}, EncoderMismatchError, "unbiased statistics, another biased"),
    ],
)
def test_styles_that_do_not_belong_together(change: dict[str, object], error: type[AdaINError], text: str):
    with pytest.raises(error, match=text):
        blend([make(), replace(make(), **change)])


def test_batches_blend_style_by_style(close):
    one, three = make(), make(batch=3)
    mixed = blend([one, three], [1, 3])
    assert mixed.batch == 3
    close(mixed.levels[1].mean, 0.25 * one.levels[1].mean + 0.75 * three.levels[1].mean)
    with pytest.raises(ShapeError, match="of 2 and 3 pictures"):
        blend([make(batch=2), three])


def test_the_note_names_the_parts():
    assert blend([make("waves"), make()], [3, 1]).note == "0.75 waves + 0.25 style"
    assert blend([make("waves")], [3]).note == "waves"


def test_interpolation_runs_from_start_to_end():
    start, end = make("start"), make("end")
    assert_same(interpolate(start, end, 0), start)
    assert_same(interpolate(start, end, 1), end)
    assert_same(interpolate(start, end, 0.25), blend([start, end], [3, 1]))
    with pytest.raises(InvalidValueError, match="nan"):
        interpolate(start, end, float("nan"))


def test_blending_leaves_the_styles_as_they_were():
    style = make()
    copy = replace(style, levels=tuple(Statistics(*(t.clone() for t in level)) for level in style.levels))
    blend([style, make()], [2, -1])
    assert_same(style, copy)
