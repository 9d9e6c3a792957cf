"""The line, and the file that it is in."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from adain_nodes.bot.queue import FILE, KEEP, PATIENCE, Order, Queue
from adain_nodes.core.errors import OutputError

ANN, BOB = 71001, 71002
ROOT = Path(__file__).parents[2]


class Clock:
    """Seconds, set by hand."""

    now = 1e9

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    """The queue's time."""
    return Clock()


@pytest.fixture
def queue(tmp_path, clock):
    """An empty one."""
    queue = Queue(tmp_path / "data", clock)
    yield queue
    queue.close()


def test_first_come_first_served(queue):
    for id, chat in ((30, ANN), (10, BOB), (20, ANN)):
        queue.add(id, chat, id + 1, Order(f"p{id}", "preset:swirls", 75), id + 2)
    assert [queue.length(chat) for chat in (None, ANN, BOB, 5)] == [3, 2, 1, 0]
    found = []
    while job := queue.take():
        found.append(job)
        queue.done(job.id)
    assert [job.id for job in found] == [30, 10, 20]  # not by their numbers, which begin anew now and then
    assert found[1] == (10, BOB, 11, 12, 2, "p10", "preset:swirls", 75, 1)
    assert queue.length() == 0


def test_what_was_taken_stays_first_until_it_is_done(queue):
    queue.add(1, ANN, 1, Order("a", "file:s"))
    queue.add(2, BOB, 1, Order("b", "file:s"))
    assert [queue.take()[:1] + queue.take()[-1:] for _ in range(2)] == [(1, 2), (1, 4)]
    assert queue.holds(1)
    queue.done(1)
    assert not queue.holds(1)
    assert queue.take().id == 2


def test_a_photo_waits_for_a_style(queue, clock):
    queue.add(1, ANN, 1, Order("a"))
    assert queue.waiting(ANN).photo == "a"
    assert queue.waiting(BOB) is queue.take() is None
    queue.add(2, ANN, 2, Order("other", "preset:swirls"))
    assert queue.waiting(ANN).photo == "a"
    queue.add(3, ANN, 3, Order("b"))
    assert queue.waiting(ANN).photo == "b"
    queue.add(4, ANN, 4, Order("b", "file:s"))
    assert queue.waiting(ANN) is None
    assert queue.find(1, ANN).photo == "a"  # its buttons still work
    queue.add(5, ANN, 5, Order("c"))
    clock.now += PATIENCE
    assert queue.waiting(ANN) is None


def test_nobody_finds_what_others_asked_for(queue):
    queue.add(1, ANN, 1, Order("a"))
    assert queue.find(1, BOB) is queue.find(2, ANN) is None


def test_old_ones_are_dropped_but_not_from_the_line(queue, clock):
    queue.add(1, ANN, 1, Order("a", "file:s"))
    queue.add(2, ANN, 1, Order("a", "file:s"))
    queue.add(3, ANN, 1, Order("b"))
    queue.done(1)
    clock.now += KEEP + 1
    queue.drop_old()
    assert [queue.find(id, ANN) is None for id in (1, 2, 3)] == [True, False, True]
    assert queue.take().id == 2


def test_forgetting_leaves_nothing_in_the_file(queue, tmp_path):
    queue.add(1, ANN, 1, Order("the-photo-of-ann", "file:the-style-of-ann"))
    queue.add(2, ANN, 1, Order("the-photo-of-ann"))
    queue.add(3, BOB, 1, Order("the-photo-of-bob"))
    queue.forget(ANN)
    assert [queue.find(id, chat) is None for id, chat in ((1, ANN), (2, ANN), (3, BOB))] == [True, True, False]
    written = (tmp_path / "data" / FILE).read_bytes()
    assert b"of-bob" in written
    assert b"of-ann" not in written


def test_everything_is_there_after_a_restart(queue, tmp_path):
    queue.add(1, ANN, 1, Order("a", "file:s"))
    queue.take()
    queue.close()
    again = Queue(tmp_path / "data")
    assert again.take()[-1] == 2
    again.close()


def test_a_line_of_its_own_for_each_process(queue, tmp_path):
    with pytest.raises(OutputError, match=r"queue\.sqlite cannot be used: database is locked\. Give the bot a folder"):
        Queue(tmp_path / "data")


def test_a_killed_process_holds_nothing(tmp_path):
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom adain_nodes.bot.queue import Order, Queue\n"
        "queue = Queue(Path(sys.argv[1]))\nqueue.add(1, 2, 3, Order('a', 'file:s'))\nos.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], cwd=ROOT, check=False)
    assert done.returncode == -9
    queue = Queue(tmp_path)
    assert queue.take().photo == "a"
    queue.close()


def test_a_file_that_is_something_else_is_left_alone(tmp_path):
    (tmp_path / FILE).write_bytes(b"no database at all" * 100)
    with pytest.raises(OutputError, match="file is not a database") as caught:
        Queue(tmp_path)
    assert isinstance(caught.value.__cause__, sqlite3.DatabaseError)
    assert (tmp_path / FILE).read_bytes() == b"no database at all" * 100


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"queue\.sqlite cannot be used: .*Not a directory"):
        Queue(tmp_path / "file" / "data")


def test_a_full_disk_is_told(tiny_disk):
    queue = Queue(tiny_disk)
    with pytest.raises(OutputError, match="database or disk is full"):
        queue.add(1, ANN, 1, Order("a" * 100_000, "file:s"))
    assert queue.length() == 0
    queue.close()
