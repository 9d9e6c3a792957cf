"""The benchmark: speed, start-up and memory of this machine, beside the figures that the project wants to reach."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace

from adain_nodes.evaluation.gatys_speed import PLAIN_GATYS, gatys_table, measure_gatys
from adain_nodes.evaluation.machine import Machine, this_machine
from adain_nodes.evaluation.markdown import markdown_table
from adain_nodes.evaluation.memory import MEASURABLE, Memory, measure_memory
from adain_nodes.evaluation.methods import SWAP, by_label
from adain_nodes.evaluation.speed import MODELS, Speed, SpeedRow, measure_speed
from adain_nodes.evaluation.startup import HELP, PIPELINE, TORCH, measure_startup
from adain_nodes.evaluation.timing import Progress, silent


@dataclass(frozen=True)
class Target:
    """A figure that the project wants to reach: at least or at most ``limit``; ``value`` is None if not measured."""

    what: str
    value: float | None
    limit: float
    unit: str
    at_least: bool = False

    @property
    def reached(self) -> bool | None:
        """Whether it is; None if not measured."""
        if self.value is None:
            return None
        return self.value >= self.limit if self.at_least else self.value <= self.limit

    def cells(self) -> tuple[str, str, str, str]:
        """What, the limit, the value and the verdict in words."""
        limit = f"{'≥' if self.at_least else '≤'} {self.limit:g}{self.unit}"
        value = "–" if self.value is None else f"{self.value:.2f}{self.unit}"
        return self.what, limit, value, {True: "reached", False: "missed", None: "not measured"}[self.reached]


@dataclass(frozen=True)
class Benchmark:
    """All that was measured: ``speeds`` at each size; ``startup`` in seconds by command; ``memory`` is empty where the
    system does not tell. ``gatys`` are seconds an iteration, empty unless the baselines were asked for.
    """

    machine: Machine
    speeds: tuple[Speed, ...]
    startup: dict[str, float]
    memory: tuple[Memory, ...]
    gatys: dict[str, float] = field(default_factory=dict)

    @property
    def speed(self) -> Speed:
        """That at 512 px, or nearest to it, for which there are figures to reach."""
        return min(self.speeds, key=lambda speed: abs(speed.side - 512))

    @property
    def targets(self) -> tuple[Target, ...]:
        """The figures to reach. The lite model counts in the precision that it gets by default."""
        default = f"lite {self.speed.dtype}"
        memory = {taken.model: taken.bytes / 1e9 for taken in self.memory}
        fastest = [self.speed.ratio(row.name) or 0 for row in self.speed.rows if row.name.startswith("lite ")]
        return (
            Target("lite, fastest / plain port", max(fastest, default=None), 20, "×", at_least=True),
            Target("lite float32 / plain port", self.speed.ratio("lite float32"), 6, "×", at_least=True),
            Target(f"{default} / plain port", self.speed.ratio(default), 12, "×", at_least=True),
            *_beside_microast(self.speed),
            Target("vgg19 float32 / plain port", self.speed.ratio("vgg19 float32"), 1.2, "×", at_least=True),
            Target("vgg19 bfloat16 / plain port", self.speed.ratio("vgg19 bfloat16"), 1.8, "×", at_least=True),
            Target(f"{PIPELINE} / {TORCH}", self.startup[PIPELINE] / self.startup[TORCH], 1.5, "×"),
            Target(HELP, self.startup[HELP], 1, " s"),
            Target("peak memory, lite", memory.get("lite"), 1.5, " GB"),
            Target("peak memory, vgg19", memory.get("vgg19"), 1.5, " GB"),
            *_of_baselines(self.gatys, memory.get(SWAP)),
        )

    def json(self) -> str:
        """Everything, unrounded."""
        targets = [{**asdict(target), "reached": target.reached} for target in self.targets]
        return json.dumps({**asdict(self), "targets": targets}, indent=2, ensure_ascii=False)

    def markdown(self) -> str:
        """Tables, and lines that say what and where."""
        parts = (
            f"Measured on {self.machine}.",
            f"Speed on {self.speed.device}, medians of {self.speed.rounds} rounds: a picture in an encoded style, "
            "and a picture with the encoding of its style; the multiply-adds of the picture, and the share of this "
            "machine's peak that they reach (of a large matrix product or 3×3 convolution in the same precision).",
            *(part for speed in self.speeds for part in _speed_parts(speed)),
            *(["Gatys' optimisation at 256×256 px.", gatys_table(self.gatys)] if self.gatys else []),
            "Start-up: fresh interpreters.",
            markdown_table(
                ("command", "seconds"), [(name, f"{seconds:.2f}") for name, seconds in self.startup.items()]
            ),
            "Peak memory of one picture over the imported libraries, on the CPU.",
            markdown_table(
                ("model", "size", "GB"),
                [_memory_cells(row) for row in self.memory],
            ),
            *dict.fromkeys(f"† {row.note}." for row in (*self.speed.rows, *self.memory) if row.note),
            "Figures to reach.",
            markdown_table(("figure", "limit", "measured", "verdict"), [target.cells() for target in self.targets]),
        )
        return "\n\n".join(parts) + "\n"


def _beside_microast(speed: Speed) -> Iterator[Target]:
    """No slower than the peer, in each precision, by both times."""
    for dtype in dict.fromkeys(("float32", speed.dtype)):
        for with_style in (False, True):
            ratio = speed.ratio(f"lite {dtype}", f"microast {dtype}", with_style=with_style)
            yield Target(f"lite / microast, {dtype}{', with style' * with_style}", ratio, 1, "×", at_least=True)


def _of_baselines(gatys: dict[str, float], swap: float | None) -> Iterator[Target]:
    """Gatys in float32 and at its fastest; the memory of style swap at 512×512 px."""
    if gatys:
        plain, single, fastest = gatys[PLAIN_GATYS], gatys["ours, float32"], min(gatys.values())
        yield Target("gatys float32 / plain script", plain / single, 1, "×", at_least=True)
        yield Target("gatys, fastest / plain script", plain / fastest, 1.5, "×", at_least=True)
        yield Target("peak memory, swap", swap, 3, " GB")


def _speed_parts(speed: Speed) -> tuple[str, str]:
    """The size and the table."""
    columns = ("pipeline", "picture, s", "speed", "with style, s", "speed", "multiply-adds", "of peak")
    return f"{speed.side}×{speed.side} px:", markdown_table(columns, [_speed_cells(speed, row) for row in speed.rows])


def _speed_cells(speed: Speed, row: SpeedRow) -> tuple[str, ...]:
    share = speed.share(row)
    return (
        row.name + " †" * bool(row.note),
        f"{row.seconds:.3f}",
        f"{speed.ratio(row.name):.2f}×",
        f"{row.seconds_with_style:.3f}",
        f"{speed.ratio(row.name, with_style=True):.2f}×",
        f"{row.work / 1e9:.1f} G" if row.work else "–",
        "–" if share is None else f"{share:.0%}",
    )


def _memory_cells(row: Memory) -> tuple[str, str, str]:
    return row.model + " †" * bool(row.note), f"{row.side}×{row.side}", f"{row.bytes / 1e9:.2f}"


def run_benchmark(
    models: Sequence[str] = MODELS,
    *,
    sides: Sequence[int] = (512,),
    rounds: int = 7,
    engines: Sequence[str] = (),
    device: str = "auto",
    baselines: bool = False,
    progress: Progress = silent,
) -> Benchmark:
    """Measure speed at each of ``sides`` (the rest is as in ``measure_speed``), start-up, and memory on the CPU.

    ``baselines`` adds the speed of Gatys' optimisation and the memory of style swap, which takes minutes.
    """
    machine = this_machine()  # first: its load is what the measurements met, not what they made
    speeds = tuple(
        measure_speed(models, side=side, rounds=rounds, engines=engines, device=device, progress=progress)
        for side in sides
    )
    startup = measure_startup(progress=progress)
    memory = []
    for label, model in by_label(models).items() if MEASURABLE else ():
        progress(f"peak memory, {label}")
        memory.append(replace(measure_memory(model), model=label))
    if not baselines:
        return Benchmark(machine, speeds, startup, tuple(memory))
    if MEASURABLE:
        progress("peak memory, swap")
        memory.append(measure_memory(SWAP, 512))
    gatys = measure_gatys(device=device, progress=progress)
    return Benchmark(machine, speeds, startup, tuple(memory), gatys)
