"""One lane for all who want the networks: work is done piece by piece, and ends when its visitor cancels or leaves."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

import gradio as gr

from adain_nodes.app.errors import IncompleteError, StoppedError, in_words
from adain_nodes.tiling import Progress

Order = TypeVar("Order")
Show = Callable[..., None]

_ANY = inspect.Parameter.POSITIONAL_OR_KEYWORD
VISITOR = inspect.Parameter("visitor", _ANY, default=None, annotation=gr.Request)
REPORT = inspect.Parameter("report", _ANY, default=gr.Progress())
"""What Gradio adds to the values of the components."""


class Lane:
    """Gradio's queue lets one event in at a time; the lock also holds the next one until a cancelled one has ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._begun: defaultdict[str, set[threading.Event]] = defaultdict(set)

    def __call__(
        self, order: Callable[..., Order], work: Callable[[Order, Progress], Any], *, quiet: bool = False
    ) -> dict[str, Any]:
        """The arguments by which an event listener does ``work(order(*values), progress)`` in this lane.

        ``order`` turns the values of components into what is asked for, without a wait: its parameters are those of
        the API. ``work`` takes its time, and the next call of ``progress`` ends it once the visitor has cancelled.
        A ``quiet`` event draws no progress bar, and leaves the page as it is while a picture is missing (after an
        error, Gradio would forget the change that "always_last" has waiting).
        """
        return {"fn": self._event(order, work, quiet), "concurrency_id": "networks", "concurrency_limit": 1}

    def long(
        self, order: Callable[..., Order], work: Callable[[Order, Show, Callable[[], bool]], Any]
    ) -> dict[str, Any]:
        """The same for work that takes minutes: ``work(order(*values), show, stopped)``, in a queue of its own.

        Each call of ``show(*values)`` sets the event's outputs, and lets others into the lane before it returns.
        Once ``stopped()`` is true, the work shall come to an end; what it returns is shown as well.
        """
        return {"fn": self._long_event(order, work), "concurrency_id": "long work", "concurrency_limit": 1}

    @contextmanager
    def alone(self) -> Iterator[None]:
        """The lane is held as long as this lasts."""
        self._enter()
        try:
            yield
        finally:
            self._lock.release()

    def give_way(self) -> None:
        """Let in whoever waits, and go on after that: for work that holds the lane."""
        self._lock.release()
        self._enter()

    def leave(self, visitor: gr.Request) -> None:
        """End everything that a visitor has begun, who has closed the page or wishes no more of it."""
        for stop in tuple(self._begun.get(str(visitor.session_hash), ())):
            stop.set()

    def _enter(self) -> None:
        with self._turn:  # a lock alone would mostly go back to the one that has just given way
            self._lock.acquire()

    @contextmanager
    def _stop_of(self, visitor: gr.Request) -> Iterator[threading.Event]:
        """What tells a piece of a visitor's work to end: it is set at the latest when this is left."""
        name, stop = str(visitor.session_hash), threading.Event()
        self._begun[name].add(stop)
        try:
            yield stop
        finally:
            stop.set()  # Gradio cancels coroutines, and knows nothing of their threads
            self._begun[name].discard(stop)
            if not self._begun[name]:
                del self._begun[name]

    def _event(
        self, order: Callable[..., Order], work: Callable[[Order, Progress], Any], quiet: bool
    ) -> Callable[..., Any]:
        async def event(*values: Any) -> Any:
            *components, visitor, report = values

            def work_alone(asked: Order, stop: threading.Event) -> Any:
                def progress(share: float) -> None:
                    if stop.is_set():
                        raise StoppedError("Stopped.")
                    if not quiet:
                        report(share)

                with self.alone():
                    progress(0)
                    return work(asked, progress)

            try:
                with in_words(), self._stop_of(visitor) as stop:
                    return await asyncio.to_thread(work_alone, order(*components), stop)
            except gr.Error as error:
                if quiet and isinstance(error.__cause__, IncompleteError):
                    return gr.skip()
                raise

        return _described(event, order, VISITOR, REPORT)

    def _long_event(
        self, order: Callable[..., Order], work: Callable[[Order, Show, Callable[[], bool]], Any]
    ) -> Callable[..., Any]:
        async def event(*values: Any) -> AsyncIterator[Any]:
            *components, visitor = values
            shown: asyncio.Queue[Any] = asyncio.Queue()
            loop = asyncio.get_running_loop()

            def work_alone(asked: Order, stop: threading.Event) -> Any:
                def show(*outputs: Any) -> None:
                    loop.call_soon_threadsafe(shown.put_nowait, outputs)
                    self.give_way()

                with self.alone():
                    return work(asked, show, stop.is_set)

            with in_words(), self._stop_of(visitor) as stop:
                done = asyncio.ensure_future(asyncio.to_thread(work_alone, order(*components), stop))
                done.add_done_callback(shown.put_nowait)
                while (outputs := await shown.get()) is not done:
                    yield outputs
                yield done.result()

        return _described(event, order, VISITOR)


def _described(event: Callable[..., Any], order: Callable[..., Any], *added: inspect.Parameter) -> Callable[..., Any]:
    """The event, with the name, the text and the parameters of the order, and with those that Gradio adds."""
    described = wraps(order)(event)
    parameters = [*inspect.signature(order).parameters.values(), *added]
    described.__signature__ = inspect.Signature(parameters)  # pyright: ignore[reportAttributeAccessIssue]
    described.__annotations__ = {each.name: each.annotation for each in added}  # Gradio knows its own ones by these
    return described
