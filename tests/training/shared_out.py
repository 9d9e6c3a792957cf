"""What each process does under `torchrun`, for test_processes: talk to the others, then train as ``resumable.py``."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from resumable import main

from adain_nodes.training.processes import join


def talk() -> None:
    """Check what two processes tell each other."""
    mine = join("cpu")
    assert mine.count == 2
    assert mine.first == (mine.rank == 0)
    assert mine.any(mine.rank == 1)
    assert not mine.any(False)
    assert mine.together({Path(str(mine.rank)): "broken"}) == {Path("0"): "broken", Path("1"): "broken"}
    matrix, number = torch.full((2, 3), float(mine.rank)), torch.tensor(4.0 * mine.rank)
    mine.average([matrix, number])
    assert torch.equal(matrix, torch.full((2, 3), 0.5))
    assert number == 2


if __name__ == "__main__":
    talk()
    main(Path(sys.argv[1]), *sys.argv[2:])
