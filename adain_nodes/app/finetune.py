"""Fine-tuning behind the page: a visitor's pictures become a run, and the run a model to choose."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import gradio as gr

from adain_nodes.app.engine import Engine
from adain_nodes.app.lane import Show
from adain_nodes.checkpoints.save import save_networks
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.imaging import read_image
from adain_nodes.models.base import Encoder
from adain_nodes.training.curve import draw_curve
from adain_nodes.training.finetune import LOSS_NETWORK, finetune_decoder
from adain_nodes.training.history import History
from adain_nodes.training.loop import Outcome, Progress
from adain_nodes.training.report import Report
from adain_nodes.training.run import HISTORY

RUNS = 8
"""How many runs are kept to be gone on with: some ten megabytes each."""

EVERY = 2.0
"""At most once in so many seconds the page gets another curve."""

OWN = "own"
"""The judge that needs no other weights: the encoder of the model itself."""

Trained = list[tuple[str, str]]
"""What a visitor has trained: labels and names for ``Engine.cook``."""


@dataclass(frozen=True)
class Lesson:
    """What shall be trained: uploads and, where there are none, a folder of ``Engine.lessons``, by its name.

    ``settings`` are those of ``finetune_decoder``, by name; ``trained`` is what the visitor has trained before.
    """

    contents: tuple[Path, ...]
    content_folder: str
    styles: tuple[Path, ...]
    style_folder: str
    model: str
    judge: str
    steps: int
    settings: tuple[tuple[str, Any], ...]
    trained: tuple[tuple[str, str], ...]

    @property
    def key(self) -> str:
        """The same for the same pictures and settings, whatever the steps: such a run is gone on with.

        Raises InvalidValueError where uploads are gone, as the page deletes them after a while.
        """
        sha = sha256(repr(replace(self, contents=(), styles=(), steps=0, trained=())).encode())
        try:
            for uploads in (self.contents, self.styles):
                sha.update(b"".join(sha256(path.read_bytes()).digest() for path in uploads) + b"and")
        except FileNotFoundError as error:
            raise InvalidValueError(
                "The pictures are not on the server any more.", "Upload them again: a training goes on where it was."
            ) from error
        return sha.hexdigest()


def fine_tune(engine: Engine, asked: Lesson, show: Show, stopped: Callable[[], bool]) -> tuple[Any, ...]:
    """Train, or go on with the same run; shows and returns a text, the curve, the samples, the model, and all models.

    Others get the lane after each step. A run that is stopped keeps what it has learnt, and its model can be used.
    Raises the errors of ``finetune_decoder`` and, for an upload that is no picture, ImageError.
    """
    watch = _Watch(engine, _room(engine.folder / "runs", asked.key), show)
    watch.say("Reading the pictures …")
    transfer = engine.cook(asked.model).transfer
    outcome = finetune_decoder(
        [_source(engine, asked.contents, asked.content_folder, watch.folder / "content")],
        [_source(engine, asked.styles, asked.style_folder, watch.folder / "style")],
        encoder=transfer.encoder,
        decoder=transfer.decoder,
        loss_network=_judge(asked.judge, transfer.encoder),
        steps=asked.steps,
        folder=watch.folder,
        device=str(transfer.backend.device),
        progress=watch.step,
        preview=watch.report,
        cancelled=stopped,
        **dict(asked.settings),
    )
    file = engine.file(f"{Path(asked.model).stem}_trained.safetensors")
    save_networks(file, transfer.encoder, outcome.decoder)
    engine.adopt(file)
    label = f"{Path(asked.model).stem}, trained {outcome.step} steps ({len(asked.trained) + 1})"
    return _said(outcome), watch.curve, watch.sheet, str(file), [*asked.trained, (label, str(file))]


class _Watch:
    """Tells a visitor how a run in ``folder`` goes."""

    def __init__(self, engine: Engine, folder: Path, show: Show) -> None:
        self.folder = folder
        self.curve: Any = gr.skip()
        self.sheet: Any = gr.skip()
        self._engine, self._show = engine, show
        self._started, self._shown, self._taken = time.monotonic(), 0.0, 0
        self._history = History(folder / HISTORY)

    def say(self, text: str) -> None:
        self._show(text, self.curve, self.sheet, gr.skip(), gr.skip())

    def step(self, now: Progress) -> None:
        if not len(self._history):
            with self._history.appending(now.step - 1, write=False):  # what the run has done before
                pass
        self._history.add(now.step, now.losses)
        self._engine.lane.give_way()
        self._taken += 1
        clock = time.monotonic()
        if clock - self._shown > EVERY:
            self._shown = clock
            left = (clock - self._started) / self._taken * (now.steps - now.step)  # the work of others counts
            self.curve = self._engine.keep("losses.png", draw_curve(self._history.losses, f"{now.step} steps"))
            self.say(f"Step {now.step} of {now.steps}, {_duration(left)} left. {_losses(now.losses)}")

    def report(self, report: Report) -> None:
        self.curve = self._engine.keep("losses.png", report.curve)
        self.sheet = self._engine.keep("samples.jpg", report.sheet)
        self.say(f"{report.step} steps done.")


def _room(runs: Path, key: str) -> Path:
    """The folder of a run; those that were not gone on with for the longest time go."""
    folder = runs / key
    folder.mkdir(parents=True, exist_ok=True)
    others = sorted((each for each in runs.iterdir() if each != folder), key=lambda each: each.stat().st_mtime)
    for old in others[: max(0, len(others) + 1 - RUNS)]:
        shutil.rmtree(old)
    return folder


def _source(engine: Engine, uploads: Sequence[Path], name: str, folder: Path) -> Path:
    """The folder with the pictures of a kind. Uploads do not stay: those that can be read are copied to the run."""
    if not uploads:
        if name not in (engine.lessons or {}):
            raise InvalidValueError("There are no pictures to train with.", "Upload some of each kind.")
        return (engine.lessons or {})[name]
    folder.mkdir(exist_ok=True)
    for number, upload in enumerate(uploads):
        read_image(upload, max_pixels=engine.max_pixels)
        shutil.copyfile(upload, folder / f"{number:03d}.png")  # what it is, its content says
    return folder


def _judge(name: str, own: Encoder) -> Encoder | None:
    if name not in (OWN, LOSS_NETWORK):
        raise InvalidValueError(f"There is no judge {name!r}.", f"Choose {OWN} or {LOSS_NETWORK}.")
    return own if name == OWN else None


def _said(outcome: Outcome) -> str:
    """What a run came to, in Markdown."""
    end = "Stopped: train again with the same settings to go on." if outcome.cancelled else "Done."
    lines = [f"{end} {outcome.step} steps, {outcome.verdict}. {_losses(outcome.losses)}"]
    if outcome.skipped:
        lines.append(f"{len(outcome.skipped)} picture(s) could not be read and were left out.")
    return "\n\n".join(lines)


def _losses(losses: Mapping[str, float]) -> str:
    return "Losses: " + ", ".join(f"{name} {value:.3g}" for name, value in losses.items() if name != "gradient") + "."


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
