"""What every command prints with: results on standard output, everything else on standard error."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from rich.console import Console
from rich.logging import RichHandler
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn

__all__ = ["err", "escape", "explain_notes", "out", "progress", "waiting"]

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
def waiting(what: str) -> Iterator[None]:
    """A spinner for steps of unknown length, such as loading a model."""
    with err.status(escape(what)) if err.is_terminal else nullcontext():
        yield


def explain_notes() -> None:
    """Show what the library notes while it works (a converted profile, a resized mask) on standard error."""
    logger = logging.getLogger("adain_nodes")
    if not logger.handlers:
        logger.addHandler(RichHandler(console=err, show_time=False, show_path=False, show_level=False))
