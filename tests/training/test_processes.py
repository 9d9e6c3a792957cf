"""Two processes under `torchrun` do what one does."""

from __future__ import annotations

import csv
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from adain_nodes.checkpoints.load import load_state
from adain_nodes.core.errors import AdaINError, InvalidValueError
from adain_nodes.training import processes
from adain_nodes.training.config import TrainingConfig
from adain_nodes.training.processes import Processes, join

SCRIPT = Path(__file__).with_name("resumable.py")
SHARED = Path(__file__).with_name("shared_out.py")
CPU = torch.device("cpu")


def alone(folder: Path, *arguments: object) -> None:
    """Run the script in this process."""
    threads = torch.get_num_threads()
    try:
        runpy.run_path(str(SCRIPT))["main"](folder, *map(str, arguments))
    finally:
        torch.set_num_threads(threads)


def both(*arguments: object) -> list[str]:
    """Talk, then run the script, in two processes over 127.0.0.1; returns what they print."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "OMP_NUM_THREADS": "1"}
    launcher = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    command = [*launcher, str(SHARED), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def weights(folder: Path) -> torch.Tensor:
    state, _ = load_state(folder / "weights.safetensors")
    return torch.cat([state[name].flatten() for name in sorted(state)])


def losses(folder: Path) -> list[float]:
    with (folder / "history.csv").open() as file:
        return [float(row["total"]) for row in csv.DictReader(file)]


@pytest.mark.skipif(sys.platform == "win32", reason="PyTorch has no gloo under torchrun there")
def test_two_processes_are_as_one(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    """Also where a run goes on, in two processes and then in one. Each step is printed once."""
    one, two = tmp_path / "one", tmp_path / "two"
    alone(one, *folders, 1)
    start = weights(one)
    alone(one, *folders)
    assert both(two, *folders, 6, 11) == [str(step) for step in range(1, 12)]
    alone(two, *folders)

    assert losses(two) == pytest.approx(losses(one), rel=1e-4)
    expected = weights(one)
    moved, apart = (expected - start).norm(), (weights(two) - expected).norm()
    assert apart < 0.001 * moved
    assert {path.name for path in two.iterdir()} == {path.name for path in one.iterdir()}


def test_without_torchrun() -> None:
    mine = join("cpu")
    assert mine == Processes(0, 1, CPU)
    assert mine.first
    tensor = torch.rand(3)
    before = tensor.clone()
    mine.average([tensor])
    assert torch.equal(tensor, before)
    assert (mine.any(True), mine.any(False)) == (True, False)
    assert mine.together({Path("a"): "broken"}) == {Path("a"): "broken"}


def test_shares_make_up_the_batch(config: Callable[..., TrainingConfig]) -> None:
    settings = config(batch=12, accumulate=2)
    shares = [Processes(rank, 3, CPU).share(settings) for rank in range(3)]
    assert sorted(place for share in shares for place in share) == list(range(12))
    assert {len(share) for share in shares} == {4}
    with pytest.raises(InvalidValueError, match=r"batch of 12 does not divide .* 2 part\(s\) for each of 4 processes"):
        Processes(0, 4, CPU).share(settings)


def test_torchrun_without_accelerate(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setattr(processes, "find_spec", lambda name: None)
    with pytest.raises(AdaINError, match=r"needs Accelerate.*pip install accelerate"):
        join("cpu")
