"""Table 1, without waiting for it."""

from __future__ import annotations

import csv
import re

import pytest

from adain_nodes.evaluation.figures import speed
from adain_nodes.evaluation.figures.speed import ITERATIONS, SpeedTable, measure_table
from adain_nodes.evaluation.machine import this_machine
from adain_nodes.evaluation.methods import Method
from adain_nodes.evaluation.speed import Speed, SpeedRow
from adain_nodes.pipeline import StyleTransfer


def table(swap=0.5, iterations=ITERATIONS):
    rows = {
        side: [
            SpeedRow("vgg19 float32", side / 1000, side / 500),
            SpeedRow("vgg19 bfloat16", side / 2000, side / 1000, dtype="bfloat16"),
            SpeedRow("swap bfloat16", swap * side / 256, side, "random weights", dtype="bfloat16"),
            SpeedRow("gatys bfloat16", side * 1.0, side + 1.0, dtype="bfloat16"),
        ]
        for side in (256, 512)
    }
    return SpeedTable(this_machine(), "bfloat16", 3, iterations, rows)


def test_markdown():
    text = table().markdown()
    header, _, plain, ours, swap, gatys = (re.split(r" *\| *", line.strip("| ")) for line in text.splitlines()[:6])
    assert header == ["method", "256 px", "512 px", "styles", "paper, 256 px", "paper, 512 px"]
    assert plain == ["vgg19 float32", "0.256 (0.512)", "0.512 (1.024)", "∞", "–", "–"]
    assert ours == ["vgg19 bfloat16", "0.128 (0.256)", "0.256 (0.512)", "∞", "0.018 (0.027)", "0.065 (0.098)"]
    assert swap[-1] == "3.214 (4.144)"
    assert gatys[1:] == ["256.000 (257.000)", "512.000 (513.000)", "∞", "14.17", "46.75"]
    assert "gatys makes 500 iterations. The" in text
    assert text.endswith("\n\nswap bfloat16: random weights.\n")
    assert "of which 20 were measured and the rest taken to be as long." in table(iterations=20).markdown()


def test_the_order_is_compared_with_that_of_the_paper():
    first, second = table().verdicts()
    assert first == "At 256 px the order is vgg19, swap, gatys, as in the paper."
    assert second.startswith("At 512 px")
    assert table(swap=0.01).verdicts()[0] == (
        "At 256 px the order is swap, vgg19, gatys, which is not that in the paper."
    )


def test_csv_holds_everything_unrounded():
    header, *rows = csv.reader(table(swap=1 / 3).csv().splitlines())
    assert header == ["method", "side", "seconds", "seconds_with_style"]
    assert len(rows) == 8
    assert rows[2] == ["swap bfloat16", "256", str(1 / 3), "256"]


@pytest.mark.parametrize("iterations", [2, 2 * ITERATIONS])
def test_gatys_is_timed_once_and_scaled_up(vgg, monkeypatch, iterations):
    monkeypatch.setattr(
        speed,
        "measure_speed",
        lambda models, **settings: Speed(settings["side"], 1, "cpu", "float32", (SpeedRow("lite float32", 1, 2),)),
    )
    monkeypatch.setattr(speed, "vgg_or_imitation", lambda **settings: (StyleTransfer(*vgg, device="cpu"), "random"))
    made = []

    class Quick:
        def __init__(self, encoder, schedule):
            made.append(schedule.iterations)

    monkeypatch.setattr(speed, "Gatys", Quick)
    method = Method(lambda style: style, lambda content, style: content)
    monkeypatch.setattr(speed, "baseline_method", lambda gatys, backend: method)
    seconds = iter([3.0, 20.0])  # encoding and stylising
    monkeypatch.setattr(speed, "timed", lambda run: (run(), next(seconds)))
    measured = measure_table(["lite"], sides=[16], iterations=iterations, device="cpu")
    assert made == [1, iterations]
    lite, gatys = measured.rows[16]
    assert (lite.name, gatys.name, gatys.note) == ("lite float32", "gatys float32", "random")
    scale = 250 if iterations == 2 else 1
    assert gatys.seconds == 20 * scale
    assert gatys.seconds_with_style == 20 * scale + 3
    assert (measured.dtype, measured.iterations) == ("float32", iterations)


def test_everything_runs(vgg, lite, monkeypatch):
    networks = {"vgg19": vgg, "lite": lite}
    monkeypatch.setattr(
        StyleTransfer,
        "from_pretrained",
        lambda model, **settings: StyleTransfer(*networks[model], device="cpu", dtype=settings["dtype"]),
    )
    monkeypatch.setattr("adain_nodes.evaluation.speed.peak_rate", lambda device, dtype: 1e9)  # takes seconds
    told = []
    measured = measure_table(["lite"], sides=[16, 24], rounds=1, iterations=2, device="cpu", progress=told.append)
    assert [*measured.rows] == [16, 24]
    names = [row.name for row in measured.rows[24]]
    assert names[:2] == ["plain vgg19 float32", "lite float32"]
    assert names[-1] == f"gatys {measured.dtype}"
    assert all(row.seconds > 0 and row.seconds_with_style > 0 for rows in measured.rows.values() for row in rows)
    assert "gatys, 24 px" in told
    assert measured.markdown()
