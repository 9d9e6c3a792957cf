"""Work that overlaps stays in order, within bounds, and ends when it is left."""

from __future__ import annotations

import threading

import pytest

from adain_nodes.video.threads import ahead, behind

ROOM = 3


def counted(limit, seen):
    """Numbers, noted when they are taken."""
    for number in range(limit):
        seen.append(number)
        yield number


def test_items_come_in_order_from_another_thread():
    threads = set()

    def items():
        for number in range(50):
            threads.add(threading.current_thread())
            yield number

    assert list(ahead(items(), ROOM)) == list(range(50))
    assert threading.current_thread() not in threads


def test_no_more_are_taken_ahead_than_there_is_room_for():
    taken = []
    items = ahead(counted(100, taken), ROOM)
    for number in items:
        assert len(taken) <= number + 1 + ROOM
        if number == 40:
            items.close()
    assert len(taken) <= 41 + ROOM


def test_work_is_done_in_order_in_another_thread_and_little_waits_for_it():
    threads, worked, taken, results = set(), [], [], []

    def work(number):
        threads.add(threading.current_thread())
        worked.append(number)

    for result in behind(work, counted(50, taken), ROOM):
        results.append(result)
        assert worked[: len(results)] == results
        assert len(taken) <= len(results) + ROOM
    assert results == worked == list(range(50))
    assert threading.current_thread() not in threads


def test_taking_and_working_overlap():
    """Each step waits for another one to be under way: one after the other, none would ever begin."""
    meeting = threading.Barrier(3, timeout=10)

    def items():
        meeting.wait()
        yield 1

    def work(item):
        meeting.wait()
        return item

    source = behind(work, [0], 1)
    helper = threading.Thread(target=lambda: list(ahead(items(), 1)))
    helper.start()
    late = threading.Thread(target=lambda: list(source))
    late.start()
    meeting.wait()
    helper.join()
    late.join()


def test_errors_come_out_where_the_results_are_asked_for():
    def broken():
        yield 1
        raise ValueError("the source is dry")

    with pytest.raises(ValueError, match="dry"):
        list(ahead(broken(), ROOM))

    def fail(item):
        raise ValueError(f"no room for {item}")

    with pytest.raises(ValueError, match="no room for 0"):
        list(behind(fail, range(10), ROOM))


def test_nothing_runs_on_after_it_was_closed():
    before = threading.active_count()
    items = ahead(iter(range(1000)), ROOM)
    next(items)
    items.close()
    done = behind(lambda item: item, iter(range(1000)), ROOM)
    next(done)
    done.close()
    assert threading.active_count() == before
