"""Data parallel training: the processes that `torchrun` started, each with its share of every batch.

Accelerate is the engine: it reads torchrun's environment, chooses the device and NCCL or gloo, and averages. Nothing is
wrapped: two networks are trained together, each called on its own and several times a step, so the gradients are
averaged once a step, when they are complete, and no network knows of it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import torch
from torch import Tensor

from adain_nodes.backend import choose_backend
from adain_nodes.core.errors import AdaINError, InvalidValueError
from adain_nodes.training.config import TrainingConfig


@dataclass(frozen=True)
class Processes:
    """This process, number ``rank`` of ``count``, and its device; the first one writes, logs and draws for all.

    All processes must call each method that speaks to the others, in the same order.
    """

    rank: int
    count: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    def share(self, config: TrainingConfig) -> range:
        """The places of a batch that this process fills.

        Raises InvalidValueError unless every part of a batch can be shared out evenly.
        """
        parts = config.accumulate * self.count
        if config.batch % parts:
            raise InvalidValueError(
                f"A batch of {config.batch} does not divide into {config.accumulate} part(s) for each of "
                f"{self.count} processes.",
                f"Make it a multiple of {parts}.",
                batch=config.batch,
                processes=self.count,
            )
        return range(self.rank, config.batch, self.count)

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Replace the values of each tensor, on the device, by their means over the processes."""
        if self.count > 1:
            from accelerate.utils import reduce

            means = cast("Tensor", reduce(torch.cat([tensor.flatten() for tensor in tensors]), "mean"))
            for tensor, mean in zip(tensors, means.split([tensor.numel() for tensor in tensors]), strict=True):
                tensor.copy_(mean.view_as(tensor))

    def any(self, said: bool) -> bool:
        """Whether any process says so; none goes on before all have spoken."""
        votes = torch.tensor([float(said)], device=self.device)
        self.average([votes])
        return bool(votes)

    def together(self, found: dict[Path, str]) -> dict[Path, str]:
        """What all processes have found."""
        if self.count == 1:
            return found
        from accelerate.utils import gather_object

        return {path: said for part in gather_object([found]) for path, said in part.items()}


def join(device: str = "auto") -> Processes:
    """The processes of this run: under `torchrun` those that it started, and else this one alone.

    Of several processes each has a GPU of its own, whatever the index in ``device``, or all share the CPU.
    Raises InvalidValueError as ``choose_backend``, AdaINError under `torchrun` where Accelerate is not installed.
    """
    place = choose_backend(device).device
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return Processes(0, 1, place)
    if find_spec("accelerate") is None:
        raise AdaINError("Training with several processes needs Accelerate.", "Run `pip install accelerate`.")
    from accelerate import PartialState

    state = PartialState(cpu=place.type != "cuda")
    return Processes(state.process_index, state.num_processes, cast("torch.device", state.device))
