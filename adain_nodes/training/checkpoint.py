"""Checkpoints: a run's whole state in one safetensors file, replaced in one step."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from safetensors.torch import save as serialise
from torch import Tensor

from adain_nodes.checkpoints.load import load_state
from adain_nodes.core.errors import CheckpointError, InvalidValueError
from adain_nodes.core.files import replace_file
from adain_nodes.training.config import TrainingConfig

FORMAT = "adain-training-1"


@dataclass(frozen=True)
class Checkpoint:
    """A run after ``step`` updates and ``seconds`` of training.

    ``networks`` names, by fingerprint, those that the run uses and does not train. There is no random state: every
    random number of a run is a function of its seed and the step.
    """

    config: TrainingConfig
    step: int
    seconds: float
    networks: str
    tensors: dict[str, Tensor]

    def check(self, config: TrainingConfig, networks: str) -> None:
        """Raise InvalidValueError unless a run with these settings and networks would continue this one."""
        differences = config.differences(self.config)
        if networks != self.networks:
            differences.append(f"networks ({networks}, not {self.networks})")
        if differences:
            raise InvalidValueError(
                f"The run to continue was made with other settings: {', '.join(differences)}.",
                "Use its settings, or start a new run from its weights in another folder.",
            )


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint; raises OutputError where that fails, and then the older one is still there."""
    metadata = {
        "format": FORMAT,
        "config": checkpoint.config.to_json(),
        "step": str(checkpoint.step),
        "seconds": str(checkpoint.seconds),
        "networks": checkpoint.networks,
    }
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in checkpoint.tensors.items()}
    replace_file(path, serialise(tensors, metadata))


def load_checkpoint(path: Path) -> Checkpoint:
    """Read what ``save_checkpoint`` wrote; raises CheckpointError for anything else."""
    tensors, metadata = load_state(path)
    if metadata.get("format") != FORMAT:
        raise CheckpointError(
            f"{path} is no checkpoint of a training run: its format is {metadata.get('format', 'not given')!r}.",
            "Name the folder of a run.",
            path=path,
        )
    config = TrainingConfig.from_json(metadata["config"])
    return Checkpoint(config, int(metadata["step"]), float(metadata["seconds"]), metadata["networks"], tensors)
