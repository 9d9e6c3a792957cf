"""Timing that a busy machine does not distort: contenders take turns, and medians count."""

from collections.abc import Callable, Mapping
from statistics import median
from time import perf_counter
from typing import TypeVar

import torch
from torch import Tensor

from adain_nodes.core.errors import InvalidValueError

T = TypeVar("T")

Progress = Callable[[str], None]
"""Called with the name of what is measured next."""


def silent(name: str) -> None:
    """Progress that nobody watches."""


def median_seconds(
    runs: Mapping[str, Callable[[], object]],
    rounds: int,
    *,
    progress: Progress = silent,
    clock: Callable[[], float] = perf_counter,
) -> dict[str, float]:
    """The median time of each run over ``rounds``, after one round to warm up.

    A round runs each once, so that whatever else the machine does hits all alike. Raises InvalidValueError without
    rounds.
    """
    if rounds < 1:
        raise InvalidValueError(f"{rounds} rounds measure nothing.", "Ask for 1 or more.", rounds=rounds)
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds + 1):
        for name, run in runs.items():
            progress(name)
            start = clock()
            run()
            seconds[name].append(clock() - start)
    return {name: median(measured[1:]) for name, measured in seconds.items()}


def timed(run: Callable[[], T]) -> tuple[T, float]:
    """What ``run`` returns and the seconds that it took, with all that it left to an accelerator."""
    _wait_for_accelerators()
    start = perf_counter()
    result = run()
    _wait_for_accelerators()
    return result, perf_counter() - start


def wait_for(output: Tensor) -> Tensor:
    """One pixel of a B×C×H×W picture on the CPU: reading it waits for the device, whichever it is."""
    return output[..., :1, :1].cpu()


def _wait_for_accelerators() -> None:
    if torch.cuda.is_initialized():
        torch.cuda.synchronize()
    if torch.backends.mps.is_available():
        torch.mps.synchronize()
