"""What a survey has found: mean ratings, or strengths of the Bradley–Terry model, with intervals."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.survey.answers import FILE, FIRST, SKIP, Answers, Asked
from adain_nodes.survey.questions import PAIRS, RATE

RESAMPLES = 2000
"""How often raters are drawn anew for the intervals."""

PRIOR = 0.5
"""Of a win, that each method is given over each other one: without it, one that always won would be infinitely good."""

_NOTES = {
    RATE: "Mean ratings from 1 to 10.",
    PAIRS: "Strengths of the Bradley–Terry model, their mean 0: one that is x more is chosen exp(x) times as often. "
    "“Chosen” is the share of the pairs with the method in which it was chosen.",
}
_INTERVALS = f"Intervals of 95 %, from {RESAMPLES} draws of the raters; they are too short below ten raters."


@dataclass(frozen=True)
class Estimate:
    """A method's mean rating, or its strength, with its interval of 95 %: NaN for a single rater.

    ``chosen`` is how often it was, or 0 in the mode of ratings; ``answers`` are all that saw it and chose or rated.
    """

    method: str
    value: float
    low: float
    high: float
    chosen: int
    answers: int


@dataclass(frozen=True)
class Results:
    """The estimates of a mode, the best first, and what they rest on; raters who have only skipped do not count."""

    mode: str
    raters: int
    answers: int
    skipped: int
    estimates: tuple[Estimate, ...]

    @property
    def caption(self) -> str:
        """How many there are of what, in a line."""
        return f"{self.raters} raters, {self.answers} answers, {self.skipped} skipped"

    @property
    def note(self) -> str:
        """What the numbers mean."""
        return f"{_NOTES[self.mode]} {_INTERVALS}"

    def table(self) -> tuple[list[str], list[list[str]]]:
        """The header and the rows, to be shown."""
        signed = "+" if self.mode == PAIRS else ""
        rows = [
            [
                each.method,
                format(each.value, f"{signed}.2f"),
                "–" if np.isnan(each.low) else f"{each.low:{signed}.2f} to {each.high:{signed}.2f}",
                *([f"{each.chosen / each.answers:.0%}"] if self.mode == PAIRS else []),
                str(each.answers),
            ]
            for each in self.estimates
        ]
        header = ["method", "mean rating", "95 %", "answers"]
        return header if self.mode == RATE else ["method", "strength", "95 %", "chosen", "answers"], rows


def read_answers(folder: Path) -> dict[str, list[Asked]]:
    """The answers in a survey's folder by mode, RATE and PAIRS.

    Raises InvalidValueError where there is no file of them, OutputError as ``Answers``.
    """
    file = folder / FILE
    if not file.is_file():
        raise InvalidValueError(f"{file} does not exist: nobody has answered.", "`adain app --survey DIR` asks.")
    return {mode: Answers(file, mode).given() for mode in (RATE, PAIRS)}


def summarise(mode: str, answers: Sequence[Asked], *, seed: int = 0) -> Results:
    """What the answers of a mode say. The same ``seed`` draws the same raters for the intervals."""
    kept = [each for each in answers if each.answer not in (None, SKIP)]
    skipped = len(answers) - len(kept)
    if not kept:
        return Results(mode, 0, 0, skipped, ())
    raters = {rater: place for place, rater in enumerate(sorted({each.rater for each in kept}))}
    shown = {name for each in kept for name in (each.question.first, each.question.second) if name}
    methods = {method: place for place, method in enumerate(sorted(shown))}
    draws = np.random.default_rng(seed).multinomial(len(raters), np.full(len(raters), 1 / len(raters)), RESAMPLES)
    weights = np.vstack([np.ones(len(raters)), draws])  # each rater once, and as often as drawn
    who = np.array([raters[each.rater] for each in kept])
    first = np.array([methods[each.question.first] for each in kept])
    if mode == RATE:
        given = np.array([int(each.answer or 0) for each in kept])
        values, chosen, seen = _mean_ratings(who, first, given, weights, len(methods))
    else:
        second = np.array([methods[each.question.second] for each in kept])
        better = np.array([each.answer == FIRST for each in kept])
        winner, loser = np.where(better, (first, second), (second, first))
        values, chosen, seen = _strengths(who, winner, loser, weights, len(methods))
    alone = len(raters) == 1
    ends = np.full((2, len(methods)), np.nan) if alone else np.nanpercentile(values[1:], (2.5, 97.5), axis=0)
    columns = zip(methods, values[0].tolist(), *ends.tolist(), chosen.tolist(), seen.tolist(), strict=True)
    estimates = sorted((Estimate(*column) for column in columns), key=lambda each: -each.value)
    return Results(mode, len(raters), len(kept), skipped, tuple(estimates))


def bradley_terry(wins: np.ndarray, *, prior: float = PRIOR, tolerance: float = 1e-9) -> np.ndarray:
    """The strengths of N methods, of which i was preferred to j ``wins[…, i, j]`` times: …×N, their mean 0.

    i is preferred with the odds exp(strength i − strength j) (Bradley & Terry 1952, "Rank analysis of incomplete block
    designs"). The most likely strengths are found by minorisation and maximisation (Hunter 2004, "MM algorithms for
    generalized Bradley–Terry models", equation 3), which converges from anywhere; ``prior`` is added to the wins of
    each method over each other. With a prior of 0 there must be a chain of wins from every method to every other.
    """
    number = wins.shape[-1]
    won = wins + prior * (1 - np.eye(number))
    total, met = won.sum(-1), won + won.swapaxes(-1, -2)
    strength = np.ones(total.shape)
    while True:
        share = met / (strength[..., :, None] + strength[..., None, :])
        better = total / share.sum(-1)
        better /= np.exp(np.log(better).mean(-1, keepdims=True))
        if np.allclose(np.log(better), np.log(strength), rtol=0, atol=tolerance):
            return np.log(better)
        strength = better


def csv_text(answers: Mapping[str, Iterable[Asked]]) -> str:
    """One line an answer, of each mode; of two methods, ``first`` is the one that was shown first."""
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(("mode", "rater", "number", "picture", "first", "second", "answer", "at"))
    for mode, given in answers.items():
        for rater, number, question, answer, at in given:
            writer.writerow((mode, rater, number, question.picture, question.first, question.second, answer, at))
    return buffer.getvalue()


_Fit = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Values for each row of weights, the raters'; how often each method was chosen; and in how many answers it was."""


def _mean_ratings(who: np.ndarray, method: np.ndarray, rating: np.ndarray, weights: np.ndarray, methods: int) -> _Fit:
    sums, seen = np.zeros((2, weights.shape[1], methods))
    np.add.at(sums, (who, method), rating)
    np.add.at(seen, (who, method), 1)
    numbers = weights @ seen
    means = np.divide(weights @ sums, numbers, out=np.full_like(numbers, np.nan), where=numbers > 0)
    return means, np.zeros(methods, int), seen.sum(0).astype(int)


def _strengths(who: np.ndarray, winner: np.ndarray, loser: np.ndarray, weights: np.ndarray, methods: int) -> _Fit:
    wins = np.zeros((weights.shape[1], methods, methods))
    np.add.at(wins, (who, winner, loser), 1)
    total = wins.sum(0)
    return bradley_terry(np.tensordot(weights, wins, 1)), total.sum(1).astype(int), (total + total.T).sum(1).astype(int)
