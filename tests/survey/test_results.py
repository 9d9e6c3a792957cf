"""What is made of answers: means and strengths against known solutions, and intervals against the normal law."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.survey.answers import FILE, Answers, Asked
from adain_nodes.survey.questions import PAIRS, RATE, Question
from adain_nodes.survey.results import bradley_terry, csv_text, read_answers, summarise

TEAMS = ("Milwaukee", "Detroit", "Toronto", "New York", "Boston", "Cleveland", "Baltimore")
BASEBALL = np.array(
    [
        [0, 7, 9, 7, 7, 9, 11],
        [6, 0, 7, 5, 11, 9, 9],
        [4, 6, 0, 7, 7, 8, 12],
        [6, 8, 6, 0, 6, 7, 10],
        [6, 2, 6, 7, 0, 7, 12],
        [4, 4, 5, 6, 6, 0, 6],
        [2, 4, 1, 3, 1, 7, 0],
    ],
    float,
)
"""Games won in the American League in 1987, by the winner's row (Agresti, Categorical Data Analysis, table 10.10)."""

ABILITIES = (1.5814, 1.4364, 1.2945, 1.2476, 1.1077, 0.6839, 0)
"""Relative to Baltimore, as the documentation of the R package BradleyTerry2 prints them."""


def ratings(*given):
    """Answers of raters: (rater, method, rating)."""
    return [Asked(who, n, Question(f"p{n}", method), answer, "") for n, (who, method, answer) in enumerate(given, 1)]


def choices(*given):
    """Answers of raters: (rater, first, second, answer)."""
    return [Asked(who, n, Question(f"p{n}", a, b), answer, "") for n, (who, a, b, answer) in enumerate(given, 1)]


def test_strengths_are_those_of_a_published_example():
    found = bradley_terry(BASEBALL, prior=0)
    np.testing.assert_allclose(found - found[-1], ABILITIES, atol=6e-5)


@settings(max_examples=25)
@given(arrays(float, 5, elements=st.floats(-4, 4)))
def test_strengths_that_made_the_wins_are_found_again(strengths):
    odds = np.exp(strengths[:, None] - strengths)
    wins = 20 * odds / (1 + odds) * (1 - np.eye(5))
    np.testing.assert_allclose(bradley_terry(wins, prior=0), strengths - strengths.mean(), atol=1e-5)


@settings(max_examples=25)
@given(arrays(float, (3, 4, 4), elements=st.integers(0, 30)))
def test_expected_wins_are_the_wins(wins):
    """The gradient of the log-likelihood is zero, and several tables at once are as each by itself."""
    found = bradley_terry(wins)
    odds = np.exp(found[:, :, None] - found[:, None, :])
    won = wins + 0.5 * (1 - np.eye(4))
    won *= 1 - np.eye(4)
    expected = (won + won.swapaxes(1, 2)) * odds / (1 + odds)
    np.testing.assert_allclose(won.sum(2), expected.sum(2), atol=1e-4)
    np.testing.assert_allclose(found.sum(1), 0, atol=1e-9)
    np.testing.assert_allclose(bradley_terry(wins[1]), found[1], atol=1e-6)


def test_two_methods_differ_by_their_log_odds_and_half_a_win_keeps_them_finite():
    wins = np.array([[0, 30.0], [0, 0]])
    assert np.diff(bradley_terry(wins)) == pytest.approx(-np.log(30.5 / 0.5))
    assert np.diff(bradley_terry(wins + wins.T / 3, prior=0)) == pytest.approx(-np.log(3))


def test_ratings_become_means_best_first():
    found = summarise(
        RATE, ratings(("ann", "low", "2"), ("bob", "low", "4"), ("bob", "high", "9"), ("ann", "high", "skip"))
    )
    assert (found.raters, found.answers, found.skipped) == (2, 3, 1)
    assert [(each.method, each.value, each.answers) for each in found.estimates] == [("high", 9, 1), ("low", 3, 2)]
    assert (found.estimates[1].low, found.estimates[1].high) == (2, 4)
    header, rows = found.table()
    assert header == ["method", "mean rating", "95 %", "answers"]
    assert rows == [["high", "9.00", "9.00 to 9.00", "1"], ["low", "3.00", "2.00 to 4.00", "2"]]
    assert found.caption == "2 raters, 3 answers, 1 skipped"


def test_choices_become_strengths():
    given = choices(
        ("ann", "good", "bad", "first"), ("ann", "bad", "good", "second"), ("bob", "bad", "good", "second"),
        ("bob", "good", "bad", "second"), ("cat", "good", "bad", "skip"),
    )  # fmt: skip
    found = summarise(PAIRS, given)
    assert (found.raters, found.answers, found.skipped) == (2, 4, 1)
    good, bad = found.estimates
    assert (good.method, good.chosen, good.answers, bad.chosen, bad.answers) == ("good", 3, 4, 1, 4)
    assert good.value == pytest.approx(np.log(3.5 / 1.5) / 2)
    assert good.value == pytest.approx(-bad.value)
    assert good.low == pytest.approx(0, abs=1e-6)  # only Bob
    assert good.high == pytest.approx(np.log(4.5 / 0.5) / 2)  # only Ann
    header, (row, _) = found.table()
    assert header == ["method", "strength", "95 %", "chosen", "answers"]
    assert row == ["good", "+0.42", "+0.00 to +1.10", "75%", "4"]


@pytest.mark.parametrize("given", [ratings(("ann", "a", "7")), choices(("ann", "a", "b", "first"))])
def test_one_rater_makes_no_interval(given):
    _, rows = summarise(PAIRS if given[0].question.second else RATE, given).table()
    assert all(row[2] == "–" for row in rows)


def test_without_answers_there_are_no_results():
    assert summarise(RATE, ratings(("ann", "a", "skip"))).table()[1] == []
    assert summarise(RATE, []).caption == "0 raters, 0 answers, 0 skipped"


def test_intervals_of_ratings_are_those_of_the_normal_law_for_many_raters():
    """Raters who are alike within and differ among each other: what counts is their number, not that of answers."""
    generator = np.random.default_rng(1)
    tastes = generator.integers(3, 9, 200)
    given = [(f"rater {who}", "a", str(taste)) for who, taste in enumerate(tastes) for _ in range(5)]
    (found,) = summarise(RATE, ratings(*given)).estimates
    wanted = 1.96 * tastes.std() / np.sqrt(200)
    assert found.value - found.low == pytest.approx(wanted, rel=0.1)
    assert found.high - found.value == pytest.approx(wanted, rel=0.1)


def test_intervals_of_strengths_are_those_of_the_normal_law_for_many_raters():
    generator = np.random.default_rng(2)
    chosen = generator.random(400) < 0.7
    given = [(f"rater {who}", "a", "b", "first" if each else "second") for who, each in enumerate(chosen)]
    found = next(each for each in summarise(PAIRS, choices(*given)).estimates if each.method == "a")
    share = chosen.mean()
    wanted = 1.96 / np.sqrt(400 * share * (1 - share)) / 2  # of a logit, of which each method has half
    assert (found.high - found.low) / 2 == pytest.approx(wanted, rel=0.1)


def test_the_same_answers_give_the_same_intervals():
    given = ratings(*((rater, "a", rating) for rater, rating in zip("abcdef", "257746", strict=True)))
    assert summarise(RATE, given) == summarise(RATE, given)


def test_csv_has_a_line_for_each_answer():
    text = csv_text({RATE: ratings(("ann", 'a, "b"', "7")), PAIRS: choices(("bob", "a", "b", "first"))})
    header, *rows = csv.reader(io.StringIO(text))
    assert header == ["mode", "rater", "number", "picture", "first", "second", "answer", "at"]
    assert rows == [
        ["rate", "ann", "1", "p1", 'a, "b"', "", "7", ""],
        ["pairs", "bob", "1", "p1", "a", "b", "first", ""],
    ]


def test_answers_are_read_from_the_folder(tmp_path):
    with pytest.raises(InvalidValueError, match=r"answers\.sqlite3 does not exist: nobody has answered\."):
        read_answers(tmp_path)
    Answers(tmp_path / FILE, RATE)
    assert read_answers(tmp_path) == {RATE: [], PAIRS: []}
