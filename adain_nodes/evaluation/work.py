"""How much there is to compute, and how fast this machine can: what a time is to be compared with."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import torch
from torch.utils.flop_counter import FlopCounterMode

SIDE = 2048
"""Of the square matrices whose product is taken for the most that a device can do."""


def multiply_adds(run: Callable[[], object]) -> float:
    """The multiplications, each with an addition, of the convolutions and matrix products in what ``run`` computes."""
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops() / 2


def peak_rate(device: torch.device, dtype: torch.dtype, *, rounds: int = 5, side: int = SIDE) -> float:
    """Multiply-adds a second of the fastest of some products of two large matrices."""
    a, b = torch.rand(2, side, side, device=device).to(dtype).unbind()
    seconds = []
    for _ in range(rounds + 1):
        start = perf_counter()
        (a @ b)[0, 0].item()  # waits for the device
        seconds.append(perf_counter() - start)
    return side**3 / min(seconds[1:])
