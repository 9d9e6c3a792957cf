from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from adain_nodes.core.errors import CheckpointError, InvalidValueError, OutputError
from adain_nodes.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from adain_nodes.training.config import TrainingConfig


def checkpoint(**settings: int) -> Checkpoint:
    tensors = {"a": torch.rand(2, 3, 4, 4).to(memory_format=torch.channels_last), "step": torch.tensor(3.0)}
    return Checkpoint(TrainingConfig(**settings), 3, 12.5, "vgg:1 lite:2", tensors)  # pyright: ignore[reportArgumentType]


def test_round_trip(tmp_path: Path) -> None:
    saved = checkpoint(seed=5)
    save_checkpoint(tmp_path / "c.safetensors", saved)
    loaded = load_checkpoint(tmp_path / "c.safetensors")
    assert (loaded.config, loaded.step, loaded.seconds, loaded.networks) == (saved.config, 3, 12.5, "vgg:1 lite:2")
    assert loaded.tensors.keys() == saved.tensors.keys()
    assert all(torch.equal(loaded.tensors[name], tensor) for name, tensor in saved.tensors.items())
    assert [path.name for path in tmp_path.iterdir()] == ["c.safetensors"]


def test_failure_keeps_the_older_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "c.safetensors"
    save_checkpoint(path, checkpoint())

    def fail(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OutputError, match="disk is full"):
        save_checkpoint(path, checkpoint(seed=1))
    assert load_checkpoint(path).config.seed == 0


def test_other_files(tmp_path: Path) -> None:
    save_file({"a": torch.zeros(1)}, tmp_path / "c.safetensors")
    with pytest.raises(CheckpointError, match="no checkpoint of a training run: its format is 'not given'"):
        load_checkpoint(tmp_path / "c.safetensors")
    with pytest.raises(CheckpointError, match="cannot be read"):
        load_checkpoint(tmp_path / "nothing.safetensors")


def test_check() -> None:
    one = checkpoint(seed=5)
    one.check(TrainingConfig(seed=5, steps=7), "vgg:1 lite:2")
    with pytest.raises(InvalidValueError, match=r"other settings: crop \(64, not 256\), seed \(6, not 5\)\."):
        one.check(TrainingConfig(seed=6, crop=64), "vgg:1 lite:2")
    with pytest.raises(InvalidValueError, match=r"networks \(vgg:3 lite:2, not vgg:1 lite:2\)"):
        one.check(TrainingConfig(seed=5), "vgg:3 lite:2")
