"""One lane for all who want the networks: work is done piece by piece, and ends when its visitor cancels."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, TypeVar

import gradio as gr

from adain_nodes.app.errors import IncompleteError, StoppedError, in_words
from adain_nodes.tiling import Progress

Order = TypeVar("Order")


class Lane:
    """Gradio's queue lets one event in at a time; the lock also holds the next one until a cancelled one has ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

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

    @contextmanager
    def alone(self) -> Iterator[None]:
        """The lane is held as long as this lasts."""
        with self._lock:
            yield

    def _event(
        self, order: Callable[..., Order], work: Callable[[Order, Progress], Any], quiet: bool
    ) -> Callable[..., Any]:
        @wraps(order)
        async def event(*values: Any) -> Any:
            *components, report = values
            stop = threading.Event()

            def progress(share: float) -> None:
                if stop.is_set():
                    raise StoppedError("Stopped.")
                if not quiet:
                    report(share)

            def work_alone(asked: Order) -> Any:
                with self.alone():
                    progress(0)
                    return work(asked, progress)

            try:
                with in_words():
                    return await asyncio.to_thread(work_alone, order(*components))
            except gr.Error as error:
                if quiet and isinstance(error.__cause__, IncompleteError):
                    return gr.skip()
                raise
            finally:
                stop.set()  # Gradio cancels this coroutine, and knows nothing of the thread

        parameters = list(inspect.signature(order).parameters.values())
        report = inspect.Parameter("report", inspect.Parameter.POSITIONAL_OR_KEYWORD, default=gr.Progress())
        event.__signature__ = inspect.Signature([*parameters, report])  # pyright: ignore[reportAttributeAccessIssue]
        return event
