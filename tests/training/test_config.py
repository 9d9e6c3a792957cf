from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.training.config import TrainingConfig


def test_defaults_are_the_papers() -> None:
    config = TrainingConfig()
    assert (config.objective, config.batch, config.size, config.crop) == ("decoder", 8, 512, 256)
    assert (config.content_weight, config.style_weight, config.content_target) == (1.0, 10.0, "t")
    assert config.variation_weight == config.warmup == 0
    assert config.rate(0) == 1e-4
    assert config.rate(20_000) == pytest.approx(0.5e-4)


def test_the_rate_rises_and_falls() -> None:
    config = TrainingConfig(steps=100, learning_rate=1.0, decay=0.0, ramp=10, cooldown=20)
    assert [config.rate(step) for step in (0, 4, 9, 50, 79, 80)] == [0.1, 0.5, 1.0, 1.0, 1.0, 1.0]
    assert [config.rate(step) for step in (90, 99)] == [0.5, 0.05]


@given(
    steps=st.integers(1, 10**6), weight=st.floats(0, 1e6), flip=st.booleans(), target=st.sampled_from(["t", "content"])
)
def test_json_round_trip(steps: int, weight: float, flip: bool, target: str) -> None:
    config = TrainingConfig(steps=steps, style_weight=weight, flip=flip, content_target=target)  # pyright: ignore[reportArgumentType]
    assert TrainingConfig.from_json(config.to_json()) == config


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"objective": "encoder"}, "objective is 'encoder'; it must be one of decoder, joint"),
        ({"precision": "float16"}, "must be one of float32, bfloat16"),
        ({"content_target": "s"}, "must be one of t, content"),
        ({"optimiser": "sgd"}, "must be one of adam, muon"),
        ({"views": -1}, "views is -1; it must be 0 or more"),
        ({"steps": 0}, "steps is 0; it must be 1 or more"),
        ({"checkpoint_every": 0}, "must be 1 or more"),
        ({"seed": -1}, "seed is -1; it must be 0 or more"),
        ({"style_weight": -1.0}, "must be 0 or more"),
        ({"style_weight": float("nan")}, "must be 0 or more"),
        ({"learning_rate": 0.0}, "must be more than 0"),
        ({"average": 1.0}, "must be less than 1"),
        ({"crop": 513}, "crop is 513; it must not be larger than the size, 512"),
        ({"accumulate": 3}, "accumulate is 3; it must divide the batch of 8"),
    ],
)
def test_wrong_settings(changes: dict[str, object], message: str) -> None:
    with pytest.raises(InvalidValueError, match=message):
        TrainingConfig(**changes)  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("text", ["", "[1]", '{"stepps": 3}'])
def test_wrong_json(text: str) -> None:
    with pytest.raises(InvalidValueError, match="no settings of a training run"):
        TrainingConfig.from_json(text)


def test_wrong_value_in_json_keeps_its_message() -> None:
    with pytest.raises(InvalidValueError, match="steps is 0"):
        TrainingConfig.from_json('{"steps": 0}')


def test_differences_leave_free_settings_aside() -> None:
    config = TrainingConfig()
    assert config.differences(replace(config, steps=7, workers=2, cache=True)) == []
    assert config.differences(replace(config, seed=4, steps=7)) == ["seed (0, not 4)"]
