from __future__ import annotations

import inspect
import json

import pytest
import torch

from adain_nodes.cli import measure
from adain_nodes.evaluation import benchmark, methods
from adain_nodes.evaluation.benchmark import run_benchmark
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

    monkeypatch.setattr(methods, "load_method", load)
    return asked


EVALUATE = ("evaluate", "--content", "photos", "--style", "styles", "--side", "24", "--device", "cpu")


@pytest.mark.usefixtures("folder")
def test_models_and_baselines_stand_in_one_table(adain, loss_network, loaded):
    answer = adain(*EVALUATE, "-m", "lite", "-m", "microast:peers", "--loss-network", "judge.pth")
    assert answer.status == 0
    first = [line.split("|")[1].strip() for line in answer.out.splitlines()[2:6]]
    assert first == ["the content itself", "the style itself", "lite", "microast"]
    assert "Means over 4 pairs (2 contents × 2 styles) at 24×24 px" in answer.out
    assert loss_network == [("judge.pth", "cpu")]
    assert loaded == [("lite", "cpu", "float32"), ("microast:peers", "cpu", "float32")]


@pytest.mark.usefixtures("folder", "loss_network")
def test_the_embedded_model_is_measured_by_default(adain):
    rows = json.loads(adain(*EVALUATE, "--json").out)["rows"]
    assert [row["method"] for row in rows] == ["the content itself", "the style itself", "lite"]
    assert 0 < rows[2]["ssim"] < 1


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
