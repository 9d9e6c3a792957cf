"""How large an experiment is."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.files import make_folder, replace_file
from adain_nodes.models.vgg import STYLE_LEVELS
from adain_nodes.training.config import TrainingConfig

FILE = "experiment.json"


@dataclass(frozen=True)
class Settings:
    """What all runs of an experiment share; the defaults fit two processor cores and an evening.

    ``width`` is the number of channels of the trained networks at full size, ``level`` the deepest of the VGG that
    judges. Of the rest see ``TrainingConfig``. Raises InvalidValueError for a level that is none of the paper's.
    """

    steps: int = 2000
    batch: int = 4
    size: int = 144
    crop: int = 128
    width: int = 16
    level: str = "relu3_1"
    learning_rate: float = 1e-3
    seed: int = 0
    precision: Literal["float32", "bfloat16"] = "float32"

    def __post_init__(self) -> None:
        if self.level not in STYLE_LEVELS:
            raise InvalidValueError(f"There is no level {self.level!r}.", f"Choose one of {', '.join(STYLE_LEVELS)}.")

    @property
    def levels(self) -> tuple[str, ...]:
        """Those at which the style is compared."""
        return STYLE_LEVELS[: STYLE_LEVELS.index(self.level) + 1]

    @property
    def training(self) -> TrainingConfig:
        """The settings of each run, unless the experiment changes them."""
        return TrainingConfig(
            steps=self.steps,
            batch=self.batch,
            size=self.size,
            crop=self.crop,
            learning_rate=self.learning_rate,
            decay=0.0,
            seed=self.seed,
            precision=self.precision,
            from_scratch=True,
            cache=True,
            checkpoint_every=25,
            sample_every=self.steps,
        )

    def claim(self, folder: Path, name: str) -> None:
        """Write these settings to a folder, or check that the experiment there has them, or fewer steps.

        Raises InvalidValueError when it holds another experiment.
        """
        path, ours = folder / FILE, {"experiment": name, **asdict(self)}
        if path.exists():
            theirs = json.loads(path.read_text("utf-8"))
            theirs["steps"] = max(theirs["steps"], self.steps)
            if theirs != ours:
                different = sorted(key for key in ours if ours[key] != theirs.get(key))
                raise InvalidValueError(
                    f"{folder} holds an experiment with other settings: {', '.join(different)}.",
                    "Give its settings again, or choose another folder.",
                    different=different,
                )
        make_folder(folder)
        replace_file(path, json.dumps(ours, indent=2).encode())

    def __str__(self) -> str:
        return (
            f"{self.steps} steps of {self.batch} pictures of {self.crop}×{self.crop} px, networks of {self.width} "
            f"channels at full size, losses to {self.level}, Adam at {self.learning_rate:g}, {self.precision}, "
            f"seed {self.seed}"
        )
