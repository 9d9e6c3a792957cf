import numpy as np
import pytest

from adain_nodes.evaluation.intervals import two_way_interval


def drawn(generator, styles, contents, *, style=1.0, content=1.0, pair=0.5):
    """Figures S×C×1 with mean 0 of random styles, contents and pairs, with these standard deviations."""
    parts = (
        style * generator.standard_normal((styles, 1)),
        content * generator.standard_normal((1, contents)),
        pair * generator.standard_normal((styles, contents)),
    )
    return sum(parts)[..., None]


def test_two_contents_give_the_three_means_that_they_can():
    values = np.tile([0.0, 1.0], (5, 1))[..., None]  # a resample has 0, 1 or 2 of the second one
    assert two_way_interval(values).ravel().tolist() == [0, 1]
    assert two_way_interval(values, confidence=0.4).ravel().tolist() == [0.5, 0.5]


def test_the_length_is_that_of_independent_styles_and_contents():
    values = drawn(np.random.default_rng(1), 60, 40, style=1.0, content=2.0, pair=0.0)
    variance = values.mean(1).var() / 60 + values.mean(0).var() / 40
    low, high = two_way_interval(values, resamples=8000)[:, 0]
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(variance), rel=0.05)
    assert (high + low) / 2 == pytest.approx(values.mean(), abs=0.05 * (high - low))


def test_most_intervals_hold_the_truth_and_those_of_independent_pairs_do_not():
    generator = np.random.default_rng(2)
    held = naive = 0
    for _ in range(200):
        values = drawn(generator, 16, 12)
        low, high = two_way_interval(values, resamples=400)[:, 0]
        held += low < 0 < high
        naive += abs(values.mean()) < 1.96 * values.std() / np.sqrt(values.size)
    assert 0.88 <= held / 200 <= 0.99
    assert naive / 200 < 0.6


def test_figures_keep_their_places_and_share_their_draws():
    values = drawn(np.random.default_rng(3), 4, 5)
    low, high = two_way_interval(np.concatenate([values, 10 - 2 * values], axis=2))
    assert (low[1], high[1]) == pytest.approx((10 - 2 * high[0], 10 - 2 * low[0]))
    assert np.array_equal(two_way_interval(values), two_way_interval(values))
    assert not np.array_equal(two_way_interval(values), two_way_interval(values, seed=1))


def test_pairs_that_are_missing_do_not_count():
    values = drawn(np.random.default_rng(4), 6, 5)
    half = values.copy()
    half[3:] = np.nan
    half[2, 2:] = np.nan
    low, high = two_way_interval(half)[:, 0]
    assert low < np.nanmean(half) < high
    assert values[:3].min() <= low
    one = np.full((6, 5, 1), np.nan)
    one[0, 0] = 7
    assert two_way_interval(one).ravel().tolist() == [7, 7]


def test_what_cannot_be_resampled():
    assert np.isnan(two_way_interval(np.ones((1, 1, 3)))).all()
    assert np.isnan(two_way_interval(np.full((2, 2, 3), np.nan))).all()
    low, high = two_way_interval(np.arange(10.0).reshape(1, 10, 1))[:, 0]
    assert low < 4.5 < high
