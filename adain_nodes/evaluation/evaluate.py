"""The evaluation of methods: every one on every pair beside two controls, from the pictures to the table."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, takewhile
from pathlib import Path

from adain_nodes.backend import Backend, choose_backend
from adain_nodes.core.errors import AdaINError
from adain_nodes.core.files import make_folder
from adain_nodes.evaluation.bench import CONTROLS, Bench, Pair
from adain_nodes.evaluation.gallery import Gallery
from adain_nodes.evaluation.machine import this_machine
from adain_nodes.evaluation.memory import MEASURABLE, measure_memory
from adain_nodes.evaluation.methods import Method, by_label, load_method
from adain_nodes.evaluation.metrics import LossNetwork
from adain_nodes.evaluation.report import write_report
from adain_nodes.evaluation.store import Store
from adain_nodes.evaluation.table import Row, Table
from adain_nodes.models.vgg import NORMALISED

Progress = Callable[[int, int, str], None]
"""Called with the number of pairs that are done, of all, and what is measured."""

PeakMemory = Callable[[str], int]
"""The peak memory of a method by its name, in bytes; AdaINError where it cannot be measured."""

KEPT = "kept"
"""In the folder of an evaluation, that of the single results."""


@dataclass(frozen=True)
class Evaluation:
    """The table, the pairs that it summarises, and whether it ``ended`` before every pair was tried."""

    table: Table
    pairs: tuple[Pair, ...]
    ended: bool

    @property
    def failed(self) -> tuple[Pair, ...]:
        """The pairs that have an error."""
        return tuple(pair for pair in self.pairs if pair.error)


def run_evaluation(
    models: Iterable[str],
    contents: Iterable[str | os.PathLike[str]],
    styles: Iterable[str | os.PathLike[str]],
    *,
    side: int = 256,
    loss_network: str | Path = NORMALISED,
    device: str = "auto",
    dtype: str = "float32",
    out: Path | None = None,
    memory: bool = True,
    progress: Progress = lambda done, total, what: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Evaluation:
    """Measure models, named as for ``load_method``, on the pictures that ``contents`` and ``styles`` name.

    In the folder ``out`` every pair is kept at once, and what is there already is not measured again; in the end it
    gets what ``write_report`` writes. ``memory`` measures the peak of each model too, in an interpreter of its own.
    Raises the errors of ``LossNetwork.load``, ``load_method``, ``Gallery.read`` and ``Bench``, and OutputError.
    """
    if out:
        make_folder(out)
    network = LossNetwork.load(loss_network, device=device)
    named = by_label(models)
    methods = {name: load_method(model, device=device, dtype=dtype) for name, model in named.items()}
    galleries = Gallery.read(contents, side), Gallery.read(styles, side)
    backend = choose_backend(device, dtype)
    bench = Bench(*galleries, network, Store(out and out / KEPT), _settings(backend))

    def peak_memory(name: str) -> int:
        key = {"peak memory of": name, "weights": methods[name].weights, "side": side, **bench.settings}
        found = bench.store.find(key)
        if found is None:
            found = {"bytes": measure_memory(named[name], side, bench.settings["dtype"]).bytes}
            bench.store.add(key, found)
        return found["bytes"]

    measured = peak_memory if memory and MEASURABLE else None
    evaluation = evaluate(methods, bench, peak_memory=measured, progress=progress, cancelled=cancelled)
    if out:
        write_report(out, evaluation.table, evaluation.pairs, bench, methods)
    return evaluation


def evaluate(
    methods: Mapping[str, Method],
    bench: Bench,
    *,
    peak_memory: PeakMemory | None = None,
    progress: Progress = lambda done, total, what: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Evaluation:
    """Measure each method on a bench; CONTROLS stand first in the table.

    ``cancelled`` is asked after every pair whether to end there. Raises AdaINError without scikit-image, and
    OutputError where a pair cannot be kept.
    """
    total, pairs = (len(CONTROLS) + len(methods)) * bench.pairs, []
    for pair in chain(bench.controls(), *(bench.measure(name, method) for name, method in methods.items())):
        pairs.append(pair)
        progress(len(pairs), total, pair.method)
        if cancelled():
            break
    peaks: dict[str, int] = {}
    notes: list[str] = []
    if peak_memory:
        for name in takewhile(lambda name: not cancelled(), methods):
            progress(total, total, f"peak memory, {name}")
            try:
                peaks[name] = peak_memory(name)
            except AdaINError as error:
                notes.append(f"{name}: the peak memory is not known. {error}")
    table = _table(bench, (*CONTROLS, *methods), pairs, peaks, notes)
    return Evaluation(table, tuple(pairs), len(pairs) < total)


def _table(
    bench: Bench, names: Iterable[str], pairs: Iterable[Pair], peaks: Mapping[str, int], notes: Iterable[str]
) -> Table:
    by_name: dict[str, list[Pair]] = {name: [] for name in names}
    for pair in pairs:
        by_name[pair.method].append(pair)
    shape = len(bench.styles), len(bench.contents)
    rows = tuple(Row.of(name, theirs, shape, peaks.get(name)) for name, theirs in by_name.items())
    missing = chain.from_iterable(_missing(row, by_name[row.method], bench.pairs) for row in rows)
    side, fingerprint = bench.contents.pictures.shape[-2], bench.network.fingerprint
    about = (len(bench.contents), len(bench.styles), side, fingerprint, bench.settings)
    return Table(rows, *about, notes=(*missing, *notes))


def _missing(row: Row, pairs: Iterable[Pair], total: int) -> Iterator[str]:
    """What a row lacks."""
    if row.pairs < total:
        errors = {pair.error: None for pair in pairs if pair.error}
        failed = f"; {row.failed} failed: {' '.join(errors)}" if errors else ""
        yield f"{row.method}: {row.pairs} of {total} pairs{failed}"


def _settings(backend: Backend) -> dict[str, str]:
    """What decides figures and seconds, in words."""
    machine = this_machine()
    threads = f"{machine.threads} thread{'s' * (machine.threads > 1)}"
    where = machine.accelerator if backend.device.type == "cuda" else f"{machine.processor}, {threads}"
    return {"device": f"{backend.device} ({where})", "dtype": str(backend.dtype).removeprefix("torch.")}
