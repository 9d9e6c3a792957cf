"""How much there is to compute, and how fast this machine can: what a time is to be compared with."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter

import torch
from torch import Tensor
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

SIDE = 2048
"""Of the square matrices whose product is one of the two trials of what a device can do."""

CHANNELS = 256
"""Of the other one, a 3×3 convolution: libraries have kernels for it that are faster than their product of matrices."""


def multiply_adds(run: Callable[[], object]) -> float:
    """The multiplications, each with an addition, of the convolutions and matrix products in what ``run`` computes."""
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops() / 2


def peak_rate(device: torch.device, dtype: torch.dtype, *, rounds: int = 5, side: int = SIDE) -> float:
    """Multiply-adds a second of the fastest product of two large matrices or convolution of as many numbers."""
    a, b = torch.rand(2, side, side, device=device).to(dtype).unbind()
    image = a.reshape(1, CHANNELS, -1, side // 16).contiguous(memory_format=torch.channels_last)
    kernel = b.flatten()[: 9 * CHANNELS**2].reshape(CHANNELS, CHANNELS, 3, 3)
    kernel = kernel.contiguous(memory_format=torch.channels_last)
    trials = (lambda: a @ b), (lambda: functional.conv2d(image, kernel, padding=1))
    return max(_rate(trial, rounds) for trial in trials)


def _rate(run: Callable[[], Tensor], rounds: int) -> float:
    seconds = []
    for _ in range(rounds + 1):
        start = perf_counter()
        run().flatten()[0].item()  # waits for the device
        seconds.append(perf_counter() - start)
    return multiply_adds(run) / min(seconds[1:])
