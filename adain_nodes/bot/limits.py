"""What one user, and all of them together, may ask for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from adain_nodes.core.errors import InvalidValueError

MINUTE = 60
"""Seconds."""


@dataclass(frozen=True)
class Limits:
    """Of one file in megabytes (Telegram's own server lends bots no larger ones than 20) and of one picture in pixels;
    of one user the messages a minute and the pictures in line; and of the line.

    Raises InvalidValueError for anything below 1.
    """

    megabytes: int = 20
    pixels: int = 25_000_000
    messages: int = 20
    jobs: int = 3
    line: int = 40

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value < 1:
                raise InvalidValueError(
                    f"A limit of {value} {name} lets nobody in.", "Give 1 or more.", **{name: value}
                )


class Rate:
    """Counts what each user has sent in the last minute; ``clock`` gives seconds."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._times: dict[int, list[float]] = {}  # users in the order of their latest message

    def excess(self, user: int) -> int:
        """How many messages too many this one makes, of which the first counts as sent, and the others do not."""
        now = self._clock()
        times = [time for time in self._times.pop(user, ()) if now - time < MINUTE]
        excess = max(0, len(times) + 1 - self._limit)
        if excess < 2:
            times.append(now)
        self._times[user] = times
        self._forget(now)
        return excess

    def _forget(self, now: float) -> None:
        """Those who have been silent for a minute."""
        while now - self._times[oldest := next(iter(self._times))][-1] >= MINUTE:
            del self._times[oldest]
