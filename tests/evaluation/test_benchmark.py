from __future__ import annotations

import json

import pytest

from adain_nodes.evaluation import benchmark
from adain_nodes.evaluation.benchmark import Benchmark, Target, run_benchmark
from adain_nodes.evaluation.machine import Machine
from adain_nodes.evaluation.memory import Memory
from adain_nodes.evaluation.speed import PLAIN, Speed, SpeedRow
from adain_nodes.evaluation.startup import HELP, PACKAGE, PIPELINE, TORCH

MACHINE = Machine("EPYC", None, 2, 8, 1.5, "Linux x86_64", "3.11.7", "2.4.0", "0.1.0")
SPEED = Speed(
    512,
    7,
    "cpu",
    "bfloat16",
    False,
    (
        SpeedRow(PLAIN, 3.0, 1.0, "random"),
        SpeedRow("vgg19 float32", 2.5, 1.2, "random"),
        SpeedRow("vgg19 bfloat16", 2.0, 1.5, "random"),
        SpeedRow("lite float32", 0.5, 6.0),
        SpeedRow("lite bfloat16", 0.24, 12.5),
    ),
)
STARTUP = {TORCH: 2.0, PACKAGE: 0.05, PIPELINE: 2.5, HELP: 1.25}
RESULT = Benchmark(MACHINE, SPEED, STARTUP, (Memory("lite", 1024, 1_510_000_000), Memory("vgg19", 1024, 840_000_000)))


def test_targets_at_their_limits():
    assert Target("a", 12, 12, "×", at_least=True).reached
    assert not Target("a", 11.99, 12, "×", at_least=True).reached
    assert Target("a", 1.5, 1.5, " GB").reached
    assert not Target("a", 1.51, 1.5, " GB").reached
    assert Target("a", None, 1.5, " GB").reached is None
    assert Target("a", None, 1.5, " GB").cells() == ("a", "≤ 1.5 GB", "–", "not measured")
    assert Target("a", 13.128, 12, "×", at_least=True).cells() == ("a", "≥ 12×", "13.13×", "reached")


def test_what_is_compared_with_the_figures_to_reach():
    assert [(target.value, target.reached) for target in RESULT.targets] == [
        (12.5, True),
        (1.2, True),
        (1.5, False),
        (1.25, True),
        (1.25, False),
        (1.51, False),
        (0.84, True),
    ]


def test_what_was_not_measured_is_not_reached():
    rows = (SpeedRow(PLAIN, 3.0, 1.0), SpeedRow("vgg19 float32", 2.0, 1.5), SpeedRow("lite float32", 0.25, 12.0))
    result = Benchmark(MACHINE, Speed(512, 7, "cpu", "float32", False, rows), STARTUP, ())
    assert [target.reached for target in result.targets] == [True, True, None, True, False, None, None]
    assert result.targets[0].what.startswith("lite float32")
    assert "not measured" in result.markdown()


def test_markdown():
    text = RESULT.markdown()
    assert text.startswith("Measured on EPYC, 2 of 8 processors used, load 1.5;")
    assert "Speed: 512×512 px on cpu, style already encoded, medians of 7 rounds." in text
    assert "| plain vgg19 float32 † |   3.000 |  1.00× |" in text
    assert "| lite bfloat16         |   0.240 | 12.50× |" in text
    assert text.count("† random.") == 1
    assert "| from adain_nodes import StyleTransfer |    2.50 |" in text
    assert "| lite  | 1024×1024 | 1.51 |" in text
    assert "| lite bfloat16 / plain port                           |    ≥ 12× |   12.50× | reached |" in text
    assert "| adain --help                                         |    ≤ 1 s |   1.25 s |  missed |" in text
    assert text.endswith("|\n")


def test_json_holds_everything_unrounded():
    read = json.loads(RESULT.json())
    assert read["machine"]["processor"] == "EPYC"
    assert read["speed"]["rows"][-1] == {"name": "lite bfloat16", "seconds": 0.24, "ratio": 12.5, "note": ""}
    assert read["startup"] == STARTUP
    assert read["memory"][0]["bytes"] == 1_510_000_000
    assert [target["reached"] for target in read["targets"]] == [target.reached for target in RESULT.targets]


@pytest.mark.parametrize("measurable", [True, False])
def test_everything_is_measured_in_turn(monkeypatch, measurable):
    asked, announced = {}, []

    def measure_speed(**options):
        asked.update(options)
        return SPEED

    monkeypatch.setattr(benchmark, "measure_speed", measure_speed)
    monkeypatch.setattr(benchmark, "measure_startup", lambda progress: STARTUP)
    monkeypatch.setattr(benchmark, "measure_memory", lambda model: Memory(model, 1024, 5))
    monkeypatch.setattr(benchmark, "MEASURABLE", measurable)
    result = run_benchmark(side=64, rounds=3, with_style=True, compile=True, device="cpu", progress=announced.append)
    assert (result.speed, result.startup) == (SPEED, STARTUP)
    assert asked == {
        "side": 64,
        "rounds": 3,
        "with_style": True,
        "compile": True,
        "device": "cpu",
        "progress": announced.append,
    }
    models = ["lite", "vgg19"] if measurable else []
    assert [taken.model for taken in result.memory] == models
    assert announced == [f"peak memory, {model}" for model in models]
