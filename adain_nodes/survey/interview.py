"""What a rater sees next, and what becomes of an answer."""

from __future__ import annotations

import random
import re
from pathlib import Path
from typing import Any

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.survey.answers import FILE, FIRST, SECOND, SKIP, Answers, Asked
from adain_nodes.survey.pictures import Pictures
from adain_nodes.survey.questions import CONTENT, PAIRS, RATE, STYLE, read_survey

CHOICES = {RATE: [str(rating) for rating in range(1, 11)], PAIRS: [FIRST, SECOND]}
"""The answers of each mode, beside SKIP."""

QUESTIONS = 40
"""How many each rater is asked at most: some ten minutes."""

_BESIDE = {
    (): {RATE: "How good is this picture?", PAIRS: "Which picture is better?"},
    (STYLE,): {
        RATE: "How well is this picture painted in the style?",
        PAIRS: "Which picture is painted better in the style?",
    },
    (CONTENT,): {
        RATE: "How good a painting of the photograph is this?",
        PAIRS: "Which is the better painting of the photograph?",
    },
    (CONTENT, STYLE): {
        RATE: "How well does this picture show the photograph in the style?",
        PAIRS: "Which picture shows the photograph in the style better?",
    },
}
"""What is asked, by what is shown beside."""

Reply = dict[str, Any]
"""What the page shows: see ``Interview.show``."""


class Interview:
    """A survey in a folder, asked in one mode (RATE or PAIRS), at most ``limit`` questions a rater.

    Raters are known by 32 hexadecimal digits, which their browser has drawn. The questions with the fewest answers
    come first, in an order that chance makes for each rater. Raises the errors of ``read_survey``, ``questions``,
    ``Pictures`` and ``Answers``, and InvalidValueError for another mode or no question.
    """

    def __init__(self, folder: Path, mode: str = RATE, limit: int = QUESTIONS) -> None:
        if mode not in CHOICES:
            raise InvalidValueError(f"There is no mode {mode!r}.", f"Choose {' or '.join(CHOICES)}.", mode=mode)
        if limit < 1:
            raise InvalidValueError(f"{limit} questions were asked for.", "Ask for 1 or more.", limit=limit)
        survey = read_survey(folder)
        self.mode = mode
        self.text = survey.text or _BESIDE[tuple(sorted(next(iter(survey.beside.values()))))][mode]
        self._questions = survey.questions(mode)
        self._present = {question.key for question in self._questions}
        self._total = min(limit, len(self._questions))
        self._pictures = Pictures(survey)
        self._answers = Answers(folder / FILE, mode)
        self._chance = random.SystemRandom()

    def show(self, rater: str, number: int | None = None) -> Reply:
        """The question that a rater has yet to answer; with a ``number``, the last up to that one that was asked.

        It has the ``number`` of the question and the ``total``; ``pictures``, one or two data: URLs; ``beside``, those
        of the photograph and the style by their folders' names; and the ``answer`` that was given before, or None.
        After the last question, ``pictures`` is empty, and the number one more than those that were asked.
        """
        if not re.fullmatch(r"[0-9a-f]{32}", rater):
            raise InvalidValueError("The page does not say who answers.", "Load it again.")
        last = number or self._answers.next(rater, self._questions, self._total, self._chance)
        asked = [each for each in self._answers.asked(rater) if each.question.key in self._present]
        found = [each for each in asked if each.number <= (last or 0)] or asked[: 1 if number else 0]
        if not found:
            number = max((each.number for each in asked), default=0) + 1
            return {"number": number, "total": self._total, "pictures": [], "beside": {}, "answer": None}
        return self._shown(found[-1])

    def answer(self, rater: str, number: int, answer: str) -> Reply:
        """Keep an answer, in the place of an earlier one, and show what is next.

        Raises InvalidValueError for an answer that the mode does not have.
        """
        if answer not in (*CHOICES[self.mode], SKIP):
            raise InvalidValueError(f"{answer!r} is no answer.", "Load the page again.", answer=answer)
        self._answers.answer(rater, number, answer)
        return self.show(rater)

    def given(self) -> list[Asked]:
        """All answers so far, of all raters."""
        return self._answers.given()

    def _shown(self, asked: Asked) -> Reply:
        return {
            "number": asked.number,
            "total": self._total,
            "pictures": self._pictures.shown(asked.question),
            "beside": self._pictures.beside(asked.question),
            "answer": asked.answer,
        }
