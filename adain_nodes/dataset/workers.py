"""The work of a data set, done by processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from pebble import ProcessExpired, ProcessPool

from adain_nodes.checkpoints.networks import load_networks
from adain_nodes.core.errors import AdaINError
from adain_nodes.dataset.manifest import Row
from adain_nodes.dataset.plan import Item, Job, row
from adain_nodes.dataset.stylist import Stylist

AHEAD = 4
"""How many items wait with each worker, so that it never waits for us."""

ATTEMPTS = 2
"""How often an item is given out when the worker that has it dies."""


def in_processes(
    job: Job, items: Iterable[Item], *, workers: int = 0, device: str = "auto", dtype: str = "auto"
) -> Iterator[Row]:
    """The rows of items in the order in which they are done, by so many processes (0: one for each core).

    A worker that dies is replaced. What it was at is tried once more, and becomes the row of a failure when that kills
    another one. Raises what loading the model raises, and OutputError where the disk is full.
    """
    load_networks(job.model, job.decoder)  # what is wrong with them shall be said here, and once
    workers = workers or os.cpu_count() or 1
    waiting = deque((item, 1) for item in items)
    while waiting:  # once, unless a pool breaks
        pool = ProcessPool(
            workers,
            initializer=_start,
            initargs=(job, device, dtype),
            context=multiprocessing.get_context("spawn"),  # forks of a process that has used PyTorch hang
        )
        try:
            yield from _rows(pool, waiting, AHEAD * workers)
        finally:
            pool.stop()
            pool.join()


def _rows(pool: ProcessPool, waiting: deque[tuple[Item, int]], ahead: int) -> Iterator[Row]:
    """The rows of items that wait, each with the number of its attempt; where the pool breaks, some still wait then.

    Raises AdaINError for a pool that breaks before it has made anything.
    """
    running: dict[Future[Row], tuple[Item, int]] = {}
    made = 0
    while waiting or running:
        while waiting and len(running) < ahead:
            item, attempt = waiting.popleft()
            running[pool.schedule(_make, args=[item])] = item, attempt
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            item, attempt = running.pop(future)
            try:
                yield future.result()
            except BrokenProcessPool as error:  # a worker died that had nothing to do: Pebble then ends all of them
                if not made:
                    raise AdaINError(f"The workers die as they start: {error}.", "Use fewer of them.") from error
                waiting.extendleft(((item, attempt), *running.values()))
                return
            except ProcessExpired as error:
                if attempt < ATTEMPTS:
                    waiting.appendleft((item, attempt + 1))
                    continue
                yield row(item, error=f"{attempt} workers died of it, the last with the exit code {error.exitcode}.")
            made += 1


_stylist: Any = None
"""Of a worker: what its process was started with."""


def _start(job: Job, device: str, dtype: str) -> None:
    global _stylist
    _stylist = Stylist(job, device=device, dtype=dtype)


def _make(item: Item) -> Row:
    return _stylist(item)
