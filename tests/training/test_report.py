from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from adain_nodes.training import report
from adain_nodes.training.objective import TERMS
from adain_nodes.training.report import draw_curve, verdict

STEPS = np.arange(4000)
NOISE = np.random.default_rng(0).lognormal(0, 0.3, STEPS.size)


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ((2 + 8 * np.exp(-STEPS / 2000)) * NOISE, "still falling"),
        (10 * (1 + STEPS) ** -0.3 * NOISE, "still falling"),
        (np.where(STEPS > 3000, 30, 2) * NOISE, "diverged: lower the learning rate"),
        (np.where(STEPS == 3999, np.nan, 2.0), "diverged: lower the learning rate"),
        (NOISE[:79], "too early to tell"),
    ],
)
def test_verdict(losses: np.ndarray, expected: str) -> None:
    assert verdict(losses.tolist()) == expected


def test_verdict_says_since_when_it_is_flat() -> None:
    said = verdict(((2 + 8 * np.exp(-STEPS / 100)) * NOISE).tolist())
    assert said.startswith("flat for ")
    assert 2500 <= int(said.split()[2]) <= 3800


def test_curve(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    losses = {name: [float("nan")] * 300 for name in TERMS}
    empty, full = tmp_path / "empty.png", tmp_path / "full.png"
    draw_curve(full, {**losses, "total": NOISE[:300].tolist()}, "title")
    draw_curve(empty, {**losses, "total": [1.0]})
    with Image.open(full) as curve, Image.open(empty) as dot:
        assert curve.size == dot.size == (960, 540)
        colours = [len(image.convert("RGB").getcolors(960 * 540)) for image in (curve, dot)]
    assert colours[0] > colours[1]  # the single steps behind the line


def test_no_matplotlib_is_said_once(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(report, "find_spec", lambda _: None)
    report.can_plot.cache_clear()
    with caplog.at_level(logging.WARNING, "adain_nodes"):
        assert not report.can_plot()
        assert not report.can_plot()
    report.can_plot.cache_clear()
    assert len(caplog.records) == 1
    assert "pip install matplotlib" in caplog.text
