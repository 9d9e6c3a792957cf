"""The work of a data set, done by processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, wait
from itertools import islice
from typing import Any

from pebble import ProcessExpired, ProcessPool

from adain_nodes.checkpoints.networks import load_networks
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
    pool = ProcessPool(
        workers,
        initializer=_start,
        initargs=(job, device, dtype),
        context=multiprocessing.get_context("spawn"),  # forks of a process that has used PyTorch hang
    )
    try:
        yield from _rows(pool, iter(items), AHEAD * workers)
    finally:
        pool.stop()
        pool.join()


def _rows(pool: ProcessPool, items: Iterator[Item], ahead: int) -> Iterator[Row]:
    running: dict[Future[Row], tuple[Item, int]] = {}

    def give_out(item: Item, attempt: int = 1) -> None:
        running[pool.schedule(_make, args=[item])] = item, attempt

    for item in islice(items, ahead):
        give_out(item)
    while running:
        finished, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in finished:
            item, attempt = running.pop(future)
            try:
                yield future.result()
            except ProcessExpired as error:
                if attempt < ATTEMPTS:
                    give_out(item, attempt + 1)
                    continue
                yield row(item, error=f"{attempt} workers died of it, the last with the exit code {error.exitcode}.")
            for following in islice(items, 1):
                give_out(following)


_stylist: Any = None
"""Of a worker: what its process was started with."""


def _start(job: Job, device: str, dtype: str) -> None:
    global _stylist
    _stylist = Stylist(job, device=device, dtype=dtype)


def _make(item: Item) -> Row:
    return _stylist(item)
