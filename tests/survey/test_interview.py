"""A rater's way through a survey."""

from __future__ import annotations

import inspect

import pytest

from adain_nodes.cli import app
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.survey.interview import CHOICES, Interview
from adain_nodes.survey.questions import PAIRS, RATE

ANN, BOB = "a" * 32, "b" * 32


def test_from_the_first_question_to_the_end(make_survey):
    interview = Interview(make_survey(sources=True), RATE, 3)
    shown = interview.show(ANN)
    assert (shown["number"], shown["total"], shown["answer"]) == (1, 3, None)
    assert (len(shown["pictures"]), list(shown["beside"])) == (1, ["content", "style"])
    assert interview.show(ANN) == shown
    assert [interview.answer(ANN, number, "5")["number"] for number in (1, 2, 3)] == [2, 3, 4]
    end = {"number": 4, "total": 3, "pictures": [], "beside": {}, "answer": None}
    assert interview.show(ANN) == end
    assert interview.show(BOB)["number"] == 1
    assert [each.answer for each in interview.given()] == ["5"] * 3


def test_going_back_shows_the_answer_and_correcting_it_goes_on(make_survey):
    interview = Interview(make_survey(), PAIRS)
    first = interview.show(ANN)
    second = interview.answer(ANN, 1, "second")
    assert interview.show(ANN, 1) == first | {"answer": "second"}
    assert interview.answer(ANN, 1, "first") == second
    assert interview.show(ANN, 1)["answer"] == "first"
    assert interview.answer(ANN, 2, "skip")["pictures"] == []
    assert interview.show(ANN, 2) == second | {"answer": "skip"}


def test_questions_whose_pictures_are_gone_are_passed_over_on_the_way_back(make_survey):
    folder = make_survey()
    interview = Interview(folder, PAIRS)
    interview.answer(ANN, interview.show(ANN)["number"], "first")
    gone = interview.given()[0].question.picture
    for method in ("bold", "calm"):
        (folder / method / f"{gone}.png").unlink()
    again = Interview(folder, PAIRS)
    left = again.show(ANN)
    assert (left["number"], left["total"]) == (2, 1)
    assert again.show(ANN, 1) == left


@pytest.mark.parametrize(
    ("mode", "answer"), [(RATE, "0"), (RATE, "11"), (RATE, "first"), (RATE, ""), (PAIRS, "1"), (PAIRS, "both")]
)
def test_only_answers_of_the_mode_are_taken(make_survey, mode, answer):
    interview = Interview(make_survey(), mode)
    interview.show(ANN)
    with pytest.raises(InvalidValueError, match="is no answer"):
        interview.answer(ANN, 1, answer)
    assert interview.given() == []


@pytest.mark.parametrize("rater", ["", "ann", "A" * 32, "a" * 33, "a" * 31 + "\n"])
def test_raters_are_known_by_what_a_browser_has_drawn(make_survey, rater):
    with pytest.raises(InvalidValueError, match="does not say who answers"):
        Interview(make_survey()).show(rater)


def test_other_settings_are_refused(make_survey):
    with pytest.raises(InvalidValueError, match=r"There is no mode 'rank'\. Choose rate or pairs\."):
        Interview(make_survey(), "rank")
    with pytest.raises(InvalidValueError, match="Ask for 1 or more"):
        Interview(make_survey(), RATE, 0)


def test_what_is_asked_depends_on_what_is_beside(make_survey):
    folder = make_survey()
    assert Interview(folder, PAIRS).text == "Which picture is better?"
    folder = make_survey(sources=True)
    assert Interview(folder, RATE).text == "How well does this picture show the photograph in the style?"
    (folder / "question.txt").write_text("Hang it up?", "utf-8")
    assert Interview(folder, RATE).text == "Hang it up?"


def test_the_command_has_the_defaults_and_modes_of_the_library():
    command, library = inspect.signature(app.app).parameters, inspect.signature(Interview).parameters
    assert command["ask"].default == library["mode"].default
    assert command["questions"].default == library["limit"].default
    assert app.Ask.__origin__.__args__ == tuple(CHOICES)
