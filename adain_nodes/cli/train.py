"""`adain train`: start a training run, or go on with one."""

from __future__ import annotations

import inspect
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from adain_nodes.cli import options
from adain_nodes.cli import training_options as training
from adain_nodes.cli.console import err, escape, explain_notes, interruptible, out, progress, waiting
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.training.config import FREE, TrainingConfig

if TYPE_CHECKING:
    from adain_nodes.models.base import Decoder, Encoder
    from adain_nodes.training.loop import Outcome, Progress

_RUN = "run.json"
_SOURCES = ("content", "style", "model", "decoder", "loss_network", "teacher")
_CONFIG = tuple(field.name for field in fields(TrainingConfig))


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """The command with an option for each setting of a run, as Typer reads it from the signature.

    The option of ``batch`` is ``training_options.Batch``, its default that of ``TrainingConfig``.
    """
    signature = inspect.signature(command, eval_str=True)
    own = [parameter for parameter in signature.parameters.values() if parameter.kind is not parameter.VAR_KEYWORD]
    device = own.pop()  # the machine's options come last
    settings = [
        inspect.Parameter(
            field.name,
            inspect.Parameter.KEYWORD_ONLY,
            default=field.default,
            annotation=getattr(training, field.name.title().replace("_", "")),
        )
        for field in fields(TrainingConfig)
    ]
    device = device.replace(kind=inspect.Parameter.KEYWORD_ONLY)
    command.__signature__ = signature.replace(parameters=[*own, *settings, device])  # pyright: ignore[reportFunctionMemberAccess]
    return command


@with_settings
def train(
    context: typer.Context,
    content: training.Content = [],  # noqa: B006 (Typer copies it)
    style: training.Style = [],  # noqa: B006 (Typer copies it)
    out_path: training.Out = Path("run"),
    resume: training.Resume = None,
    model: options.Model = "lite",
    decoder: options.DecoderFile = None,
    loss_network: training.LossNetwork = "vgg19-normalised",
    teacher: training.Teacher = None,
    device: options.Device = "auto",
    **settings: Any,
) -> None:
    """Train a decoder, or a small model whole, on photographs and styles.

    The run's folder holds checkpoints, weights, losses (CSV, a curve) and sheets of samples. Ctrl-C saves and ends,
    --resume FOLDER goes on as the run was started; `torchrun --nproc-per-node 2 -m adain_nodes train …` shares it.
    """
    chosen = {name for name in context.params if _chosen(context, name)}
    settings |= {name: context.params[name] for name in _SOURCES}
    if resume:
        settings |= _continued(resume, chosen)
    explain_notes()
    _run(settings, resume or out_path, device, resuming=resume is not None)


def _chosen(context: typer.Context, name: str) -> bool:
    source = context.get_parameter_source(name)
    return source is not None and source.name == "COMMANDLINE"


def _continued(folder: Path, chosen: set[str]) -> dict[str, Any]:
    """The settings of the run in a folder, but for those that are free and were chosen anew."""
    if fixed := sorted(chosen - FREE - {"resume", "device"}):
        names = ", ".join(f"--{name.replace('_', '-')}" for name in fixed)
        raise InvalidValueError(
            f"{names} cannot be changed in a run that goes on.",
            f"Free are {', '.join(sorted(FREE))}; for the rest start a new run from its weights.",
        )
    path = folder / _RUN
    if not path.is_file():
        raise InvalidValueError(f"{folder} holds no run: {_RUN} is not there.", "Name the folder given to --out.")
    return {name: value for name, value in json.loads(path.read_text("utf-8")).items() if name not in chosen}


def _run(settings: dict[str, Any], folder: Path, device: str, *, resuming: bool) -> None:
    config = TrainingConfig(**{name: settings[name] for name in _CONFIG})
    with waiting("Loading the networks …"):
        from adain_nodes.batch import weighted
        from adain_nodes.core.files import make_folder, replace_file
        from adain_nodes.evaluation.machine import this_machine
        from adain_nodes.evaluation.methods import load_method
        from adain_nodes.training.loop import train as run
        from adain_nodes.training.processes import join

        processes = join(device)
        if processes.any((folder / _RUN).exists()) and not resuming:
            raise InvalidValueError(f"{folder} holds a run already.", f"Go on with --resume {folder}, or change --out.")
        encoder, decoder, loss_network = _networks(settings, folder, config)
        teacher = load_method(settings["teacher"], device=device) if settings["teacher"] else None
    if processes.first and not resuming:
        make_folder(folder)
        replace_file(folder / _RUN, json.dumps(settings, indent=2).encode())
    contents, styles = ([weighted(source) for source in settings[kind]] for kind in ("content", "style"))
    with interruptible("Saving the run …") as stop, _shown(config, visible=processes.first) as show:
        outcome = run(
            config,
            contents,
            styles,
            encoder=encoder,
            decoder=decoder,
            loss_network=loss_network,
            folder=folder,
            teacher=teacher,
            resume=resuming,
            device=device,
            machine=str(this_machine()),
            progress=show,
            cancelled=stop.is_set,
        )
    if processes.first:
        _summarise(outcome, folder)


def _networks(settings: dict[str, Any], folder: Path, config: TrainingConfig) -> tuple[Encoder, Decoder, Encoder]:
    """The networks to start with; a run that goes on has the shapes of its own in its folder."""
    from adain_nodes.checkpoints.networks import load_encoder, load_networks
    from adain_nodes.models.mirror import mirror_decoder
    from adain_nodes.models.vgg import STYLE_LEVELS
    from adain_nodes.training.run import WEIGHTS

    model, decoder = settings["model"], settings["decoder"]
    if (own := folder / WEIGHTS).is_file():
        model, decoder = (own, None) if config.objective == "joint" else (model, own)
    loss_network = load_encoder(settings["loss_network"], STYLE_LEVELS)
    if config.from_scratch and decoder is None and Path(model).is_file():
        encoder = load_encoder(model)
        return encoder, mirror_decoder(encoder), loss_network
    return *load_networks(model, decoder), loss_network


@contextmanager
def _shown(config: TrainingConfig, *, visible: bool) -> Iterator[Any]:
    """A callback that shows progress: a bar with the last losses, and a line with their means at each checkpoint."""
    sums: Counter[str] = Counter()
    with progress("steps") as bar:
        task = bar.add_task("Training", total=config.steps, visible=visible)

        def show(now: Progress) -> None:
            sums.update({"steps": 1, **now.losses})
            bar.update(task, completed=now.step, description=_said(now.losses))
            if now.step % config.checkpoint_every == 0 or now.step == config.steps:
                means = {name: sums[name] / sums["steps"] for name in now.losses}
                left = timedelta(seconds=round(now.seconds_left))
                err.print(f"step {now.step} of {now.steps}: {_said(means)}, {left} left", soft_wrap=True)
                sums.clear()

        yield show


def _said(losses: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in losses.items())


def _summarise(outcome: Outcome, folder: Path) -> None:
    for path, reason in outcome.skipped.items():
        err.print(f"[yellow]Skipped:[/] {escape(str(path))}: {escape(reason)}", soft_wrap=True)
    if outcome.skipped:
        err.print(f"{len(outcome.skipped)} picture(s) could not be read; others took their places.")
    done = "Stopped" if outcome.cancelled else "Done"
    out.print(f"{done} after {outcome.step} steps, {outcome.verdict}: {escape(str(folder))}", soft_wrap=True)
