"""`adain survey results`, and what `adain app --survey` hands to the page, which tests/survey visits."""

from __future__ import annotations

import importlib.util
import random
from contextlib import contextmanager

import pytest

from adain_nodes.cli import app as command
from adain_nodes.survey.answers import FILE, Answers
from adain_nodes.survey.questions import PAIRS, RATE, Question

ANN, BOB = "a" * 32, "b" * 32


@pytest.fixture
def answered(tmp_path):
    """A folder in which two have answered: three ratings, of which one is skipped."""
    answers, chance = Answers(tmp_path / FILE, RATE), random.Random(0)
    for rater, given in ((ANN, ("4", "skip")), (BOB, ("8",))):
        for number, answer in enumerate(given, 1):
            answers.next(rater, [Question("cat", "[bold]"), Question("dog", "[bold]")], 2, chance)
            answers.answer(rater, number, answer)
    return tmp_path


def test_results_are_printed(adain, answered):
    status, out, err = adain("survey", "results", answered)
    assert (status, err) == (0, "")
    assert "2 raters, 2 answers, 1 skipped" in out
    assert "[bold]" in out
    assert "6.00 │ 4.00 to 8.00" in out
    assert "Mean ratings from 1 to 10." in out
    assert "Bradley" not in out


def test_results_of_both_modes_are_printed(adain, answered):
    answers = Answers(answered / FILE, PAIRS)
    answers.next(ANN, [Question("cat", "a", "b")], 1, random.Random(0))
    answers.answer(ANN, 1, "first")
    assert "Strengths of the Bradley–Terry model" in adain("survey", "results", answered).out


def test_answers_become_csv(adain, answered, tmp_path):
    assert adain("survey", "results", answered, "--csv", tmp_path / "a.csv").status == 0
    header, *lines = (tmp_path / "a.csv").read_text().splitlines()
    assert header == "mode,rater,number,picture,first,second,answer,at"
    assert sorted(line.split(",")[6] for line in lines) == ["4", "8", "skip"]


def test_a_folder_without_answers_is_named(adain, tmp_path):
    status, _, err = adain("survey", "results", tmp_path)
    assert status == 1
    assert "answers.sqlite3 does not exist: nobody has answered." in err


def test_the_page_gets_the_survey_and_the_server_its_settings(adain, tmp_path, monkeypatch):
    if importlib.util.find_spec("gradio") is None:
        pytest.skip("NOT TESTED: the web page needs gradio")
    from adain_nodes.app import survey as page
    from adain_nodes.survey import interview

    found = {}

    @contextmanager
    def surveying(asked, **server):
        found.update(server, asked=asked)
        yield "http://here:1/", "#results=key"

    def interrupt(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(page, "surveying", surveying)
    monkeypatch.setattr(interview, "Interview", lambda *settings: settings)
    monkeypatch.setattr(command.time, "sleep", interrupt)
    monkeypatch.setattr(command.signal, "signal", lambda *_: None)
    options = ("--ask", "pairs", "--questions", 7, "--auth", "ann:a", "--host", "::1", "--root-path", "/survey")
    status, out, _ = adain("app", "--survey", tmp_path, *options)
    assert (status, out) == (
        130,
        "AdaIN Nodes is at http://here:1/ (Ctrl+C ends it)\nIts results, for you alone: http://here:1/#results=key\n",
    )
    server = {"host": "::1", "port": 7860, "auth": [("ann", "a")], "root_path": "/survey"}
    assert found == server | {"asked": (tmp_path, "pairs", 7)}
