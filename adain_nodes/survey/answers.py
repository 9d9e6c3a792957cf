"""The answers of a survey, in an SQLite file: several raters and servers may write at once, and any may be killed."""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from adain_nodes.core.errors import InvalidValueError, OutputError
from adain_nodes.survey.questions import Key, Question, draw

FILE = "answers.sqlite3"
"""The name of the file in a survey's folder."""

SKIP, FIRST, SECOND = "skip", "first", "second"
"""Answers: neither, and, of a pair, which is better. The others are ratings from "1" to "10"."""

PATIENCE = 30
"""For how many seconds others are waited for who are writing."""

_SCHEMA = """
create table if not exists answers (
    mode text not null, rater text not null, number integer not null,
    picture text not null, first text not null, second text not null,
    answer text, at text,
    primary key (mode, rater, number)
);
create unique index if not exists once
    on answers (mode, rater, picture, min(first, second), max(first, second));
"""

_COLUMNS = "rater, number, picture, first, second, answer, at"


class Asked(NamedTuple):
    """A question that a rater was asked, the ``number``-th from 1, and the answer, None before there is one.

    ``at`` is the time of the answer: UTC, as ISO 8601 writes it.
    """

    rater: str
    number: int
    question: Question
    answer: str | None
    at: str | None


class Answers:
    """The answers to a mode's questions in a file, which is made if need be.

    A row is there before a question is shown, and each answer is on the disk before the next one is. All methods raise
    OutputError where the file cannot be used.
    """

    def __init__(self, file: Path, mode: str) -> None:
        self._file, self._mode = file, mode
        with self._opened() as database:
            _let_readers_pass(database)
            database.executescript(_SCHEMA)

    def next(self, rater: str, questions: Sequence[Question], limit: int, chance: random.Random) -> int | None:
        """The number of the question that a rater has yet to answer, drawn if need be; None after ``limit`` answers.

        A question that was asked before a picture was removed, and not answered, is asked no more.
        """
        present = {question.key for question in questions}
        with self._changing() as database:
            asked = self._asked(database, rater)
            for each in asked:
                if each.answer is None and each.question.key in present:
                    return each.number
            gone = (self._mode, rater)
            database.execute("delete from answers where mode = ? and rater = ? and answer is null", gone)
            asked = [each for each in asked if each.answer is not None]
            keys = {each.question.key for each in asked}
            drawn = draw(questions, keys, self._counts(database), chance) if len(asked) < limit else None
            if drawn is None:
                return None
            number = asked[-1].number + 1 if asked else 1
            row = (self._mode, rater, number, drawn.picture, drawn.first, drawn.second)
            database.execute("insert into answers values (?, ?, ?, ?, ?, ?, null, null)", row)
            return number

    def answer(self, rater: str, number: int, answer: str) -> None:
        """Keep an answer, in the place of an earlier one. Raises InvalidValueError where nothing was asked."""
        row = (answer, self._mode, rater, number)
        now = "strftime('%Y-%m-%dT%H:%M:%SZ')"
        with self._changing() as database:
            change = f"update answers set answer = ?, at = {now} where mode = ? and rater = ? and number = ?"
            if not database.execute(change, row).rowcount:
                raise InvalidValueError(f"There is no question {number}.", "Load the page again.", number=number)

    def asked(self, rater: str) -> list[Asked]:
        """What a rater was asked, in order."""
        with self._opened() as database:
            return self._asked(database, rater)

    def given(self) -> list[Asked]:
        """All answers, of all raters."""
        query = f"select {_COLUMNS} from answers where mode = ? and answer is not null order by rater, number"
        with self._opened() as database:
            return [_asked(row) for row in database.execute(query, (self._mode,))]

    def _asked(self, database: sqlite3.Connection, rater: str) -> list[Asked]:
        query = f"select {_COLUMNS} from answers where mode = ? and rater = ? order by number"
        return [_asked(row) for row in database.execute(query, (self._mode, rater))]

    def _counts(self, database: sqlite3.Connection) -> dict[Key, int]:
        """How many answers the questions have, without those that were skipped."""
        query = (
            "select picture, min(first, second), max(first, second), count(*) from answers "
            "where mode = ? and answer is not null and answer != ? group by 1, 2, 3"
        )
        return {(row[0], row[1], row[2]): row[3] for row in database.execute(query, (self._mode, SKIP))}

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._file, timeout=PATIENCE, isolation_level=None)) as database:
                yield database
        except sqlite3.Error as error:
            raise OutputError(
                f"{self._file} cannot be used: {error}.",
                "Check that it is a file of answers, and that its folder is on a disk of this machine, may be written "
                "to and has some room.",
                file=self._file,
            ) from error

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        """One change, whole or not at all; who else wants to change something waits."""
        with self._opened() as database:
            database.execute("begin immediate")
            with database:
                yield database


def _let_readers_pass(database: sqlite3.Connection) -> None:
    """Readers shall not wait for writers. SQLite itself does not wait when another is just changing the same."""
    last = time.monotonic() + PATIENCE
    while True:
        try:
            database.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > last:
                raise
            time.sleep(0.01)
        else:
            return


def _asked(row: tuple[str, int, str, str, str, str | None, str | None]) -> Asked:
    rater, number, picture, first, second, answer, at = row
    return Asked(rater, number, Question(picture, first, second), answer, at)
