"""What was measured on: figures of speed mean nothing without it."""

import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path

import torch

from adain_nodes import __version__


@dataclass(frozen=True)
class Machine:
    """The processor and the device in words, PyTorch's threads of all processors, and versions.

    ``load`` is the number of threads that wanted to run in the last minute (None on Windows). With more of them than
    processors, times are long, and those of small networks longest: their threads wait for each other more often.
    """

    processor: str
    accelerator: str | None
    threads: int
    processors: int
    load: float | None
    system: str
    python: str
    torch: str
    version: str

    def __str__(self) -> str:
        accelerator = f"{self.accelerator}; " if self.accelerator else ""
        load = "" if self.load is None else f", load {self.load:.1f}"
        return (
            f"{accelerator}{self.processor}, {self.threads} of {self.processors} processors used{load}; {self.system}; "
            f"Python {self.python}, PyTorch {self.torch}, adain-nodes {self.version}"
        )


def this_machine() -> Machine:
    """The machine, as this process uses it."""
    return Machine(
        processor=_processor(),
        accelerator=torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        threads=torch.get_num_threads(),
        processors=os.cpu_count() or 1,
        load=os.getloadavg()[0] if hasattr(os, "getloadavg") else None,
        system=f"{platform.system()} {platform.machine()}",
        python=platform.python_version(),
        torch=torch.__version__,
        version=__version__,
    )


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")  # Linux, where Python knows no more than the architecture
    names = re.findall(r"model name\s*:\s*(.+)", cpuinfo.read_text()) if cpuinfo.exists() else []
    return names[0] if names else platform.processor() or platform.machine()
