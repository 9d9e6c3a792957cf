"""Answers in SQLite: one for each rater and question, whoever writes at once, and whoever is killed."""

from __future__ import annotations

import os
import random
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from adain_nodes.core.errors import InvalidValueError, OutputError
from adain_nodes.survey.answers import FILE, Answers
from adain_nodes.survey.questions import PAIRS, RATE, Question

ANN, BOB = "a" * 32, "b" * 32
QUESTIONS = [Question(name, method) for name in ("cat", "dog") for method in ("bold", "calm")]
CHANCE = random.Random(0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the answers go."""
    return tmp_path / FILE


def rate(answers, rater, *given, questions=QUESTIONS, limit=10):
    """Answer what comes next; returns the questions."""
    asked = []
    for answer in given:
        number = answers.next(rater, questions, limit, CHANCE)
        answers.answer(rater, number, answer)
        asked.append(answers.asked(rater)[-1].question)
    return asked


def test_a_question_stays_until_it_is_answered(file):
    answers = Answers(file, RATE)
    assert [answers.next(ANN, QUESTIONS, 10, CHANCE) for _ in range(5)] == [1] * 5
    (before,) = answers.asked(ANN)
    again = Answers(file, RATE)
    assert again.next(ANN, QUESTIONS, 10, CHANCE) == 1
    assert again.asked(ANN) == [before]
    assert (before.rater, before.number, before.answer, before.at) == (ANN, 1, None, None)
    assert again.given() == []
    again.answer(ANN, 1, "7")
    assert again.next(ANN, QUESTIONS, 10, CHANCE) == 2


def test_each_question_once_and_then_no_more(file):
    answers = Answers(file, RATE)
    asked = rate(answers, ANN, "1", "2", "3", "skip")
    assert sorted(question.key for question in asked) == sorted(question.key for question in QUESTIONS)
    assert answers.next(ANN, QUESTIONS, 10, CHANCE) is None
    assert answers.next(BOB, QUESTIONS, 10, CHANCE) == 1
    assert [each.answer for each in answers.given()] == ["1", "2", "3", "skip"]


def test_a_limit_can_be_raised_later(file):
    answers = Answers(file, RATE)
    rate(answers, ANN, "1", "2", limit=2)
    assert answers.next(ANN, QUESTIONS, 2, CHANCE) is None
    assert answers.next(ANN, QUESTIONS, 3, CHANCE) == 3


def test_a_later_answer_takes_the_place_of_an_earlier_one(file):
    answers = Answers(file, RATE)
    rate(answers, ANN, "1", "2")
    answers.answer(ANN, 1, "9")
    assert [(each.number, each.answer) for each in answers.given()] == [(1, "9"), (2, "2")]
    with sqlite3.connect(file) as database:
        assert database.execute("select count(*) from answers").fetchone() == (2,)


def test_the_file_itself_holds_one_row_for_a_rater_and_a_question(file):
    answers = Answers(file, PAIRS)
    answers.next(ANN, [Question("cat", "bold", "calm")], 10, CHANCE)
    for first, second in (("bold", "calm"), ("calm", "bold")):
        row = (PAIRS, ANN, 2, "cat", first, second, None, None)
        with sqlite3.connect(file) as database, pytest.raises(sqlite3.IntegrityError):
            database.execute("insert into answers values (?, ?, ?, ?, ?, ?, ?, ?)", row)


def test_answers_without_a_question_are_refused(file):
    answers = Answers(file, RATE)
    with pytest.raises(InvalidValueError, match=r"There is no question 1\. Load the page again\."):
        answers.answer(ANN, 1, "7")


def test_modes_share_a_file_and_nothing_else(file):
    ratings, choices = Answers(file, RATE), Answers(file, PAIRS)
    rate(ratings, ANN, "1")
    assert choices.asked(ANN) == []
    assert choices.next(ANN, [Question("cat", "bold", "calm")], 10, CHANCE) == 1
    choices.answer(ANN, 1, "first")
    assert ([each.answer for each in ratings.given()], [each.answer for each in choices.given()]) == (["1"], ["first"])


def test_questions_that_were_skipped_come_first_for_others(file):
    answers = Answers(file, RATE)
    skipped = rate(answers, ANN, "skip", "5", "5", "5")[0]
    assert rate(answers, BOB, "5") == [skipped]


def test_a_question_without_its_picture_is_asked_no_more(file):
    answers = Answers(file, RATE)
    rate(answers, ANN, "5")
    answers.next(ANN, QUESTIONS, 10, CHANCE)
    pending = answers.asked(ANN)[-1].question
    left = [question for question in QUESTIONS if question.picture != pending.picture]
    assert answers.next(ANN, left, 10, CHANCE) == 2
    assert answers.asked(ANN)[-1].question in left
    assert len(answers.given()) == 1


def test_times_are_utc(file):
    answers = Answers(file, RATE)
    rate(answers, ANN, "5")
    assert answers.given()[0].at.endswith("Z")


@pytest.mark.parametrize("content", [b"no database at all" * 100, None])
def test_files_that_cannot_be_used_are_named(file, content):
    file.write_bytes(content) if content else file.mkdir()
    with pytest.raises(OutputError, match=r"answers\.sqlite3 cannot be used: .* Check that it is a file of answers"):
        Answers(file, RATE)


WRITER = """
import random, sys
from pathlib import Path
from adain_nodes.survey.answers import Answers
from adain_nodes.survey.questions import RATE, Question

questions = [Question(f"picture {n}", "method") for n in range(60)]
print("ready", flush=True)
sys.stdin.readline()
answers, rater, chance = Answers(Path(sys.argv[1]), RATE), sys.argv[2], random.Random(sys.argv[2])
while number := answers.next(rater, questions, 60, chance):
    answers.answer(rater, number, str(1 + number % 10))
    print(number, flush=True)
"""


def test_processes_at_once_lose_nothing_and_a_killed_one_only_what_it_had_not_said(file):
    command = [sys.executable, "-c", WRITER, str(file)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    raters = [letter * 32 for letter in "abc"]
    root = Path(__file__).parents[2]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    writers = [subprocess.Popen([*command, rater], cwd=root, env=environment, **pipes) for rater in raters]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:  # all meet at a file that is not there yet
        writer.stdin.write("go\n")
        writer.stdin.flush()
    victim = writers[0]
    said = [victim.stdout.readline() for _ in range(3)]  # it has not come far
    victim.kill()
    said += victim.communicate()[0].splitlines()
    for writer in writers[1:]:
        out, err = writer.communicate(timeout=60)
        assert (writer.returncode, err, len(out.splitlines())) == (0, "", 60)
    found = Answers(file, RATE).given()
    numbers = Counter(each.rater for each in found)
    assert (numbers[raters[1]], numbers[raters[2]]) == (60, 60)
    assert len(said) <= numbers[raters[0]] <= len(said) + 1 < 60
    assert all(each.answer == str(1 + each.number % 10) for each in found)
    with sqlite3.connect(file) as database:
        assert database.execute("pragma integrity_check").fetchone() == ("ok",)
    left = 60 - numbers[raters[0]]
    questions = [Question(f"picture {n}", "method") for n in range(60)]
    rate(Answers(file, RATE), raters[0], *["5"] * left, questions=questions, limit=60)  # goes on where it was
    assert len(Answers(file, RATE).given()) == 180
