"""What every command prints with: results on standard output, everything else on standard error."""

from __future__ import annotations

import logging
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from threading import Event

from rich.console import Console
from rich.logging import RichHandler
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)

__all__ = ["err", "escape", "explain_notes", "interruptible", "out", "progress", "share_bar", "waiting"]

out = Console()
err = Console(stderr=True)


def progress(unit: str = "") -> Progress:
    """A progress bar with count and time left, which disappears when it is done."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn(unit),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,  # a bar in a log file is a heap of empty lines
    )


@contextmanager
def share_bar(what: str) -> Iterator[Callable[..., None]]:
    """A progress bar for work that tells the share that is done, and perhaps a word more: the function to tell it."""
    with Progress(
        SpinnerColumn(),
        TextColumn(escape(what)),
        BarColumn(),
        TaskProgressColumn(),
        TextColumn("{task.description}"),
        TimeRemainingColumn(),
        console=err,
        transient=True,
        disable=not err.is_terminal,
    ) as bar:
        task = bar.add_task("", total=1.0)
        yield lambda share, word="": bar.update(task, completed=share, description=word)


@contextmanager
def waiting(what: str) -> Iterator[None]:
    """A spinner for steps of unknown length, such as loading a model."""
    with err.status(escape(what)) if err.is_terminal else nullcontext():
        yield


@contextmanager
def interruptible(said: str) -> Iterator[Event]:
    """An event that Ctrl-C, or a kill that asks, sets: what was done so far is kept. The second time it ends at once.

    ``said`` is printed when that happens.
    """
    stop = Event()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, frame: object) -> None:
        err.print(said)
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    for number in before:
        signal.signal(number, ask)
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def explain_notes() -> None:
    """Show what the library notes while it works (a converted profile, a resized mask) on standard error."""
    logger = logging.getLogger("adain_nodes")
    if not logger.handlers:
        logger.addHandler(RichHandler(console=err, show_time=False, show_path=False, show_level=False))
