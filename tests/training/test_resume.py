"""A run that is killed and goes on ends as one that was never stopped, to the bit."""

from __future__ import annotations

import os
import random
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from adain_nodes.checkpoints.load import load_state
from adain_nodes.training.checkpoint import load_checkpoint

SCRIPT = Path(__file__).with_name("resumable.py")


@pytest.fixture
def finish() -> Iterator[Callable[..., None]]:
    """Run the script to its end, in this process."""
    threads = torch.get_num_threads()
    yield runpy.run_path(str(SCRIPT))["main"]
    torch.set_num_threads(threads)


def kill(step: int, delay: float, folder: Path, folders: tuple[Path, Path]) -> None:
    """Run the script and send SIGKILL a moment after a step: in the next one, or while a checkpoint is written."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, str(SCRIPT), str(folder), *map(str, folders)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert any(int(line) == step for line in process.stdout), "the run ended before it was killed"
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(delay)
        process.kill()
    assert process.returncode == -9


def checkpoint_step(folder: Path) -> int:
    """The step of the checkpoint in a folder; 0 where the run was killed as it was about to write its first one."""
    path = folder / "checkpoint.safetensors"
    return load_checkpoint(path).step if path.exists() else 0


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_killed_run_ends_bit_identical(
    tmp_path: Path,
    folders: tuple[Path, Path],
    finish: Callable[..., None],
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    finish(whole, *folders)
    assert capsys.readouterr().out.split() == [str(step) for step in range(1, 15)]

    moment = random.Random()  # any moment must do, a new one each time
    step, delay = moment.randint(4, 9), moment.uniform(0, 0.05)
    kill(step, delay, killed, folders)
    where = f"after a kill {delay:.3f} s behind step {step}"
    kept = checkpoint_step(killed)
    assert kept in ((0, 4, 8) if step == 4 else (4, 8, 12)), f"the checkpoint holds step {kept} {where}"
    finish(killed, *folders)
    assert int(capsys.readouterr().out.split()[0]) == kept + 1, f"it did not go on from its checkpoint {where}"

    where = f"differs {where}"
    for name in ("checkpoint.safetensors", "weights.safetensors"):
        (expected, _), (actual, _) = load_state(whole / name), load_state(killed / name)
        assert expected.keys() == actual.keys()
        for key, tensor in expected.items():
            assert torch.equal(tensor, actual[key]), f"{key} {where}"
    for name in ("history.csv", "samples/000014.jpg"):
        assert (whole / name).read_bytes() == (killed / name).read_bytes(), f"{name} {where}"
