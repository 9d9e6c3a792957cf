"""A training run: its parts put together, its folder, and what one step of it is."""

from __future__ import annotations

import json
import math
import time
from pathlib import Path

import torch
from torch import Tensor

from adain_nodes.backend import choose_backend
from adain_nodes.checkpoints.save import save_networks
from adain_nodes.core.errors import DivergedError, InvalidValueError
from adain_nodes.core.files import make_folder
from adain_nodes.models.base import Encoder, Generator
from adain_nodes.training.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from adain_nodes.training.config import TrainingConfig
from adain_nodes.training.curve import draw_curve
from adain_nodes.training.data import Batch, Pairs
from adain_nodes.training.history import History
from adain_nodes.training.learner import Learner, placed
from adain_nodes.training.objective import Objective, Teacher
from adain_nodes.training.processes import Processes
from adain_nodes.training.report import Report, verdict
from adain_nodes.training.samples import Samples, write_picture

CHECKPOINT = "checkpoint.safetensors"
WEIGHTS = "weights.safetensors"
HISTORY = "history.csv"
CURVE = "curve.png"
SAMPLES = "samples"


def sheet_path(folder: Path, step: int) -> Path:
    """Where a run in ``folder`` keeps its sheet of samples after ``step``."""
    return folder / SAMPLES / f"{step:06d}.jpg"


class Run:
    """What a run consists of; the files of its folder are named by the constants of this module.

    ``pairs`` are the pictures, ``learner`` the networks, ``processes`` those that share the work; ``machine`` names
    the hardware in the record. Raises EncoderMismatchError when the decoder belongs to another encoder.
    """

    def __init__(
        self,
        pairs: Pairs,
        networks: tuple[Encoder, Generator],
        loss_network: Encoder,
        folder: Path,
        processes: Processes,
        machine: str,
        teacher: Teacher | None = None,
    ) -> None:
        encoder, decoder = networks
        decoder.check_encoder(encoder)
        self.config: TrainingConfig = pairs.config
        self.pairs = pairs
        self.folder = folder
        self.processes = processes
        self.backend = choose_backend(str(processes.device), self.config.precision)
        self.learner = Learner(self.config, encoder, decoder, self.backend.device)
        self.objective = Objective(self.config, encoder, placed(loss_network, self.backend.device), teacher)
        self.history = History(folder / HISTORY)
        self.skipped: dict[Path, str] = {}
        fixed = (loss_network,) if self.config.objective == "joint" else (loss_network, encoder)
        self._fixed = " ".join(network.fingerprint() for network in fixed)
        self._machine = machine
        self._seconds = 0.0

    def start(self, resume: bool) -> None:
        """Go on from the folder's checkpoint, or begin and write the first one.

        Raises InvalidValueError when the folder holds another run, or one that is not to be resumed.
        """
        path = self.folder / CHECKPOINT
        there = self.processes.any(path.exists())  # asked before the first process writes it
        if not there:
            make_folder(self.folder)
            self.save()
        elif resume:
            checkpoint = load_checkpoint(path)
            checkpoint.check(self.config, self._fixed)
            self.learner.restore(checkpoint.step, checkpoint.tensors)
            self._seconds = checkpoint.seconds
        else:
            raise InvalidValueError(
                f"{self.folder} holds a run already.", "Resume it, or choose another folder.", folder=self.folder
            )
        self._samples = Samples(self.pairs)

    def step(self, batch: Batch) -> dict[str, float]:
        """Learn from a batch; returns the losses and, as "gradient", the norm of the gradients.

        Raises DivergedError when one of these is not finite; the networks are then as they were before the step.
        """
        started = time.perf_counter()
        self.skipped.update(batch.skipped)
        sums: dict[str, Tensor] = {}
        for part in batch.parts(self.config.accumulate):
            for name, loss in self._backward(part).items():
                sums[name] = sums[name] + loss if name in sums else loss
        self.processes.average([*self.learner.gradients, *sums.values()])
        losses = dict(zip(sums, torch.stack(list(sums.values())).tolist(), strict=True))
        losses["gradient"] = self.learner.update()
        if not all(math.isfinite(loss) for loss in losses.values()):
            said = ", ".join(f"{name} {loss:.4g}" for name, loss in losses.items())
            raise DivergedError(
                f"The run diverged at step {self.learner.step + 1}: {said}. {self.folder} holds its last checkpoint.",
                "Start another run from its weights, with a lower learning rate or with gradients clipped.",
                step=self.learner.step + 1,
                losses=losses,
            )
        self.history.add(self.learner.step, losses)
        self._seconds += time.perf_counter() - started
        return losses

    def save(self) -> None:
        """Write the weights as they are, then the checkpoint; raises OutputError where that fails.

        Of several processes the first one does that.
        """
        if not self.processes.first:
            return
        encoder, decoder = self.learner.results
        step = self.learner.step
        record = {"config": json.loads(self.config.to_json()), "step": step, "seconds": round(self._seconds)}
        record |= {"contents": len(self.pairs.contents), "styles": len(self.pairs.styles), "fixed": self._fixed}
        record |= {"processes": self.processes.count, "machine": self._machine}
        kept = encoder if self.config.objective == "joint" else None
        save_networks(self.folder / WEIGHTS, kept, decoder, {"training": json.dumps(record)})
        checkpoint = Checkpoint(self.config, step, self._seconds, self._fixed, self.learner.tensors())
        save_checkpoint(self.folder / CHECKPOINT, checkpoint)

    def report(self) -> Report:
        """Draw the sheet of samples and the curve, and keep both in the folder."""
        step = self.learner.step
        curve = draw_curve(self.history.losses, f"{step} steps, {self.verdict()}")
        write_picture(self.folder / CURVE, curve)
        sheet = self._samples.sheet(*self.learner.results, self.backend)
        write_picture(sheet_path(self.folder, step), sheet)
        return Report(step, sheet, curve)

    def verdict(self) -> str:
        """Whether the run still learns, in words; the warm-up, which has another objective, does not count."""
        return verdict(self.history.losses["total"][self.config.warmup :])

    def seconds_left(self) -> float:
        """The rest of the steps, at the pace of those done."""
        done = self.learner.step
        return self._seconds / done * (self.config.steps - done)

    def _backward(self, part: Batch) -> dict[str, Tensor]:
        """Add the gradients of one part of a batch; returns its share of the losses."""
        with torch.autocast(self.backend.device.type, self.backend.dtype, enabled=self.config.precision != "float32"):
            losses = self.objective(*self.learner.networks, part.placed(self.backend.place), self.learner.step)
        shares = {name: loss / self.config.accumulate for name, loss in losses.items()}
        shares["total"].backward()
        return {name: share.detach() for name, share in shares.items()}
