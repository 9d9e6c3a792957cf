"""One at a time, and an end when it is asked for."""

from __future__ import annotations

import asyncio
import inspect
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, get_type_hints

import gradio as gr
import pytest

from adain_nodes.app.errors import IncompleteError
from adain_nodes.app.lane import Lane
from adain_nodes.core.errors import InvalidValueError


class Visitor(NamedTuple):
    """As much of a request as the lane looks at."""

    session_hash: str


ANN, BOB = Visitor("ann"), Visitor("bob")


def quiet(share):
    """A report that goes nowhere."""


def run(coroutine):
    """Run a coroutine in a thread of its own: browsers of other tests may have an event loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, coroutine).result()


def double(number: float, unit: str = "px") -> str:
    """Twice as much."""
    return f"{2 * number} {unit}"


def test_event_has_the_parameters_of_the_order_and_its_text():
    event = Lane()(double, lambda asked, progress: asked)["fn"]
    *parameters, visitor, report = inspect.signature(event).parameters.values()
    assert parameters == list(inspect.signature(double).parameters.values())
    assert isinstance(report.default, gr.Progress)
    assert get_type_hints(event)[visitor.name] is gr.Request
    assert event.__doc__ == "Twice as much."


def test_work_gets_the_order_and_reports():
    shares = []

    def work(asked, progress):
        progress(0.5)
        return asked

    event = Lane()(double, work)["fn"]
    assert run(event(3, "mm", ANN, shares.append)) == "6 mm"
    assert shares == [0, 0.5]


def test_all_events_of_all_lanes_share_one_queue():
    bindings = [Lane()(double, lambda asked, progress: None) for _ in range(2)]
    assert {(each["concurrency_id"], each["concurrency_limit"]) for each in bindings} == {("networks", 1)}


def test_errors_of_order_and_work_are_for_visitors():
    def fail(asked, progress=None):
        raise InvalidValueError("Too much.", "Take less.")

    for order, work in ((fail, quiet), (double, fail)):
        with pytest.raises(gr.Error, match=r"Too much\. Take less\."):
            run(Lane()(order, work)["fn"](1, ANN, quiet))


def test_quiet_events_leave_the_page_as_it_is_while_something_is_missing():
    def wait(asked, progress=None):
        raise IncompleteError("There is no photograph.")

    assert run(Lane()(wait, quiet, quiet=True)["fn"](1, ANN, wait)) == gr.skip()
    with pytest.raises(gr.Error, match="no photograph"):
        run(Lane()(wait, quiet)["fn"](1, ANN, quiet))


def test_cancelled_work_ends_before_the_next_begins():
    lane, steps, running, go_on = Lane(), [], threading.Event(), threading.Event()

    def endless(asked, progress):
        running.set()
        try:
            while True:
                assert go_on.wait(10)
                progress(0.1)
        finally:
            steps.append("ended")

    async def visitors():
        first = asyncio.create_task(lane(double, endless)["fn"](1, ANN, quiet))
        await asyncio.to_thread(running.wait, 10)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        second = asyncio.create_task(lane(double, lambda asked, progress: steps.append("next"))["fn"](1, ANN, quiet))
        await asyncio.sleep(0)
        assert steps == []
        go_on.set()
        await second

    run(visitors())
    assert steps == ["ended", "next"]


def test_work_that_is_cancelled_in_line_never_begins():
    lane, begun = Lane(), []

    async def visitor():
        with lane.alone():
            waiting = asyncio.create_task(
                lane(double, lambda asked, progress: begun.append(asked))["fn"](1, ANN, quiet)
            )
            await asyncio.sleep(0.05)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting

    run(visitor())
    assert begun == []


def test_a_visitor_who_leaves_ends_what_was_begun_and_nothing_else():
    lane, running, ended = Lane(), threading.Semaphore(0), []

    def endless(asked, progress):
        running.release()
        while True:
            progress(0.1)

    def brief(asked, progress):
        progress(0.5)
        return asked

    async def visitors():
        begun = asyncio.create_task(lane(double, endless)["fn"](1, ANN, quiet))
        await asyncio.to_thread(running.acquire, timeout=10)
        other = asyncio.create_task(lane(double, brief)["fn"](1, BOB, quiet))
        lane.leave(Visitor("carl"))
        await asyncio.sleep(0.05)
        assert not begun.done()
        lane.leave(ANN)
        with pytest.raises(gr.Error, match="Stopped"):
            await begun
        ended.append(await other)

    run(visitors())
    assert ended == ["2 px"]
    assert not lane._begun


def test_long_work_shows_what_it_has_and_lets_others_in():
    lane, order = Lane(), []
    asked_for = threading.Event()

    def long(asked, show, stopped):
        for step in range(3):
            order.append(f"step {step}")
            if step == 1:
                asked_for.set()
                while not lane._turn.locked():
                    time.sleep(0.001)  # until the other one is in line
            show(asked, step)
        assert not stopped()
        return (asked, "end")

    async def visitors():
        async def follow():
            return [shown async for shown in lane.long(double, long)["fn"](1, ANN)]

        following = asyncio.create_task(follow())
        await asyncio.to_thread(asked_for.wait, 10)
        await lane(double, lambda asked, progress: order.append("other"))["fn"](2, BOB, quiet)
        return await following

    assert run(visitors()) == [("2 px", 0), ("2 px", 1), ("2 px", 2), ("2 px", "end")]
    assert order == ["step 0", "step 1", "other", "step 2"]


def test_long_work_ends_in_its_own_way_when_it_is_stopped():
    lane = Lane()

    def long(asked, show, stopped):
        show("begun")
        while not stopped():
            show("going on")
        return "kept"

    async def visitor():
        shown = []
        async for each in lane.long(double, long)["fn"](1, ANN):
            shown.append(each)
            lane.leave(ANN)
        return shown

    first, *_, last = run(visitor())
    assert (first, last) == (("begun",), "kept")


def test_long_work_has_a_queue_of_its_own_and_errors_for_visitors():
    def fail(asked, show, stopped):
        raise InvalidValueError("Too much.", "Take less.")

    async def visitor():
        async for _ in lane.long(double, fail)["fn"](1, ANN):
            pass

    lane = Lane()
    assert lane.long(double, fail)["concurrency_id"] != lane(double, fail)["concurrency_id"]
    with pytest.raises(gr.Error, match=r"Too much\. Take less\."):
        run(visitor())
    with lane.alone():
        pass  # it is free again
