"""What turns gradients into new weights: Adam, or Muon for the kernels and Adam for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.training.config import TrainingConfig

_ENDS = 3
"""A kernel from or to no more channels than a picture has is left to Adam, as Muon's author advises."""


class Optimiser:
    """Changes ``parameters``, by name, in place.

    Muon (Jordan et al. 2024, "Muon: An optimizer for hidden layers in neural networks", torch.optim.Muon) makes the
    step of each matrix orthogonal. A kernel counts as the matrix out × (height · width · in), which for channels-last
    memory is the kernel itself under another shape: both share it. Steps are scaled to the size of Adam's, so that one
    learning rate serves both.
    """

    def __init__(self, config: TrainingConfig, parameters: Mapping[str, nn.Parameter]) -> None:
        self._config = config
        muon = config.optimiser == "muon"
        self._kernels = {name: p for name, p in parameters.items() if muon and _is_kernel(p)}
        self._matrices = {name: nn.Parameter(_matrix(kernel)) for name, kernel in self._kernels.items()}
        self._rest = {name: p for name, p in parameters.items() if name not in self._kernels}
        self._adam = torch.optim.Adam(self._rest.values(), config.learning_rate) if self._rest else None
        self._muon = _muon(self._matrices.values(), config.learning_rate) if self._matrices else None

    def step(self, rate: float) -> None:
        """One step along the gradients at this learning rate; the gradients are used up."""
        for name, matrix in self._matrices.items():
            gradient = self._kernels[name].grad
            matrix.grad = None if gradient is None else _rows(gradient).flatten(1)
        for optimiser in (self._adam, self._muon):
            if optimiser:
                for group in optimiser.param_groups:
                    group["lr"] = rate
                optimiser.step()
        self.forget()

    def forget(self) -> None:
        """Drop the gradients."""
        for parameter in (*self._kernels.values(), *self._matrices.values(), *self._rest.values()):
            parameter.grad = None

    def tensors(self) -> dict[str, Tensor]:
        """Moments and counts of steps, as ``adam.MOMENT.NAME`` and ``muon.MOMENT.NAME``; none before the first step."""
        return {
            f"{kind}.{key}.{name}": value
            for kind, optimiser, parameters in self._kinds()
            for name, parameter in parameters.items()
            for key, value in optimiser.state[parameter].items()
        }

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on where ``tensors`` were taken; raises KeyError where some are missing."""
        for kind, optimiser, parameters in self._kinds():
            keys = ("momentum_buffer",) if kind == "muon" else ("step", "exp_avg", "exp_avg_sq")
            for name, parameter in parameters.items():
                saved = {key: f"{kind}.{key}.{name}" for key in keys}
                if saved[keys[0]] in tensors:
                    state = {key: _laid_out(tensors[place], parameter) for key, place in saved.items()}
                    optimiser.state[parameter] = state

    def _kinds(self) -> list[tuple[str, torch.optim.Optimizer, dict[str, nn.Parameter]]]:
        kinds = (("adam", self._adam, self._rest), ("muon", self._muon, self._matrices))
        return [(kind, optimiser, parameters) for kind, optimiser, parameters in kinds if optimiser]


def _is_kernel(parameter: nn.Parameter) -> bool:
    return parameter.ndim == 4 and min(parameter.shape[:2]) > _ENDS


def _matrix(kernel: Tensor) -> Tensor:
    """out×in×h×w, channels last, as out × (h·w·in) in the same memory: ``view`` copies nothing."""
    return _rows(kernel).view(len(kernel), -1)


def _rows(kernel: Tensor) -> Tensor:
    return kernel.detach().permute(0, 2, 3, 1)


def _muon(matrices: Any, rate: float) -> torch.optim.Optimizer:
    if not hasattr(torch.optim, "Muon"):
        raise InvalidValueError(
            f"PyTorch {torch.__version__} has no Muon.", "Install 2.9 or newer, or choose the optimiser adam."
        )
    return torch.optim.Muon(matrices, rate, weight_decay=0.0, adjust_lr_fn="match_rms_adamw")


def _laid_out(tensor: Tensor, like: Tensor) -> Tensor:
    """A moment in memory as its parameter is, so that later sums are rounded alike; the count of steps as it is."""
    return torch.empty_like(like, requires_grad=False).copy_(tensor) if tensor.ndim else tensor
