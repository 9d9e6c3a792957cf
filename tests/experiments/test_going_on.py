"""An experiment that was stopped or killed goes on, and ends as one that never was."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.experiments.lab import StoppedError

from .conftest import TINY, Run

ROOT = Path(__file__).parents[2]


def ends(folder: Path) -> dict[str, bytes]:
    """What a finished experiment comes to, without the times in its checkpoints."""
    kept = ("history.csv", "README.md", "samples.jpg")
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.name in kept}


def test_cancelled_and_continued(run: Run, tmp_path: Path) -> None:
    run("single-style", tmp_path / "whole")
    asked = iter([False, False, True])  # in the second run
    with pytest.raises(StoppedError, match=r"Stopped in the run BN_original after 1 steps\. The same command goes on"):
        run("single-style", tmp_path / "stopped", cancelled=lambda: next(asked))
    seen: list[tuple[str, int]] = []
    run("single-style", tmp_path / "stopped", progress=lambda name, now: seen.append((name, now.step)))
    assert seen == [("BN_original", 2)]
    assert ends(tmp_path / "stopped") == ends(tmp_path / "whole")


def test_more_steps(run: Run, tmp_path: Path) -> None:
    run("single-style", tmp_path / "whole", replace(TINY, steps=3))
    run("single-style", tmp_path / "longer")
    run("single-style", tmp_path / "longer", replace(TINY, steps=3))
    assert ends(tmp_path / "longer") == ends(tmp_path / "whole")


def test_the_added_style_begins_anew_where_the_others_have_learnt_more(run: Run, tmp_path: Path) -> None:
    run("conditional", tmp_path / "whole", replace(TINY, steps=3))
    run("conditional", tmp_path / "longer")
    run("conditional", tmp_path / "longer", replace(TINY, steps=3))
    whole, longer = (load_file(tmp_path / name / "styles.safetensors") for name in ("whole", "longer"))
    assert all(torch.equal(tensor, longer[name]) for name, tensor in whole.items())


def test_another_experiment_is_not_overwritten(run: Run, tmp_path: Path) -> None:
    run("single-style", tmp_path)
    with pytest.raises(InvalidValueError, match="holds an experiment with other settings: crop, width"):
        run("single-style", tmp_path, replace(TINY, crop=24, width=4))
    with pytest.raises(InvalidValueError, match="with other settings: experiment"):
        run("conditional", tmp_path)
    with pytest.raises(InvalidValueError, match="with other settings: steps"):
        run("single-style", tmp_path, replace(TINY, steps=1))


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_killed_at_any_moment(run: Run, pictures: Path, tmp_path: Path) -> None:
    settings = replace(TINY, steps=40)
    script = (
        "import sys, torch; from dataclasses import replace; from pathlib import Path\n"
        "from adain_nodes.experiments.catalogue import run_experiment; from adain_nodes.experiments.settings import *\n"
        "torch.set_num_threads(1)\n"
        f"run_experiment('single-style', [{str(pictures / 'content')!r}], [{str(pictures / 'style')!r}], "
        f"Path({str(tmp_path / 'killed')!r}), {settings!r}, loss_network={str(pictures / 'vgg.safetensors')!r}, "
        "device='cpu', progress=lambda name, now: print(name, now.step, flush=True))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", script]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        assert any(line == "BN_original 30\n" for line in process.stdout), "it ended before it was killed"
        process.kill()
    assert process.returncode == -9
    run("single-style", tmp_path / "killed", settings)
    run("single-style", tmp_path / "whole", settings)
    assert ends(tmp_path / "killed") == ends(tmp_path / "whole")
