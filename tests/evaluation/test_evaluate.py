from __future__ import annotations

import csv
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from adain_nodes.checkpoints.save import save_networks
from adain_nodes.core.errors import AdaINError, OutputError
from adain_nodes.evaluation import evaluate as module
from adain_nodes.evaluation.bench import CONTROLS
from adain_nodes.evaluation.evaluate import KEPT, evaluate, run_evaluation
from adain_nodes.evaluation.memory import Memory
from adain_nodes.evaluation.methods import Method
from adain_nodes.evaluation.metrics import FIGURES, LossNetwork
from adain_nodes.imaging import write_image
from adain_nodes.models.vgg import STYLE_LEVELS, VGGEncoder
from adain_nodes.resources import resource

COPY = Method(lambda style: style, lambda contents, style: contents.clone())
CUT = Method(lambda style: style, lambda contents, style: contents[..., :3])


def test_methods_stand_below_the_controls(make_bench):
    said = []
    evaluation = evaluate({"copy": COPY, "cut": CUT}, make_bench(), progress=lambda *state: said.append(state))
    table = evaluation.table
    assert [row.method for row in table.rows] == [*CONTROLS, "copy", "cut"]
    assert (table.contents, table.styles, table.side, len(evaluation.pairs)) == (5, 2, 16, 40)
    assert table.rows[2].figures == table.rows[0].figures
    assert [(row.pairs, row.failed) for row in table.rows] == [(10, 0)] * 3 + [(0, 10)]
    assert said[0] == (1, 40, CONTROLS[0])
    assert said[25] == (26, 40, "copy")
    assert said[-1] == (40, 40, "cut")
    assert not evaluation.ended
    assert len(evaluation.failed) == 10
    assert table.notes == (
        "cut: 0 of 10 pairs; 10 failed: The method turned a content of shape (1, 3, 16, 20) into (1, 3, 16, 3). Return "
        "a picture that is as large as the content.",
    )


def test_what_was_complete_when_it_ended(make_bench):
    done = []
    evaluation = evaluate(
        {"first": COPY, "second": COPY, "third": COPY},
        make_bench(),
        peak_memory=lambda name: pytest.fail("no time for that"),
        progress=lambda *state: done.append(state),
        cancelled=lambda: len(done) == 33,
    )
    assert evaluation.ended
    assert len(evaluation.pairs) == 33
    assert [row.pairs for row in evaluation.table.rows] == [10, 10, 10, 3, 0]
    assert evaluation.table.notes == ("second: 3 of 10 pairs", "third: 0 of 10 pairs")


def test_peaks_are_measured_after_the_pairs(make_bench):
    def peak(name):
        if name == "large":
            raise AdaINError("`python -m …` failed: MemoryError.", "Run it yourself.")
        return 7

    said = []
    methods = {"small": COPY, "large": COPY}
    table = evaluate(methods, make_bench(), peak_memory=peak, progress=lambda *state: said.append(state)).table
    assert [row.memory for row in table.rows] == [None, None, 7, None]
    assert said[-2:] == [(40, 40, "peak memory, small"), (40, 40, "peak memory, large")]
    assert table.notes == ("large: the peak memory is not known. `python -m …` failed: MemoryError. Run it yourself.",)


def test_peaks_that_nobody_waits_for_are_left_out(make_bench):
    asked = []
    methods = {"first": COPY, "second": COPY}
    evaluation = evaluate(
        methods, make_bench(1, 1), peak_memory=lambda name: asked.append(name) or 7, cancelled=lambda: bool(asked)
    )
    assert [row.memory for row in evaluation.table.rows] == [None, None, 7, None]
    assert not evaluation.ended


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with five photos, five styles and a loss network of random weights."""
    monkeypatch.chdir(tmp_path)
    for number in range(5):
        for kind in ("photos", "styles"):
            (tmp_path / kind).mkdir(exist_ok=True)
            write_image(tmp_path / kind / f"{number}.png", torch.rand(1, 3, 24, 24))
    save_networks(tmp_path / "vgg.safetensors", VGGEncoder(STYLE_LEVELS).requires_grad_(False))
    return tmp_path


def run(out, models=("lite",), side=24, **options):
    settings = {"loss_network": "vgg.safetensors", "device": "cpu", "memory": False}
    return run_evaluation(models, ["photos"], ["styles"], side=side, out=out, **settings | options)


def figures(folder):
    """The lines of pairs.csv without what took how long."""
    with (folder / "pairs.csv").open(newline="") as file:
        return [{name: line[name] for name in line if "seconds" not in name} for line in csv.DictReader(file)]


def kept(folder):
    return {path.name: path.read_bytes() for path in (folder / KEPT).glob("*.json")}


def test_a_killed_run_goes_on_and_ends_as_an_undisturbed_one(desk):
    command = [sys.executable, "-m", "adain_nodes", "evaluate", "--content", "photos", "--style", "styles", "--side"]
    command += ["24", "--loss-network", "vgg.safetensors", "--device", "cpu", "--no-memory", "--out", "killed"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}  # as in these tests: results of another number are others
    killed = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    deadline = time.monotonic() + 120
    while len(kept(desk / "killed")) < 2 * 25 + 5:
        assert killed.poll() is None, killed.communicate()[0].decode()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    before = kept(desk / "killed")
    assert len(before) < 3 * 25
    evaluation = run(desk / "killed")
    assert not evaluation.ended
    after = kept(desk / "killed")
    assert {name: after[name] for name in before} == before
    assert len(after) == 3 * 25
    run(desk / "whole")
    assert figures(desk / "killed") == figures(desk / "whole")
    assert len(figures(desk / "whole")) == 3 * 25


def test_all_that_is_there_is_taken_as_it_is(desk, monkeypatch):
    peaks = []

    def measure_memory(model, side, dtype):
        peaks.append((model, side, dtype))
        return Memory(model, side, 5_000_000)

    monkeypatch.setattr(module, "measure_memory", measure_memory)
    monkeypatch.setattr(module, "MEASURABLE", True)
    first = run(desk / "out", memory=True)
    assert peaks == [("lite", 24, "float32")]
    assert first.table.rows[2].memory == 5_000_000
    files = kept(desk / "out")
    monkeypatch.setattr(LossNetwork, "describe", lambda self, pictures: pytest.fail("nothing is to be seen"))
    again = run(desk / "out", memory=True)
    assert (again.table, again.pairs, len(peaks)) == (first.table, first.pairs, 1)
    assert kept(desk / "out") == files


def test_without_a_folder_nothing_is_written(desk, monkeypatch):
    before = set(desk.rglob("*"))
    table = run(None).table
    assert [row.method for row in table.rows] == [*CONTROLS, "lite"]
    assert all(0 < table.rows[2].figures[name].mean < 1000 for name in FIGURES)
    assert table.settings["dtype"] == "float32"
    assert table.settings["device"].startswith("cpu (")
    assert set(desk.rglob("*")) == before


def test_a_folder_that_cannot_be_made_is_said_at_once(desk):
    (desk / "file").touch()
    with pytest.raises(OutputError, match="file/out cannot be made"):
        run(desk / "file" / "out", loss_network="absent.pth")


@pytest.mark.slow
def test_lite_has_the_figures_of_its_card_and_more_of_both_than_microast(shared, monkeypatch):
    monkeypatch.setenv("ADAIN_WEIGHTS_DIR", str(shared / "weights"))
    pictures = shared / "images" / "eval"
    row = run_evaluation(["lite"], [pictures / "content"], [pictures / "style"]).table.rows[-1]
    style, content, ssim = (row.figures[name].mean for name in ("style", "content", "ssim"))
    assert style < 1.858  # MicroAST's
    assert content <= 2.811
    (stated,) = re.findall(
        r"^\| \*\*lite\*\* \|(.+)\|$", resource("weights", "README.md").read_text("utf-8"), re.MULTILINE
    )
    card = [float(number.strip(" *")) for number in stated.split("|")]
    assert card == pytest.approx([style, content, ssim], abs=2e-3)


@pytest.mark.slow
def test_the_controls_are_those_that_the_project_reports(shared, monkeypatch):
    monkeypatch.setenv("ADAIN_WEIGHTS_DIR", str(shared / "weights"))
    pictures = shared / "images" / "eval"
    table = run_evaluation([], [pictures / "content"], [pictures / "style"]).table
    content, style = (
        tuple(round(row.figures[name].mean, 3) for name in ("style", "content", "ssim")) for row in table.rows
    )
    assert content == (11.283, 0, 1)
    assert style == (0, 6.045, 0.115)
    assert (table.contents, table.styles, table.side) == (8, 16, 256)
