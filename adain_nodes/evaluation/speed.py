"""Speed: the pipelines of the project, and baselines, beside the plain PyTorch port, on one picture."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple

import torch
from torch import Tensor

from adain_nodes.backend import DTYPES, choose_backend
from adain_nodes.evaluation.apart import PlainApart
from adain_nodes.evaluation.imitation import load_or_imitate, vgg_or_imitation
from adain_nodes.evaluation.methods import Method, by_label, pipeline_method
from adain_nodes.evaluation.plain import PlainTransfer
from adain_nodes.evaluation.timing import Progress, median_seconds, silent, wait_for
from adain_nodes.evaluation.work import multiply_adds, peak_rate
from adain_nodes.pipeline import StyleTransfer
from adain_nodes.process import keeps_freed_memory

MODELS = ("vgg19", "lite")
PLAIN = "plain vgg19 float32"
"""The plain port in an interpreter of its own, as those who use it run it."""

PLAIN_KEPT = "plain vgg19 float32, kept memory"
"""The plain port in a process that keeps freed memory, as ours do: it gains from that too."""


_COUNTED = 64
"""The side in pixels of the picture whose multiply-adds are counted; to those of larger ones they are as the pixels."""


@dataclass(frozen=True)
class SpeedRow:
    """A contender's median times in seconds: ``seconds`` for a picture in a style that is encoded already,
    ``seconds_with_style`` for a picture and the encoding of its style. ``work`` is the multiply-adds of a picture,
    0 where they are not known, and ``dtype`` the precision that they have.
    """

    name: str
    seconds: float
    seconds_with_style: float
    note: str = ""
    work: float = 0.0
    dtype: str = "float32"


@dataclass(frozen=True)
class Speed:
    """Times for one picture of ``side``×``side`` px, and a style of that size, on ``device``; plain port first.

    ``dtype`` is the precision that the device gets by default, and ``peaks`` the multiply-adds a second that it reaches
    in large matrix products, by precision.
    """

    side: int
    rounds: int
    device: str
    dtype: str
    rows: tuple[SpeedRow, ...]
    peaks: Mapping[str, float] = field(default_factory=dict)

    def share(self, row: SpeedRow) -> float | None:
        """How much of the peak a row reaches, from 0 to 1; None where that is not known."""
        peak = self.peaks.get(row.dtype)
        return row.work / row.seconds / peak if peak and row.work else None

    def ratio(self, name: str, other: str = PLAIN, *, with_style: bool = False) -> float | None:
        """How many times as fast as ``other`` the row ``name`` is; None where one of them was not measured."""
        rows = {row.name: row.seconds_with_style if with_style else row.seconds for row in self.rows}
        return rows[other] / rows[name] if {name, other} <= rows.keys() else None


def measure_speed(
    models: Sequence[str] = MODELS,
    *,
    side: int = 512,
    rounds: int = 7,
    engines: Sequence[str] = (),
    device: str = "auto",
    progress: Progress = silent,
) -> Speed:
    """Time the plain port, and each of ``models`` in float32 and in the device's default precision.

    The plain port has an interpreter of its own, and a second row where this process keeps freed memory.

    ``models`` are named as for ``load_method``. ``engines`` adds the lite model in that precision by each of them.
    Raises the errors of ``choose_backend``, ``set_engine``, ``by_label``, ``load_method`` and ``PlainApart``.
    """
    backend = choose_backend(device)
    default = str(backend.dtype).removeprefix("torch.")
    contenders = _contenders(models, engines, device, default)
    generator = torch.Generator().manual_seed(0)
    content, style = torch.rand(2, 1, 3, side, side, generator=generator).to(backend.device).unbind()
    with PlainApart(side, device) as plain:
        runs: dict[str, Callable[[], object]] = {}
        for each in contenders:
            pair = _runs(each.method, content, style) if each.method else (plain.picture, plain.picture_with_style)
            runs[each.name], runs[_with_style(each.name)] = pair
        seconds = median_seconds(runs, rounds, progress=progress)
    work = {each.counted: _work(each.counted, backend.device) * side**2 for each in contenders}
    rows = tuple(
        SpeedRow(
            each.name, seconds[each.name], seconds[_with_style(each.name)], each.note, work[each.counted], each.dtype
        )
        for each in contenders
    )
    peaks = {name: peak_rate(backend.device, DTYPES[name]) for name in dict.fromkeys(row.dtype for row in rows)}
    return Speed(side, rounds, str(backend.device), default, rows, peaks)


class _Contender(NamedTuple):
    """A row to be; without ``method`` it is that of the other process. ``counted`` does the same work where it can be
    counted, operation by operation.
    """

    name: str
    dtype: str
    method: Method | None
    note: str
    counted: Method


def _contenders(models: Sequence[str], engines: Sequence[str], device: str, default: str) -> list[_Contender]:
    """The plain port, each model in float32 and the default precision, and lite by each engine."""
    vgg, note = vgg_or_imitation(device=device, dtype="float32")
    plain = PlainTransfer(vgg.encoder, vgg.decoder)  # pyright: ignore[reportArgumentType]
    method = Method(plain.encode, plain.stylize)
    found = [_Contender(PLAIN, "float32", None, note, method)]
    if keeps_freed_memory():
        found.append(_Contender(PLAIN_KEPT, "float32", method, note, method))
    for label, model in by_label(models).items():
        for dtype in dict.fromkeys(("float32", default)):
            method, note = load_or_imitate(model, device=device, dtype=dtype)
            found.append(_Contender(f"{label} {dtype}", dtype, method, note, method))
    if engines:
        lite, _ = load_or_imitate("lite", device=device, dtype=default)
        for engine in engines:
            transfer = StyleTransfer.from_pretrained("lite", device=device, dtype=default, engine=engine)
            found.append(_Contender(f"lite {default} {engine}", default, pipeline_method(transfer), "", lite))
    return found


def _work(method: Method, device: torch.device) -> float:
    """The multiply-adds of a pixel, in a picture that is small enough to be computed once more for this."""
    picture = torch.rand(1, 3, _COUNTED, _COUNTED, device=device)
    style = method.encode_style(picture)
    return multiply_adds(lambda: method.stylize(picture, style)) / _COUNTED**2


def _with_style(name: str) -> str:
    return f"{name} with style"


def _runs(method: Method, content: Tensor, style: Tensor) -> tuple[Callable[[], object], Callable[[], object]]:
    """A picture in an encoded style, and a picture with the encoding of its style."""
    encoded = method.encode_style(style)
    return partial(_picture, method, content, encoded), partial(_picture_with_style, method, content, style)


def _picture(method: Method, content: Tensor, encoded: object) -> Tensor:
    return wait_for(method.stylize(content, encoded))


def _picture_with_style(method: Method, content: Tensor, style: Tensor) -> Tensor:
    return wait_for(method(content, style))
