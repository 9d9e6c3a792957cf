"""One at a time, and an end when it is asked for."""

from __future__ import annotations

import asyncio
import inspect
import threading
from concurrent.futures import ThreadPoolExecutor

import gradio as gr
import pytest

from adain_nodes.app.errors import IncompleteError
from adain_nodes.app.lane import Lane
from adain_nodes.core.errors import InvalidValueError


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
    *parameters, report = inspect.signature(event).parameters.values()
    assert parameters == list(inspect.signature(double).parameters.values())
    assert isinstance(report.default, gr.Progress)
    assert event.__doc__ == "Twice as much."


def test_work_gets_the_order_and_reports():
    shares = []

    def work(asked, progress):
        progress(0.5)
        return asked

    event = Lane()(double, work)["fn"]
    assert run(event(3, "mm", shares.append)) == "6 mm"
    assert shares == [0, 0.5]


def test_all_events_of_all_lanes_share_one_queue():
    bindings = [Lane()(double, lambda asked, progress: None) for _ in range(2)]
    assert {(each["concurrency_id"], each["concurrency_limit"]) for each in bindings} == {("networks", 1)}


def test_errors_of_order_and_work_are_for_visitors():
    def fail(asked, progress=None):
        raise InvalidValueError("Too much.", "Take less.")

    for order, work in ((fail, quiet), (double, fail)):
        with pytest.raises(gr.Error, match=r"Too much\. Take less\."):
            run(Lane()(order, work)["fn"](1, quiet))


def test_quiet_events_leave_the_page_as_it_is_while_something_is_missing():
    def wait(asked, progress=None):
        raise IncompleteError("There is no photograph.")

    assert run(Lane()(wait, quiet, quiet=True)["fn"](1, wait)) == gr.skip()
    with pytest.raises(gr.Error, match="no photograph"):
        run(Lane()(wait, quiet)["fn"](1, quiet))


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
        first = asyncio.create_task(lane(double, endless)["fn"](1, quiet))
        await asyncio.to_thread(running.wait, 10)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        second = asyncio.create_task(lane(double, lambda asked, progress: steps.append("next"))["fn"](1, quiet))
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
            waiting = asyncio.create_task(lane(double, lambda asked, progress: begun.append(asked))["fn"](1, quiet))
            await asyncio.sleep(0.05)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting

    run(visitor())
    assert begun == []
