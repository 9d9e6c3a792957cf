"""Table 1: seconds a picture at two sizes, with and without the encoding of the style, and for how many styles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from adain_nodes.backend import choose_backend
from adain_nodes.baselines.gatys import Gatys
from adain_nodes.baselines.optimisation import Schedule
from adain_nodes.evaluation.imitation import vgg_or_imitation
from adain_nodes.evaluation.machine import Machine, this_machine
from adain_nodes.evaluation.markdown import markdown_table
from adain_nodes.evaluation.methods import SWAP, baseline_method
from adain_nodes.evaluation.speed import SpeedRow, measure_speed
from adain_nodes.evaluation.table import csv_text
from adain_nodes.evaluation.timing import Progress, silent, timed

MODELS = ("vgg19", "lite", SWAP)
SIDES = (256, 512)

GATYS, ITERATIONS = "gatys", 500
"""Gatys' method, and the iterations for which its time is given."""

PUBLISHED: Mapping[str, tuple[str, str]] = {
    "vgg19": ("0.018 (0.027)", "0.065 (0.098)"),
    SWAP: ("0.171 (0.407)", "3.214 (4.144)"),
    GATYS: ("14.17", "46.75"),
}
"""Seconds at SIDES in the paper, from the fastest of its methods that take any style to the slowest."""


@dataclass(frozen=True)
class SpeedTable:
    """By side in pixels the rows of that size; ``dtype`` is the device's default precision.

    Of Gatys' method ``iterations`` were made, once; the other times are medians of ``rounds``.
    """

    machine: Machine
    dtype: str
    rounds: int
    iterations: int
    rows: Mapping[int, Sequence[SpeedRow]]

    def markdown(self) -> str:
        """The table, how it was measured, and whether the order is that of the paper."""
        lines = [
            (
                rows[0].name,
                *(f"{row.seconds:.3f} ({row.seconds_with_style:.3f})" for row in rows),
                "∞",
                *self._paper(rows[0]),
            )
            for rows in zip(*self.rows.values(), strict=True)
        ]
        header = ("method", *(f"{side} px" for side in self.rows), "styles", *(f"paper, {side} px" for side in SIDES))
        guess = f", of which {self.iterations} were measured and the rest taken to be as long" * (
            self.iterations < ITERATIONS
        )
        parts = (
            markdown_table(header, lines),
            f"Seconds a picture, in brackets with the encoding of its style: medians of {self.rounds} rounds on "
            f"{self.machine}. {GATYS} makes {ITERATIONS} iterations{guess}. The paper's seconds are those of a Titan X "
            "(Pascal); its methods for one style or 32 are not among these.",
            " ".join(self.verdicts()),
            *dict.fromkeys(f"{row.name}: {row.note}." for rows in self.rows.values() for row in rows if row.note),
        )
        return "\n\n".join(parts) + "\n"

    def csv(self) -> str:
        """All rows, unrounded."""
        return csv_text(
            [
                {"method": row.name, "side": side, "seconds": row.seconds, "seconds_with_style": row.seconds_with_style}
                for side, rows in self.rows.items()
                for row in rows
            ]
        )

    def verdicts(self) -> list[str]:
        """For each size whether the methods that the paper has, too, come in its order."""
        said: list[str] = []
        for side, rows in self.rows.items():
            seconds = {label: row.seconds for row in rows if (label := self._label(row)) in PUBLISHED}
            order = sorted(seconds, key=lambda name: seconds[name])
            agrees = order == [name for name in PUBLISHED if name in seconds]
            said.append(
                f"At {side} px the order is {', '.join(order)}, {'as' if agrees else 'which is not that'} in the paper."
            )
        return said

    def _label(self, row: SpeedRow) -> str:
        """The method's name alone, of the rows that have the default precision."""
        return row.name.removesuffix(f" {self.dtype}")

    def _paper(self, row: SpeedRow) -> tuple[str, str]:
        return PUBLISHED.get(self._label(row), ("–", "–"))


def measure_table(
    models: Sequence[str] = MODELS,
    *,
    sides: Sequence[int] = SIDES,
    rounds: int = 3,
    iterations: int = ITERATIONS,
    device: str = "auto",
    progress: Progress = silent,
) -> SpeedTable:
    """Time ``models`` as ``measure_speed`` does, and Gatys' method in the device's default precision.

    ``iterations`` is how many it makes; fewer than ITERATIONS are scaled up. Raises the errors of ``measure_speed``.
    """
    machine = this_machine()  # first: its load is what the measurements met
    rows: dict[int, Sequence[SpeedRow]] = {}
    dtype = ""
    for side in sides:
        speed = measure_speed(models, side=side, rounds=rounds, device=device, progress=progress)
        dtype = speed.dtype
        progress(f"{GATYS}, {side} px")
        rows[side] = [*speed.rows, _gatys_row(side, iterations, device, dtype)]
    return SpeedTable(machine, dtype, rounds, iterations, rows)


def _gatys_row(side: int, iterations: int, device: str, dtype: str) -> SpeedRow:
    """Of one run; a short one before it warms up."""
    backend = choose_backend(device, dtype)
    vgg, note = vgg_or_imitation(device=device, dtype=dtype)
    generator = torch.Generator().manual_seed(0)
    content, style = torch.rand(2, 1, 3, side, side, generator=generator).unbind()
    baseline_method(Gatys(vgg.encoder, schedule=Schedule(1)), backend)(content, style)
    method = baseline_method(Gatys(vgg.encoder, schedule=Schedule(iterations)), backend)
    look, encoding = timed(lambda: method.encode_style(style))
    _, seconds = timed(lambda: method.stylize(content, look))
    seconds *= max(1, ITERATIONS / iterations)
    return SpeedRow(f"{GATYS} {dtype}", seconds, seconds + encoding, note, dtype=dtype)
