"""`adain weights`: what is known, what is here, and how to get the rest."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn
from rich.table import Table

from adain_nodes.cli.console import err, escape, out, waiting
from adain_nodes.core.errors import MissingWeightsError

if TYPE_CHECKING:
    from adain_nodes.checkpoints.catalogue import WeightFile

app = typer.Typer(help="List, fetch and verify the weights that are not embedded.", no_args_is_help=True)

Names = Annotated[
    list[str], typer.Argument(metavar="NAME…", help="Weights or models; `adain weights list` names them.")
]


@app.command("list")
def list_() -> None:
    """Print the catalogue: every model and file, its size, licence and whether it is on this machine."""
    from adain_nodes.checkpoints.catalogue import MODELS, WEIGHTS

    models = Table(title="Models")
    for heading in ("name", "what", "encoder", "decoder", "to download"):
        models.add_column(heading)
    for model in MODELS.values():
        models.add_row(model.name, model.about, model.encoder.name, model.decoder.name, _size(model.download_bytes))
    out.print(models)
    files = Table(title="Files")
    for heading in ("name", "file", "size", "here", "licence"):
        files.add_column(heading, no_wrap=heading != "licence")
    for weight in WEIGHTS.values():
        here = "yes" if _place(weight) else "no"
        files.add_row(weight.name, weight.filename, _size(weight.download_bytes), here, weight.licence)
    out.print(files)


@app.command("pull")
def pull(names: Names, folder: Annotated[Path | None, typer.Option(help="Into this folder.")] = None) -> None:
    """Download weights, and verify them.

    An interrupted download continues. ADAIN_WEIGHTS_MIRROR names another server, HTTPS_PROXY a proxy.
    """
    from adain_nodes.checkpoints.download import download

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    for weight in _files(names):
        with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bar:
            task = bar.add_task(weight.name, total=weight.download_bytes)
            path = download(
                weight,
                folder,
                progress=lambda done, total, bar=bar, task=task: bar.update(task, completed=done, total=total),
            )
        out.print(f"{weight.name}: {escape(str(path))}", soft_wrap=True)


@app.command("verify")
def verify(names: Names) -> None:
    """Compare files on this machine with the catalogue's sizes and SHA-256; exit status 1 if one differs."""
    from adain_nodes.checkpoints.find import where
    from adain_nodes.checkpoints.verify import Verdict
    from adain_nodes.checkpoints.verify import verify as compare

    wrong = False
    for weight in _files(names):
        path = where(weight).path
        with waiting(f"Reading {path} …"):
            result = compare(path, weight)
        wrong |= result.verdict in (Verdict.VARIANT, Verdict.CORRUPT)
        out.print(
            f"{weight.name}: {result.verdict.value} ({result.bytes} bytes, sha256 {result.sha256}) {escape(str(path))}",
            soft_wrap=True,
        )
    if wrong:
        raise typer.Exit(1)


@app.command("where")
def where_(names: Annotated[list[str] | None, typer.Argument(metavar="NAME…")] = None) -> None:
    """Print where weights are found, and in which order folders are searched."""
    from adain_nodes.checkpoints.catalogue import WEIGHTS
    from adain_nodes.checkpoints.find import search_folders, where

    if names:
        for weight in _files(names):
            place = where(weight)
            out.print(f"{weight.name}: {escape(str(place.path))} ({place.reason})", soft_wrap=True)
        return
    for folder in search_folders():
        out.print(f"{escape(str(folder.path))} ({folder.reason})", soft_wrap=True)
    for weight in WEIGHTS.values():
        place = _place(weight)
        out.print(f"  {weight.name}: {escape(place) if place else 'not here'}", soft_wrap=True)


@app.command("export")
def export(
    model: Annotated[str, typer.Argument(help="A model of the catalogue or a weight file.")],
    folder: Annotated[Path, typer.Option("--out", "-o", help="The folder of the four files.")],
    decoder: Annotated[str | None, typer.Option(help="Another decoder: a weight file.")] = None,
) -> None:
    """Write a model as ONNX: encoder, style, adain and decoder, for runtimes without PyTorch.

    Needs `pip install onnx onnxscript`.
    """
    from adain_nodes.checkpoints.networks import load_networks
    from adain_nodes.checkpoints.onnx import export_onnx

    with waiting("Exporting …"):
        paths = export_onnx(*load_networks(model, decoder), folder)
    for path in paths:
        out.print(escape(str(path)), soft_wrap=True)


def _files(names: list[str]) -> list[WeightFile]:
    """The files that names of files or models stand for, each once."""
    from adain_nodes.checkpoints.catalogue import MODELS, weight_file

    files: dict[str, WeightFile] = {}
    for name in names:
        parts = (MODELS[name].encoder, MODELS[name].decoder) if name in MODELS else (weight_file(name),)
        files.update({part.name: part for part in parts})
    return list(files.values())


def _place(weight: WeightFile) -> str | None:
    from adain_nodes.checkpoints.find import where

    try:
        return str(where(weight).path)
    except MissingWeightsError:
        return None


def _size(size: int) -> str:
    return f"{size / 1e6:.0f} MB" if size else "embedded"
