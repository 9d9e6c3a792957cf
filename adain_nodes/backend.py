"""Where the networks run, and in which precision: chosen once, used by everything."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil
import torch
from torch import Tensor

from adain_nodes.core.errors import InvalidValueError

DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class Backend:
    """A device and the precision of its convolutions (statistics are float32 always)."""

    device: torch.device
    dtype: torch.dtype

    def place(self, image: Tensor) -> Tensor:
        """A B×C×H×W tensor on the device, float32, in the channels-last layout (1.3 times faster here than NCHW)."""
        return image.to(self.device, torch.float32).contiguous(memory_format=torch.channels_last)

    @contextmanager
    def running(self) -> Iterator[None]:
        """No gradients, and autocast to the precision.

        ``no_grad`` rather than ``inference_mode``: what comes out may be used to train with.
        """
        with torch.no_grad(), torch.autocast(self.device.type, self.dtype, enabled=self.dtype != torch.float32):
            yield


def choose_backend(device: str = "auto", dtype: str = "auto") -> Backend:
    """The backend for "auto", or for a device such as "cpu", "cuda", "cuda:1" or "mps", and a dtype of ``DTYPES``.

    Automatic is the first accelerator and its half precision: bfloat16 on CUDA from Ampere on and float16 before,
    float32 on MPS, and on CPUs bfloat16 where the processor multiplies it natively. Raises InvalidValueError for a
    device that is not there, or an unknown dtype.
    """
    place = _device(device)
    if dtype != "auto" and dtype not in DTYPES:
        raise InvalidValueError(f"There is no dtype {dtype!r}.", f"Choose auto, {', '.join(DTYPES)}.", dtype=dtype)
    return Backend(place, _fastest_dtype(place) if dtype == "auto" else DTYPES[dtype])


def free_memory(device: torch.device) -> int:
    """The bytes that could be taken on a device now; on MPS, which shares the system's memory, of that."""
    if device.type == "cuda":
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)  # PyTorch's own, free for us
        return torch.cuda.mem_get_info(device)[0] + kept
    return psutil.virtual_memory().available


def _device(name: str) -> torch.device:
    counts = {"cuda": torch.cuda.device_count(), "mps": int(torch.backends.mps.is_available()), "cpu": 1}
    present = [kind for kind, count in counts.items() if count]
    if name == "auto":
        return torch.device(present[0])
    kind, colon, index = name.partition(":")
    if kind not in present or (colon and not (index.isdecimal() and int(index) < counts[kind])):
        raise InvalidValueError(
            f"The device {name!r} is not available to PyTorch {torch.__version__} on this machine.",
            f"Choose auto or one of: {', '.join(present)}.",
            device=name,
            available=present,
        )
    return torch.device(name)


def _fastest_dtype(device: torch.device) -> torch.dtype:
    if device.type == "cuda":
        return torch.bfloat16 if torch.cuda.get_device_capability(device) >= (8, 0) else torch.float16
    if device.type == "cpu" and hasattr(torch.cpu, "get_capabilities"):
        features = torch.cpu.get_capabilities()
        if any(features.get(name) for name in ("avx512_bf16", "amx_bf16")):
            return torch.bfloat16
    return torch.float32
