from __future__ import annotations

import numpy as np
import pytest

from adain_nodes.training.report import verdict

STEPS = np.arange(4000)
NOISE = np.random.default_rng(0).lognormal(0, 0.3, STEPS.size)


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ((2 + 8 * np.exp(-STEPS / 2000)) * NOISE, "still falling"),
        (10 * (1 + STEPS) ** -0.3 * NOISE, "still falling"),
        (10 * (1 + STEPS) ** -0.3 * NOISE * np.where(STEPS % 1300 == 1299, 2000, 1), "still falling"),
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
