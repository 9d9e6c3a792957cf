"""What changes as a run goes on: the networks that learn, their optimiser and average, and the step."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from adain_nodes.models.base import Encoder, Generator
from adain_nodes.training.config import TrainingConfig
from adain_nodes.training.optimiser import Optimiser


class Learner:
    """Copies of an encoder and a decoder, of which the configured objective trains the second or both.

    What stands in the decoder's place may be any generator; it says itself what of it is trained.

    ``step`` counts the updates done. There is no scheduler and no random state: the rate and every random number are
    functions of the step.
    """

    def __init__(self, config: TrainingConfig, encoder: Encoder, decoder: Generator, device: torch.device) -> None:
        self.config = config
        self.step = 0
        joint = config.objective == "joint"
        networks = {"encoder": encoder, "decoder": decoder} if joint else {"decoder": decoder}
        self._networks = placed(nn.ModuleDict(networks), device)
        self._networks.requires_grad_(False)
        self._encoder = encoder if joint else placed(encoder, device).requires_grad_(False)
        if config.from_scratch:
            _reset(self._networks, config.seed)
        self._average = self._averaged() if config.average else None
        encoder, decoder = self.networks
        learning = [*(encoder.parameters() if joint else ()), *decoder.trained()]
        self._parameters = [parameter.requires_grad_(True) for parameter in learning]
        named = {name: p for name, p in self._networks.named_parameters() if p.requires_grad}
        self._optimiser = Optimiser(config, named)

    @property
    def networks(self) -> tuple[Encoder, Generator]:
        """The encoder and the decoder that are being trained, in training mode."""
        return self._pair(cast("nn.ModuleDict", self._networks.train()))

    @property
    def results(self) -> tuple[Encoder, Generator]:
        """The encoder and the decoder as they would be used: the average where there is one, in evaluation mode."""
        networks = self._average.module if self._average else self._networks
        encoder, decoder = self._pair(cast("nn.ModuleDict", networks.eval()))
        decoder.encoder = encoder.fingerprint()
        return encoder, decoder

    @property
    def gradients(self) -> list[Tensor]:
        """The gradients as they have come together since the last update."""
        return [parameter.grad for parameter in self._parameters if parameter.grad is not None]

    def update(self) -> float:
        """One step along the gradients, which are used up; returns their norm before any clipping.

        Where that is not finite nothing is changed.
        """
        limit = self.config.clip or float("inf")
        norm = float(nn.utils.clip_grad_norm_(self._parameters, limit))
        if norm < float("inf"):
            self._optimiser.step(self.config.rate(self.step))
            if self._average:
                self._average.update_parameters(self._networks)
            self.step += 1
        self._optimiser.forget()
        return norm

    def tensors(self) -> dict[str, Tensor]:
        """Everything that decides how the run goes on, but for the step: weights, average and moments."""
        found = _prefixed("networks.", self._networks.state_dict())
        if self._average:
            found |= _prefixed("average.", self._average.state_dict())
        return found | self._optimiser.tensors()

    def restore(self, step: int, tensors: Mapping[str, Tensor]) -> None:
        """Continue after ``step`` where ``tensors`` were taken. Raises KeyError or RuntimeError for other networks."""
        self.step = step
        self._networks.load_state_dict(_part(tensors, "networks."))
        if self._average:
            self._average.load_state_dict(_part(tensors, "average."))
        self._optimiser.restore(tensors)

    def _pair(self, networks: nn.ModuleDict) -> tuple[Encoder, Generator]:
        encoder = networks["encoder"] if "encoder" in networks else self._encoder  # noqa: SIM401 (ModuleDict has no get)
        return cast("Encoder", encoder), cast("Generator", networks["decoder"])

    def _averaged(self) -> AveragedModel:
        return AveragedModel(self._networks, multi_avg_fn=get_ema_multi_avg_fn(self.config.average))


def placed(network: Any, device: torch.device) -> Any:
    """A copy on the device, channels last. It can be trained through even where inference mode made the original."""
    return copy.deepcopy(network).to(device, memory_format=torch.channels_last)


def _reset(networks: nn.Module, seed: int) -> None:
    """Random weights, the same ones for the same seed, that keep the variance through ReLUs (He et al. 2015).

    PyTorch's own default shrinks it to a sixth in each layer: deep ones would answer to their biases alone.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for module in networks.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
                module.weight.data *= getattr(module, "gain", 1.0)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)


def _prefixed(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}{name}": tensor for name, tensor in tensors.items()}


def _part(tensors: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in tensors.items() if name.startswith(prefix)}
