"""Peak memory of one stylisation, measured in an interpreter of its own."""

import json
import re
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import torch

from adain_nodes.evaluation.imitation import load_or_imitate
from adain_nodes.evaluation.startup import run_python

MEASURABLE = sys.platform != "win32"
"""Whether the system tells a process its peak."""

_STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Memory:
    """The bytes that stylising a ``side``×``side`` px picture on the CPU takes at its peak.

    They count from what the process holds once the libraries are imported: weights, pictures and all maps are in it.
    """

    model: str
    side: int
    bytes: int
    note: str = ""


def measure_memory(model: str, side: int = 1024, dtype: str = "auto") -> Memory:
    """Load a model in a fresh interpreter and stylise a picture with one of the same size, in a precision.

    ``model`` and ``dtype`` are named as for ``load_method``. Raises AdaINError with what the interpreter said when it
    fails.
    """
    return Memory(**json.loads(run_python("-m", __name__, model, str(side), dtype)))


def _measure_here(model: str, side: int, dtype: str) -> Memory:
    start = _resident_bytes()
    method, note = load_or_imitate(model, device="cpu", dtype=dtype)
    content, style = torch.rand(2, 1, 3, side, side).unbind()
    method(content, style)
    return Memory(model, side, _peak_bytes() - start, note)


def _resident_bytes() -> int:
    """What the process holds now; on macOS its peak so far, which is near to it after imports."""
    return _status_bytes("VmRSS") if _STATUS.exists() else _peak_bytes()


def _peak_bytes() -> int:
    if _STATUS.exists():  # Linux; its ru_maxrss would count the parent too, whose memory a child starts with
        return _status_bytes("VmHWM")
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _status_bytes(field: str) -> int:
    return int(re.findall(rf"{field}:\s+(\d+) kB", _STATUS.read_text())[0]) * 1024


if __name__ == "__main__":
    print(json.dumps(asdict(_measure_here(sys.argv[1], int(sys.argv[2]), sys.argv[3]))))
