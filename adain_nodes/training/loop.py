"""The training loop: one for the command line, the graph node and the web page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar, cast

import torch

from adain_nodes.models.base import Encoder, Generator
from adain_nodes.training.config import TrainingConfig
from adain_nodes.training.data import Pairs, Pictures, Source, batches, warn_if_few
from adain_nodes.training.objective import Teacher
from adain_nodes.training.processes import join
from adain_nodes.training.report import Report
from adain_nodes.training.run import Run

Trained = TypeVar("Trained", bound=Generator)


class Progress(NamedTuple):
    """Where a run stands after ``step`` of ``steps``; ``losses`` are those of that step, by name."""

    step: int
    steps: int
    losses: dict[str, float]
    seconds_left: float


@dataclass(frozen=True)
class Outcome(Generic[Trained]):
    """What a run came to: its networks, without gradients, on the device where they were trained.

    ``losses`` are those of the last step, by name; ``verdict`` says whether the run still learnt; ``skipped`` names the
    pictures that could not be read, and why.
    """

    encoder: Encoder
    decoder: Trained
    step: int
    cancelled: bool
    losses: dict[str, float]
    verdict: str
    skipped: dict[Path, str]


@torch.inference_mode(False)  # hosts of graph nodes call them in inference mode, where nothing learns
def train(
    config: TrainingConfig,
    contents: Sequence[Source],
    styles: Sequence[Source],
    *,
    encoder: Encoder,
    decoder: Trained,
    loss_network: Encoder,
    folder: Path,
    teacher: Teacher | None = None,
    resume: bool = False,
    device: str = "auto",
    machine: str = "",
    progress: Callable[[Progress], None] = lambda _: None,
    preview: Callable[[Report], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Outcome[Trained]:
    """Train copies of the given networks, and keep the run in ``folder``; the decoder may be any generator.

    The folder holds the checkpoint and the weights, both renewed every ``checkpoint_every`` steps; the losses of each
    step as CSV; and a curve of them and a sheet of samples, every ``sample_every`` steps. With ``resume`` the run goes
    on from its checkpoint, if it has come to one: on a CPU to the same bits as if it had never stopped. ``progress``
    is called after each step, ``preview`` with each curve and sheet, of a run that has no steps left too; when
    ``cancelled`` says so, the run is saved and ends.
    ``machine`` names the hardware in the record that travels with the weights. A ``teacher`` is asked for each pair.

    Under `torchrun` the processes share each batch and come to what one process would; the first one writes and calls
    ``progress`` and ``preview``, and any may be ``cancelled``. All need the folder; their number may change on resume.

    Raises DivergedError when a loss is no longer finite (the checkpoint is the last good one), ImageError for sources
    without pictures, OutputError where the folder cannot be written, InvalidValueError for a folder with another run
    or a batch that cannot be shared out.
    """
    processes = join(device)
    seen, wanted = (Pictures(sources, config.size, cache=config.cache) for sources in (contents, styles))
    pairs = Pairs(seen, wanted, config, processes.share(config))
    if processes.first:
        warn_if_few(pairs.contents, pairs.styles)
    run = Run(pairs, (encoder, decoder), loss_network, folder, processes, machine, teacher)
    run.start(resume)
    stopped = _learn(run, progress, preview, cancelled)
    encoder, trained = run.learner.results
    for network in (encoder, trained):
        network.eval().requires_grad_(False)
    skipped = processes.together(run.skipped)
    result = cast("Trained", trained)
    return Outcome(encoder, result, run.learner.step, stopped, run.history.last, run.verdict(), skipped)


def _learn(
    run: Run,
    progress: Callable[[Progress], None],
    preview: Callable[[Report], None],
    cancelled: Callable[[], bool],
) -> bool:
    """Take the steps that are left; returns whether that was cancelled."""
    config, processes, stopped = run.config, run.processes, False
    with run.history.appending(run.learner.step, write=processes.first):
        if processes.first and run.learner.step >= config.steps:
            preview(run.report())
        for batch in batches(run.pairs, run.learner.step):
            losses = run.step(batch)
            step = run.learner.step
            if processes.first:
                progress(Progress(step, config.steps, losses, run.seconds_left()))
            stopped = processes.any(cancelled())
            last = stopped or step == config.steps
            if last or step % config.checkpoint_every == 0:
                run.save()
            if processes.first and (last or step % config.sample_every == 0):
                preview(run.report())
            if stopped:
                break
    return stopped
