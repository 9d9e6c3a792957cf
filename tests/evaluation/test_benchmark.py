from __future__ import annotations

import json

import pytest

from adain_nodes.evaluation import benchmark
from adain_nodes.evaluation.benchmark import Benchmark, Target, run_benchmark
from adain_nodes.evaluation.gatys_speed import PLAIN_GATYS
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
    (
        SpeedRow(PLAIN, 3.0, 4.5, "random"),
        SpeedRow("vgg19 float32", 2.5, 4.0, "random"),
        SpeedRow("vgg19 bfloat16", 2.0, 3.0, "random"),
        SpeedRow("lite float32", 0.5, 0.75),
        SpeedRow("lite bfloat16", 0.24, 0.36, work=15.6e9, dtype="bfloat16"),
        SpeedRow("microast float32", 0.4, 0.75),
        SpeedRow("microast bfloat16", 0.3, 0.27),
    ),
    {"bfloat16": 130e9},
)
SMALL = Speed(64, 7, "cpu", "bfloat16", (SpeedRow(PLAIN, 0.25, 0.5), SpeedRow("lite bfloat16", 0.05, 0.1)))
STARTUP = {TORCH: 2.0, PACKAGE: 0.05, PIPELINE: 2.5, HELP: 1.25}
RESULT = Benchmark(
    MACHINE, (SMALL, SPEED), STARTUP, (Memory("lite", 1024, 1_510_000_000), Memory("vgg19", 1024, 840_000_000))
)


def test_targets_at_their_limits():
    assert Target("a", 12, 12, "×", at_least=True).reached
    assert not Target("a", 11.99, 12, "×", at_least=True).reached
    assert Target("a", 1.5, 1.5, " GB").reached
    assert not Target("a", 1.51, 1.5, " GB").reached
    assert Target("a", None, 1.5, " GB").reached is None
    assert Target("a", None, 1.5, " GB").cells() == ("a", "≤ 1.5 GB", "–", "not measured")
    assert Target("a", 13.128, 12, "×", at_least=True).cells() == ("a", "≥ 12×", "13.13×", "reached")


def test_what_is_compared_with_the_figures_to_reach():
    assert [(target.value and round(target.value, 9), target.reached) for target in RESULT.targets] == [
        (12.5, False),
        (6, True),
        (12.5, True),
        (0.8, False),
        (1, True),
        (1.25, True),
        (0.75, False),
        (1.2, True),
        (1.5, False),
        (1.25, True),
        (1.25, False),
        (1.51, False),
        (0.84, True),
    ]


def test_what_was_not_measured_is_not_reached():
    rows = (SpeedRow(PLAIN, 3.0, 4.5), SpeedRow("vgg19 float32", 2.0, 3.0), SpeedRow("lite float32", 0.25, 0.4))
    result = Benchmark(MACHINE, (Speed(512, 7, "cpu", "float32", rows),), STARTUP, ())
    reached = [target.reached for target in result.targets]
    assert reached == [False, True, True, None, None, True, None, True, False, None, None]
    assert result.targets[2].what.startswith("lite float32")
    assert "not measured" in result.markdown()


def test_markdown():
    text = RESULT.markdown()
    assert text.startswith("Measured on EPYC, 2 of 8 processors used, load 1.5;")
    assert "Speed on cpu, medians of 7 rounds: a picture in an encoded style, and" in text
    assert text.index("64×64 px:") < text.index("512×512 px:")
    assert "| pipeline              | picture, s |  speed | with style, s |  speed | multiply-adds | of peak |" in text
    assert "| plain vgg19 float32 † |      3.000 |  1.00× |         4.500 |  1.00× |             – |       – |" in text
    assert "| lite bfloat16         |      0.240 | 12.50× |         0.360 | 12.50× |        15.6 G |     50% |" in text
    assert "| microast float32      |      0.400 |  7.50× |         0.750 |  6.00× |             – |       – |" in text
    assert text.count("† random.") == 1
    assert "| from adain_nodes import StyleTransfer |    2.50 |" in text
    assert "| lite  | 1024×1024 | 1.51 |" in text
    assert "| lite / microast, bfloat16, with style                |     ≥ 1× |    0.75× |  missed |" in text
    assert "| lite bfloat16 / plain port                           |    ≥ 12× |   12.50× | reached |" in text
    assert "| adain --help                                         |    ≤ 1 s |   1.25 s |  missed |" in text
    assert text.endswith("|\n")


def test_json_holds_everything_unrounded():
    read = json.loads(RESULT.json())
    assert read["machine"]["processor"] == "EPYC"
    row = {"name": "lite bfloat16", "seconds": 0.24, "seconds_with_style": 0.36, "note": ""}
    assert read["speeds"][1]["rows"][4] == {**row, "work": 15.6e9, "dtype": "bfloat16"}
    assert read["startup"] == STARTUP
    assert read["memory"][0]["bytes"] == 1_510_000_000
    assert [target["reached"] for target in read["targets"]] == [target.reached for target in RESULT.targets]


@pytest.mark.parametrize("measurable", [True, False])
def test_everything_is_measured_in_turn(monkeypatch, measurable):
    asked, announced = [], []

    def measure_speed(models, **options):
        asked.append({**options, "models": models})
        return SPEED

    monkeypatch.setattr(benchmark, "measure_speed", measure_speed)
    monkeypatch.setattr(benchmark, "measure_startup", lambda progress: STARTUP)
    monkeypatch.setattr(benchmark, "measure_memory", lambda model: Memory(model, 1024, len(model)))
    monkeypatch.setattr(benchmark, "MEASURABLE", measurable)
    models = ["lite", "microast:peers"]
    settings = {"rounds": 3, "engines": ["compile"], "device": "cpu", "progress": announced.append}
    result = run_benchmark(models, sides=[64, 128], **settings)
    assert (result.speeds, result.startup) == ((SPEED, SPEED), STARTUP)
    assert asked == [{"models": models, "side": side, **settings} for side in (64, 128)]
    labels = ["lite", "microast"] if measurable else []
    assert [(taken.model, taken.bytes) for taken in result.memory] == list(zip(labels, (4, 14), strict=False))
    assert announced == [f"peak memory, {label}" for label in labels]


def test_baselines_are_measured_when_asked_for(monkeypatch):
    gatys = {PLAIN_GATYS: 0.9, "ours, float32": 0.8, "ours, bfloat16": 0.5}
    monkeypatch.setattr(benchmark, "measure_speed", lambda models, **options: SPEED)
    monkeypatch.setattr(benchmark, "measure_startup", lambda progress: STARTUP)
    monkeypatch.setattr(benchmark, "measure_memory", lambda model, side=1024: Memory(model, side, 2_500_000_000))
    monkeypatch.setattr(benchmark, "measure_gatys", lambda device, progress: gatys)
    monkeypatch.setattr(benchmark, "MEASURABLE", True)
    result = run_benchmark(["lite"], baselines=True)
    assert result.memory[-1] == Memory("swap", 512, 2_500_000_000)
    text = result.markdown()
    assert "| ours, bfloat16        |   0.500 | 1.80× |" in text
    assert [target.cells()[1:] for target in result.targets[-3:]] == [
        ("≥ 1×", "1.12×", "reached"),
        ("≥ 1.5×", "1.80×", "reached"),
        ("≤ 3 GB", "2.50 GB", "reached"),
    ]
    assert json.loads(result.json())["gatys"] == gatys
