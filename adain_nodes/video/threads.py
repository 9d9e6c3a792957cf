"""Work that overlaps: what comes before and what comes after each have a thread, and bounded room between them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

Item = TypeVar("Item")


def ahead(items: Iterable[Item], room: int) -> Generator[Item]:
    """The items, taken in a thread of their own up to ``room`` of them before they are asked for.

    An error that taking one raises is raised here in its place. Closing waits for the one that is being taken.
    """
    iterator, end = iter(items), object()
    with ThreadPoolExecutor(1) as pool:
        waiting: deque[Future[Any]] = deque(pool.submit(next, iterator, end) for _ in range(room))
        try:
            while (item := waiting.popleft().result()) is not end:
                waiting.append(pool.submit(next, iterator, end))
                yield item
        finally:
            pool.shutdown(cancel_futures=True)


def behind(work: Callable[[Item], object], items: Iterable[Item], room: int) -> Generator[Item]:
    """The items, each after ``work`` was done on it in a thread of its own, while later ones are taken here.

    At most ``room`` items wait for the thread. An error of ``work`` is raised here; closing waits for the one that is
    being worked on.
    """
    with ThreadPoolExecutor(1) as pool:
        waiting: deque[tuple[Item, Future[object]]] = deque()
        try:
            for item in items:
                waiting.append((item, pool.submit(work, item)))
                if len(waiting) > room:
                    yield _done(waiting)
            while waiting:
                yield _done(waiting)
        finally:
            pool.shutdown(cancel_futures=True)


def _done(waiting: deque[tuple[Item, Future[object]]]) -> Item:
    item, future = waiting.popleft()
    future.result()
    return item
