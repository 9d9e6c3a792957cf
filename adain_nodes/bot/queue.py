"""What users have asked for, in a file that outlives the process: numbers that Telegram gave, and no picture."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from adain_nodes.core.errors import OutputError

FILE = "queue.sqlite"

KEEP = 48 * 3600
"""Seconds for which the buttons of a picture work. Telegram repeats what was not confirmed for 24 hours."""

PATIENCE = 3600
"""Seconds for which a photo waits for a style picture; one that comes later is a new photo."""

_TABLE = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id INTEGER UNIQUE NOT NULL, -- that of the update which asked for it
    chat INTEGER NOT NULL,
    message INTEGER NOT NULL,
    notice INTEGER,
    place INTEGER NOT NULL,
    photo TEXT NOT NULL,
    style TEXT NOT NULL,
    alpha INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL, -- open (a photo that waits for a style), queued or done
    at REAL NOT NULL
)
"""

_COLUMNS = "id, chat, message, notice, place, photo, style, alpha, tries"


class Order(NamedTuple):
    """A photo, a style and how far to go, in percent.

    ``photo`` is the id of a file at Telegram. ``style`` is ``preset:NAME`` or ``file:ID``; empty, it is still to come.
    """

    photo: str
    style: str = ""
    alpha: int = 100


class Job(NamedTuple):
    """An order in the queue: who asked for it, in which message, and how often it was begun.

    ``notice`` is the message that told its ``place`` in the line, 1 being the next; 0 is an order without a style.
    """

    id: int
    chat: int
    message: int
    notice: int | None
    place: int
    photo: str
    style: str
    alpha: int
    tries: int


class Queue:
    """One line for all users. What a method has changed is on the disk when it returns.

    ``folder`` is made if need be; it and the file are for their owner alone. Raises OutputError, as all methods do,
    where it cannot be written to, and for a queue that another process has open. ``clock`` gives seconds since 1970.
    """

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        self._file = folder / FILE
        self._clock = clock
        with self._errors():
            folder.mkdir(0o700, parents=True, exist_ok=True)
            self._file.touch(0o600)
            self._db = sqlite3.connect(self._file, timeout=0, isolation_level="EXCLUSIVE")
        with self._changing() as db:
            db.execute("PRAGMA locking_mode = EXCLUSIVE")  # held until the process ends, in whatever way
            db.execute("PRAGMA secure_delete = ON")
            db.execute(_TABLE)

    def close(self) -> None:
        """Let another process have it."""
        self._db.close()

    def add(self, id: int, chat: int, message: int, order: Order, notice: int | None = None) -> None:
        """Put an order in, under the id of the update that asked for it: who has it already can `find` it.

        A new photo takes the place of the one that waits for a style; and one that gets a style waits no longer.
        """
        with self._changing() as db:
            db.execute(
                "UPDATE jobs SET state = 'done' WHERE chat = ? AND state = 'open' AND ? IN ('', photo)",
                (chat, order.style and order.photo),
            )
            place, state = (self.length() + 1, "queued") if order.style else (0, "open")
            db.execute(
                f"INSERT INTO jobs ({_COLUMNS}, state, at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)",
                (id, chat, message, notice, place, *order, state, self._clock()),
            )

    def take(self) -> Job | None:
        """The first in line, which stays there until it is ``done``; this counts as one more try."""
        with self._changing() as db:
            db.execute(
                "UPDATE jobs SET tries = tries + 1 WHERE number = (SELECT MIN(number) FROM jobs WHERE state = 'queued')"
            )
            return self._one("state = 'queued' ORDER BY number LIMIT 1")

    def done(self, id: int) -> None:
        """Take a job out of the line; its buttons go on working."""
        with self._changing() as db:
            db.execute("UPDATE jobs SET state = 'done' WHERE id = ?", (id,))

    def forget(self, chat: int) -> None:
        """Delete everything of a chat."""
        with self._changing() as db:
            db.execute("DELETE FROM jobs WHERE chat = ?", (chat,))

    def holds(self, id: int) -> bool:
        """Whether a job is in the line."""
        return self._one("state = 'queued' AND id = ?", id) is not None

    def find(self, id: int, chat: int) -> Job | None:
        """Anything that this chat has asked for, done or not."""
        return self._one("id = ? AND chat = ?", id, chat)

    def waiting(self, chat: int) -> Job | None:
        """The photo of a chat that waits for a style."""
        return self._one("state = 'open' AND chat = ? AND at > ?", chat, self._clock() - PATIENCE)

    def length(self, chat: int | None = None) -> int:
        """How many are in line: all, or those of one chat."""
        sql = "SELECT COUNT(*) FROM jobs WHERE state = 'queued' AND (?1 IS NULL OR chat = ?1)"
        with self._errors():
            return self._db.execute(sql, (chat,)).fetchone()[0]

    def _one(self, condition: str, *values: float) -> Job | None:
        with self._errors():
            row = self._db.execute(f"SELECT {_COLUMNS} FROM jobs WHERE {condition}", values).fetchone()
        return row and Job(*row)

    def drop_old(self) -> None:
        """Delete what is older than KEEP and not in line: call it now and then."""
        with self._changing() as db:
            db.execute("DELETE FROM jobs WHERE state <> 'queued' AND at < ?", (self._clock() - KEEP,))

    @contextmanager
    def _changing(self) -> Iterator[sqlite3.Connection]:
        with self._errors(), self._db:
            yield self._db

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise OutputError(
                f"The queue {self._file} cannot be used: {error}.",
                "Give the bot a folder of its own, which it may write to.",
                path=self._file,
            ) from error
