"""The settings of a training run: everything that decides its result, apart from the pictures and the first weights."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import Literal

from adain_nodes.core.errors import InvalidValueError

_CHOICES = {
    "objective": ("decoder", "joint"),
    "content_target": ("t", "content"),
    "precision": ("float32", "bfloat16"),
    "optimiser": ("adam", "muon"),
}
_AT_LEAST = {
    1: ("steps", "batch", "accumulate", "size", "crop", "checkpoint_every", "sample_every"),
    0: (
        *("warmup", "views", "seed", "workers", "decay", "ramp", "cooldown", "clip", "average", "noise"),
        *("content_weight", "style_weight", "variation_weight", "reconstruction_weight", "noise_weight"),
        *("halo_weight", "teacher_weight", "overshoot"),
    ),
}

FREE = frozenset({"steps", "workers", "cache", "checkpoint_every", "sample_every"})
"""Settings that may change when a run is continued: the steps done stay what they were."""


@dataclass(frozen=True)
class TrainingConfig:
    """Defaults are the paper's (section 6) and those of the common PyTorch port (naoto0804/pytorch-AdaIN, train.py).

    ``objective``: "decoder" trains the decoder for an encoder that stays as it is; "joint" trains both against a loss
    network. ``batch`` pairs make a step, run in ``accumulate`` parts to save memory. Pictures are brought to ``size``
    (short side, pixels), then cut to ``crop``×``crop`` at random, and mirrored at random with ``flip``.

    The rate at step t is ``learning_rate`` / (1 + ``decay`` t). It rises to that over the first ``ramp`` steps and
    falls to nothing over the last ``cooldown``; gradients longer than ``clip`` are shortened to it (0: never). The
    ``optimiser`` is the paper's "adam", or "muon" for kernels (see ``training.optimiser``). With ``average`` above 0
    the run's result is the exponential moving average of the weights with this decay, such as 0.999. ``warmup`` steps
    come first that only reconstruct: alpha 0, no style.

    ``content_target``: the AdaIN features "t", or the "content"'s own. ``reconstruction_weight`` asks for the content
    itself at alpha 0, ``noise_weight`` for the same result when the content has sensor noise of deviation ``noise``,
    ``halo_weight`` against rims around what stands before a smooth ground,
    ``teacher_weight`` for the picture that another method makes of the same pair. With ``denoise`` the encoder gets
    every content with that noise, and the losses compare with the one without.
    What is made is clamped to [0, 1] where it is used; of what lies beyond, the losses see the share ``overshoot``.
    With all of it, as in the paper, a pair of high contrast may outweigh a thousand others.
    ``cache`` keeps every picture in memory, 8 bits a sample, after it was read once. With ``views`` above 0 a picture
    is cut in so many ways only, and the loss network looks at each cut once: a third less work where the encoder is
    trained too, for memory (of a content of 128×128 pixels 0.26 MB in bfloat16).
    """

    objective: Literal["decoder", "joint"] = "decoder"
    steps: int = 160_000
    batch: int = 8
    accumulate: int = 1
    size: int = 512
    crop: int = 256
    flip: bool = False
    views: int = 0
    learning_rate: float = 1e-4
    decay: float = 5e-5
    ramp: int = 0
    cooldown: int = 0
    optimiser: Literal["adam", "muon"] = "adam"
    clip: float = 0.0
    average: float = 0.0
    warmup: int = 0
    content_weight: float = 1.0
    style_weight: float = 10.0
    content_target: Literal["t", "content"] = "t"
    variation_weight: float = 0.0
    reconstruction_weight: float = 0.0
    noise_weight: float = 0.0
    halo_weight: float = 0.0
    teacher_weight: float = 0.0
    overshoot: float = 1.0
    noise: float = 0.02
    denoise: bool = False
    from_scratch: bool = False
    seed: int = 0
    precision: Literal["float32", "bfloat16"] = "float32"
    workers: int = 0
    cache: bool = False
    checkpoint_every: int = 500
    sample_every: int = 1000

    def __post_init__(self) -> None:
        """Raise InvalidValueError for settings that cannot be trained with."""
        for name, choices in _CHOICES.items():
            _require(self, name, getattr(self, name) in choices, f"must be one of {', '.join(choices)}")
        for least, names in _AT_LEAST.items():
            for name in names:
                _require(self, name, getattr(self, name) >= least, f"must be {least} or more")
        _require(self, "learning_rate", self.learning_rate > 0, "must be more than 0")
        _require(self, "average", self.average < 1, "must be less than 1")
        _require(self, "crop", self.crop <= self.size, f"must not be larger than the size, {self.size}")
        _require(self, "accumulate", self.batch % self.accumulate == 0, f"must divide the batch of {self.batch}")

    def rate(self, step: int) -> float:
        """The learning rate at a step, counted from 0."""
        rising = (step + 1) / self.ramp if step < self.ramp else 1.0
        left = self.steps - step
        falling = left / self.cooldown if left < self.cooldown else 1.0
        return self.learning_rate / (1 + self.decay * step) * min(rising, falling)

    def to_json(self) -> str:
        """All settings as JSON."""
        return json.dumps(asdict(self), indent=2)

    @classmethod
    def from_json(cls, text: str) -> TrainingConfig:
        """The settings in what ``to_json`` wrote; raises InvalidValueError for anything else."""
        try:
            return cls(**json.loads(text))
        except (TypeError, ValueError) as error:
            if isinstance(error, InvalidValueError):
                raise
            raise InvalidValueError(f"These are no settings of a training run: {error}.") from error

    def differences(self, other: TrainingConfig) -> list[str]:
        """The settings, ``FREE`` ones aside, that differ, such as "crop (256, not 192)"."""
        names = (field.name for field in fields(self) if field.name not in FREE)
        pairs = ((name, getattr(self, name), getattr(other, name)) for name in names)
        return [f"{name} ({ours}, not {theirs})" for name, ours, theirs in pairs if ours != theirs]


def _require(config: TrainingConfig, name: str, valid: bool, expected: str) -> None:
    if not valid:
        value = getattr(config, name)
        raise InvalidValueError(f"{name} is {value!r}; it {expected}.", **{name: value})
