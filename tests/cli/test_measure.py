from __future__ import annotations

import inspect
import json
import signal

import pytest
import torch

from adain_nodes.cli import measure
from adain_nodes.evaluation import benchmark, evaluate
from adain_nodes.evaluation.benchmark import run_benchmark
from adain_nodes.evaluation.evaluate import run_evaluation
from adain_nodes.evaluation.memory import Memory
from adain_nodes.evaluation.methods import Method
from adain_nodes.evaluation.metrics import LossNetwork
from adain_nodes.models.vgg import STYLE_LEVELS, VGGEncoder


@pytest.fixture
def loss_network(monkeypatch):
    """Random weights instead of the normalised VGG-19."""
    asked = []

    def load(source, *, device):
        asked.append((source, device))
        return LossNetwork(VGGEncoder(STYLE_LEVELS).requires_grad_(False), device="cpu")

    monkeypatch.setattr(LossNetwork, "load", load)
    return asked


@pytest.fixture
def loaded(monkeypatch):
    """Methods that return the content, and how they were asked for."""
    asked = []

    def load(model, *, device, dtype):
        asked.append((model, device, dtype))
        return Method(torch.clone, lambda contents, style: contents)

    monkeypatch.setattr(evaluate, "load_method", load)
    return asked


EVALUATE = ("evaluate", "--content", "photos", "--style", "styles", "--side", "24", "--device", "cpu")


@pytest.mark.usefixtures("folder")
def test_models_and_baselines_stand_in_one_table(adain, loss_network, loaded):
    answer = adain(*EVALUATE, "--no-memory", "-m", "lite", "-m", "microast:peers", "--loss-network", "judge.pth")
    assert (answer.status, answer.err) == (0, "")
    first = [line.split("|")[1].strip() for line in answer.out.splitlines()[2:6]]
    assert first == ["the content itself", "the style itself", "lite", "microast"]
    assert "Means over 4 pairs (2 contents × 2 styles) at 24×24 px" in answer.out
    assert loss_network == [("judge.pth", "cpu")]
    assert loaded == [("lite", "cpu", "float32"), ("microast:peers", "cpu", "float32")]


@pytest.mark.usefixtures("folder", "loss_network")
def test_the_embedded_model_is_measured_by_default_and_its_memory_too(adain, monkeypatch):
    monkeypatch.setattr(evaluate, "MEASURABLE", True)
    monkeypatch.setattr(evaluate, "measure_memory", lambda model, side, dtype: Memory(model, side, 5_000_000))
    rows = json.loads(adain(*EVALUATE, "--json").out)["rows"]
    assert [(row["method"], row["memory_bytes"]) for row in rows] == [
        ("the content itself", None),
        ("the style itself", None),
        ("lite", 5_000_000),
    ]
    assert 0 < rows[2]["ssim"] < 1


@pytest.mark.usefixtures("loss_network", "loaded")
def test_a_folder_gets_what_the_terminal_gets_and_more(adain, folder):
    answer = adain(*EVALUATE, "--no-memory", "--out", "out")
    assert (folder / "out" / "table.md").read_text("utf-8").strip() == answer.out.strip()
    assert {path.name for path in (folder / "out").iterdir()} == {
        "kept", "pairs.csv", "sheet.png", "table.csv", "table.json", "table.md",
    }  # fmt: skip
    lines = (folder / "out" / "pairs.csv").read_text("utf-8").splitlines()
    assert [line.split(",")[:3] for line in lines[-4:]] == [
        ["lite", content, style] for style in ("cold.png", "warm.png") for content in ("one.png", "two.png")
    ]


@pytest.mark.usefixtures("folder", "loss_network", "loaded")
def test_ctrl_c_prints_what_is_complete(adain, monkeypatch):
    def stylize(contents, style):
        signal.raise_signal(signal.SIGINT)
        return contents

    monkeypatch.setattr(evaluate, "load_method", lambda model, **settings: Method(torch.clone, stylize))
    answer = adain(*EVALUATE, "--out", "out", "-m", "lite", "-m", "vgg19")
    assert answer.status == 130
    assert "† lite: 1 of 4 pairs\n\n† vgg19: 0 of 4 pairs" in answer.out
    assert answer.err.startswith("Ending after this pair …\nEnded early")
    assert "the same command goes on." in answer.err
    monkeypatch.setattr(evaluate, "load_method", lambda model, **settings: Method(torch.clone, lambda c, s: c))
    answer = adain(*EVALUATE, "--no-memory", "--out", "out", "-m", "lite", "-m", "vgg19")
    assert (answer.status, answer.out.count("†")) == (0, 0)


@pytest.mark.usefixtures("folder", "loss_network")
def test_pairs_that_fail_are_said(adain, monkeypatch):
    failing = Method(torch.clone, lambda contents, style: contents[..., :3])
    monkeypatch.setattr(evaluate, "load_method", lambda model, **settings: failing)
    answer = adain(*EVALUATE, "--no-memory")
    assert answer.status == 1
    assert "lite: 0 of 4 pairs; 4 failed: The method turned a content of shape (1, 3, 24, 24)" in answer.out
    assert answer.err == "Failed: 4 pairs; the notes say why.\n"


@pytest.mark.usefixtures("folder", "loss_network")
def test_a_baseline_without_weights_is_an_error_in_words(adain):
    answer = adain(*EVALUATE, "-m", "microast:photos")
    assert answer.status == 1
    assert "photos holds 0 files for MicroAST's content_encoder" in " ".join(answer.err.split())
    assert answer.out == ""


@pytest.mark.parametrize("as_json", [False, True])
def test_the_benchmark_measures_what_was_named(adain, monkeypatch, as_json):
    asked = {}

    class Result:
        def markdown(self):
            return "a table"

        def json(self):
            return "{}"

    def run(models, *, progress, **options):
        progress("lite float32")
        asked.update(options, models=models)
        return Result()

    monkeypatch.setattr(benchmark, "run_benchmark", run)
    options = ["-m", "lite", "-m", "microast:peers", "--size", "64", "--rounds", "3", "--device", "cpu"]
    options += ["--engine", "compile", "--baselines"]
    answer = adain("benchmark", *options, *["--json"] * as_json)
    assert (answer.status, answer.out.strip()) == (0, "{}" if as_json else "a table")
    models = ["lite", "microast:peers"]
    settings = {"sides": [64], "rounds": 3, "engines": ["compile"], "device": "cpu", "baselines": True}
    assert asked == {"models": models, **settings}


def test_defaults_are_those_of_the_library():
    ours, theirs = (inspect.signature(function).parameters for function in (measure.benchmark, run_benchmark))
    assert tuple(ours["model"].default) == theirs["models"].default
    for name, library_name in (("engine", "engines"), ("size", "sides")):
        assert tuple(ours[name].default) == theirs[library_name].default
    for name in ("rounds", "device", "baselines"):
        assert ours[name].default == theirs[name].default


def test_defaults_of_the_evaluation_are_those_of_the_library():
    ours, theirs = (inspect.signature(function).parameters for function in (measure.evaluate, run_evaluation))
    for name in ("side", "loss_network", "device", "dtype", "memory"):
        assert ours[name].default == theirs[name].default
