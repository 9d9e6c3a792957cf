"""The experiments by name, and how one is run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from adain_nodes.checkpoints.networks import load_encoder
from adain_nodes.core.errors import EncoderMismatchError, InvalidValueError
from adain_nodes.evaluation.machine import this_machine
from adain_nodes.experiments.ablations import ablations
from adain_nodes.experiments.lab import Lab
from adain_nodes.experiments.learnt import conditional, single_style
from adain_nodes.experiments.normalisation import normalisation
from adain_nodes.experiments.page import Page
from adain_nodes.experiments.settings import Settings
from adain_nodes.experiments.style_weight import style_weight
from adain_nodes.imaging import find_images
from adain_nodes.models.vgg import NORMALISED, VGGEncoder
from adain_nodes.training.loop import Progress

EXPERIMENTS: Mapping[str, Callable[[Lab], Page]] = {
    "normalisation": normalisation,
    "ablations": ablations,
    "style-weight": style_weight,
    "single-style": single_style,
    "conditional": conditional,
}


def run_experiment(
    name: str,
    contents: Sequence[str],
    styles: Sequence[str],
    folder: Path,
    settings: Settings = Settings(),  # noqa: B008 (it is frozen)
    *,
    loss_network: str = NORMALISED,
    device: str = "auto",
    progress: Callable[[str, Progress], None] = lambda run, progress: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Path:
    """Train all runs of one of EXPERIMENTS in ``folder``, one after another, and write its page; returns its path.

    ``contents`` and ``styles`` are files, folders or globs. When it was stopped or killed, the same call goes on.
    Raises InvalidValueError for an unknown name and a folder with another experiment, EncoderMismatchError for a loss
    network that is no VGG-19, StoppedError when it is cancelled, and the errors of ``train``.
    """
    if name not in EXPERIMENTS:
        raise InvalidValueError(f"There is no experiment {name!r}.", f"Choose one of {', '.join(EXPERIMENTS)}.")
    judge = load_encoder(loss_network, settings.levels)
    if not isinstance(judge, VGGEncoder):
        raise EncoderMismatchError("A VGG-19 has to judge.", f"Name one, such as {NORMALISED}.")
    photographs, looks = (find_images(patterns, recursive=True) for patterns in (contents, styles))
    settings.claim(folder, name)
    machine = str(replace(this_machine(), load=None))  # what else was going on changes no result
    lab = Lab(settings, photographs, looks, judge, folder, device, machine, progress, cancelled)
    page = EXPERIMENTS[name](lab)
    page.text(f"Made by `adain experiment {name}` on {lab.machine}.")
    return page.write(folder)
