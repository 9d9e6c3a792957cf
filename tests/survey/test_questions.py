"""The folder of a survey, and the order of its questions."""

from __future__ import annotations

import random
from collections import Counter
from itertools import combinations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.imaging import write_image
from adain_nodes.survey.questions import PAIRS, RATE, Question, draw, read_survey


def test_every_picture_is_rated_and_every_pair_compared(make_survey):
    survey = read_survey(make_survey(("a", "b", "c"), ("cat_wave", "dog_wave")))
    rated = {(question.picture, question.first, question.second) for question in survey.questions(RATE)}
    assert rated == {(name, method, "") for name in ("cat_wave", "dog_wave") for method in "abc"}
    compared = [(question.picture, question.first, question.second) for question in survey.questions(PAIRS)]
    assert compared == [(name, *pair) for name in ("cat_wave", "dog_wave") for pair in combinations("abc", 2)]


def test_one_method_can_be_rated_and_not_compared(make_survey):
    survey = read_survey(make_survey(("only",)))
    assert len(survey.questions(RATE)) == 2
    with pytest.raises(
        InvalidValueError, match=r"There are no pairs: only is the only method\. Arrange it as DIR/METH"
    ):
        survey.questions(PAIRS)


def test_a_pair_is_one_question_whichever_is_first():
    assert Question("cat", "a", "b").key == Question("cat", "b", "a").key
    assert len({Question("cat", "a").key, Question("cat", "b").key, Question("cat", "a", "b").key}) == 3


def test_formats_may_differ_and_hidden_folders_do_not_count(make_survey):
    folder = make_survey()
    (folder / "bold" / "cat_wave.png").rename(folder / "bold" / "cat_wave.jpeg")
    (folder / ".cache").mkdir()
    assert list(read_survey(folder).pictures) == ["bold", "calm"]


def test_sources_have_the_name_of_the_picture_or_begin_and_end_it(make_survey):
    folder = make_survey(names=("cat_wave", "cat_old_wave"), sources=False)
    for name in ("content/cat", "content/cat_old", "content/wave", "style/wave", "style/cat_old_wave", "style/e"):
        (folder / name).parent.mkdir(exist_ok=True)
        write_image(folder / f"{name}.png", torch.rand(1, 3, 8, 8))
    found = {
        name: {kind: path.stem for kind, path in each.items()} for name, each in read_survey(folder).beside.items()
    }
    assert found == {
        "cat_wave": {"content": "cat", "style": "wave"},
        "cat_old_wave": {"content": "cat_old", "style": "cat_old_wave"},
    }


def test_without_sources_nothing_is_shown_beside(make_survey):
    survey = read_survey(make_survey())
    assert (survey.beside, survey.text) == ({"cat_wave": {}, "dog_wave": {}}, "")


def test_the_text_of_the_question_may_be_ones_own(make_survey):
    folder = make_survey()
    (folder / "question.txt").write_text("Would you hang it up?\n", "utf-8")
    assert read_survey(folder).text == "Would you hang it up?"


def remove(name):
    return lambda folder: [path.unlink() for path in folder.glob(name)]


def flatten(folder):
    for path in [*folder.glob("*/*")]:
        path.rename(folder / f"{path.parent.name}_{path.name}")
        if not any(path.parent.iterdir()):
            path.parent.rmdir()


def twice(folder):
    write_image(folder / "bold" / "cat_wave.jpg", torch.rand(1, 3, 8, 8))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (flatten, r"survey has no folder of a method\."),
        (remove("bold/*"), r"bold holds no pictures\."),
        (remove("calm/dog*"), r"calm lacks 1 of the 2 pictures that the other methods have, such as dog_wave\."),
        (twice, r"cat_wave\.png and cat_wave\.jpg have the same name\."),
        (remove("content/dog*"), r"content holds nothing for dog_wave\."),
        (lambda folder: folder.rename(folder.with_name("moved")), r"survey is no folder\."),
    ],
)
def test_what_is_wrong_is_said_with_how_it_should_be(make_survey, spoil, said):
    folder = make_survey(sources=spoil is not flatten)
    spoil(folder)
    with pytest.raises(InvalidValueError, match=rf"{said} Arrange it as DIR/METHOD/PICTURE\.jpg: a folder for each"):
        read_survey(folder)


QUESTIONS = [Question(name, *pair) for name in "stuvw" for pair in combinations("abc", 2)]


@given(st.integers(0, 2**32), st.integers(1, 15), st.integers(1, 12))
def test_no_question_comes_twice_and_all_get_as_many_answers(seed, limit, raters):
    chance, answers = random.Random(seed), Counter()
    for _ in range(raters):
        asked = []
        while len(asked) < limit:
            asked.append(draw(QUESTIONS, set(asked), answers, chance).key)
            answers[asked[-1]] += 1
        assert len(set(asked)) == limit
    found = [answers[question.key] for question in QUESTIONS]
    assert max(found) - min(found) <= 1


def test_orders_and_sides_are_random_and_an_end_comes():
    drawn = Counter()
    for seed in range(300):
        question = draw(QUESTIONS, (), {}, random.Random(seed))
        drawn[question.picture, question.first, question.second] += 1
    assert len(drawn) == 2 * len(QUESTIONS)
    assert max(drawn.values()) < 30
    assert draw(QUESTIONS, {question.key for question in QUESTIONS}, {}, random.Random(0)) is None
    assert draw([Question("s", "a")], (), {}, random.Random(1)) == Question("s", "a")
