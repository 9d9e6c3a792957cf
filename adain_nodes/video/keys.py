"""A style that changes over time."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import TypeAlias

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.style import Style, interpolate

StyleAt: TypeAlias = Callable[[float], Style]
"""The style at a time in seconds."""


def key_frames(keys: Sequence[tuple[float, Style]]) -> StyleAt:
    """The style at any time, from those at some times in seconds: between two of these it moves evenly from one to
    the next, before the first and after the last it stays.

    Raises InvalidValueError for no keys, for times that are negative or no numbers, and for two at one time.
    """
    ordered = sorted(keys, key=lambda key: key[0])
    times = [time for time, _ in ordered]
    if not ordered:
        raise InvalidValueError("There are no key frames.", "Give at least one time with a style.")
    if not all(0 <= time < math.inf for time in times):
        raise InvalidValueError("A key frame's time is negative, or no number.", "Count seconds from 0.", times=times)
    if len({*times}) < len(times):
        raise InvalidValueError("Two key frames have the same time.", "Blend their styles into one.", times=times)

    def style_at(time: float) -> Style:
        after = bisect_right(times, time)
        if after in (0, len(ordered)):
            return ordered[max(0, after - 1)][1]
        (start, before), (end, following) = ordered[after - 1], ordered[after]
        return interpolate(before, following, (time - start) / (end - start))

    return style_at
