"""Figure 3, shown: means over pairs as a table and as curves, and how they compare with the paper."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import cycle, pairwise
from statistics import fmean
from typing import NamedTuple

from PIL import Image

from adain_nodes.evaluation.bench import CONTROLS
from adain_nodes.evaluation.markdown import markdown_table
from adain_nodes.evaluation.table import csv_text
from adain_nodes.imaging.chart import HUES, INK, SIZE, Chart

ADAIN, GATYS = "vgg19", "gatys-in"
"""The model that is the paper's, and Gatys' method with the statistics that AdaIN matches."""

PUBLISHED = (50, 100)
"""Between which iterations the losses of Gatys' method are near those of AdaIN in the paper."""

_GREY = "#888888"


@dataclass(frozen=True)
class Entry:
    """What a method came to on a pair of pictures, after so many iterations: 0 for a method that takes one step.

    The losses and the similarity are those of ``Figures``.
    """

    content: str
    style: str
    method: str
    iterations: int
    style_loss: float
    content_loss: float
    ssim: float


class Mean(NamedTuple):
    """The losses and the similarity of a method after so many iterations, over all pairs."""

    method: str
    iterations: int
    style: float
    content: float
    ssim: float


@dataclass(frozen=True)
class LossFigure:
    """What was measured, every method on the same pairs of pictures of ``side``×``side`` px, by a loss ``network``."""

    entries: tuple[Entry, ...]
    side: int
    network: str

    @property
    def means(self) -> list[Mean]:
        """Method by method, in the order in which they were measured."""
        return [self._mean(*each) for each in dict.fromkeys((entry.method, entry.iterations) for entry in self.entries)]

    @property
    def one_step(self) -> list[Mean]:
        """The methods that have no iterations, but for the controls."""
        return [mean for mean in self.means if not (mean.iterations or mean.method in CONTROLS)]

    @property
    def curves(self) -> dict[str, list[Mean]]:
        """By name Gatys' method on its way, from wherever it starts."""
        steps = [mean for mean in self.means if mean.iterations]
        return {
            name: [mean for mean in steps if mean.method == name] for name in dict.fromkeys(m.method for m in steps)
        }

    def markdown(self) -> str:
        """A table, what it was measured on, and how it compares with the paper."""
        rows = [
            (mean.method, str(mean.iterations or "–"), *(f"{value:.3f}" for value in mean[2:])) for mean in self.means
        ]
        pairs = len({(entry.content, entry.style) for entry in self.entries})
        return (
            f"{markdown_table(('method', 'iterations', 'style ↓', 'content ↓', 'SSIM ↑'), rows)}\n\n"
            f"Means over {pairs} pairs at {self.side}×{self.side} px; loss network {self.network}. {GATYS} is Gatys' "
            f"method with the statistics that AdaIN matches, by L-BFGS.\n\n{' '.join(self.verdicts())}\n"
        )

    def csv(self) -> str:
        """All entries, unrounded."""
        return csv_text([asdict(entry) for entry in self.entries])

    def verdicts(self) -> list[str]:
        """When the losses of Gatys' method, from each start, fall to AdaIN's, and whether that is as in the paper."""
        ours = next((mean for mean in self.one_step if mean.method == ADAIN), None)
        return [_verdict(name, curve, ours) for name, curve in self.curves.items()] if ours else []

    def picture(self) -> Image.Image:
        """The style loss, and below it the content loss: a curve over iterations, and lines for the other methods."""
        charts = [self._chart(name) for name in ("style", "content")]
        page = Image.new("RGB", (SIZE[0], SIZE[1] * len(charts)))
        for number, chart in enumerate(charts):
            page.paste(chart, (0, SIZE[1] * number))
        return page

    def _mean(self, method: str, iterations: int) -> Mean:
        same = [entry for entry in self.entries if (entry.method, entry.iterations) == (method, iterations)]
        losses = (fmean(getattr(entry, name) for entry in same) for name in ("style_loss", "content_loss", "ssim"))
        return Mean(method, iterations, *losses)

    def _chart(self, loss: str) -> Image.Image:
        """What has no loss, such as a control, has no place on the axis."""
        levels = {mean.method: getattr(mean, loss) for mean in self.means if not mean.iterations}
        levels = {method: value for method, value in levels.items() if value > 0}
        curves = {
            name: [(mean.iterations, getattr(mean, loss)) for mean in curve] for name, curve in self.curves.items()
        }
        colors = {mean.method: hue for mean, hue in zip(self.one_step, cycle(HUES), strict=False)}
        values = [*levels.values(), *(value for curve in curves.values() for _, value in curve)]
        last = max(mean.iterations for mean in self.means)
        chart = Chart((0, last), (min(values) / 1.2, max(values) * 1.2), margin=170)
        labels: dict[str, tuple[float, str]] = {}
        for method, value in levels.items():
            labels[method] = value, colors.get(method, _GREY)
            chart.line([0, last], [value, value], labels[method][1], 2)
        for name, curve in curves.items():
            steps, losses = zip(*curve, strict=True)
            chart.line(steps, losses, INK, 3)
            chart.dots(steps, losses, INK)
            labels[name] = losses[-1], INK
        chart.labels(labels)
        chart.title(f"{loss} loss", {}, "iterations of Gatys' method")
        return chart.finished()


def reached(curve: Sequence[tuple[int, float]], level: float) -> float:
    """After how many iterations a curve is first as low as a level: its beginning, or between points by straight lines
    in its logarithm; infinity for never."""
    if curve[0][1] <= level:
        return curve[0][0]
    for (start, above), (end, below) in pairwise(curve):
        if below <= level:
            return start + (end - start) * math.log(above / level) / math.log(above / below)
    return math.inf


def _verdict(name: str, curve: Sequence[Mean], ours: Mean) -> str:
    style, content = (
        reached([(mean.iterations, getattr(mean, loss)) for mean in curve], getattr(ours, loss))
        for loss in ("style", "content")
    )
    low, high = PUBLISHED
    last = curve[-1].iterations
    agrees = low <= max(style, content) <= high
    return (
        f"{name} falls to the style loss of {ADAIN} {_after(style, last)} and to its content loss "
        f"{_after(content, last)}; in the paper the two methods are alike between {low} and {high} iterations, which "
        f"{'comes out' if agrees else 'does not come out'} here."
    )


def _after(iterations: float, last: int) -> str:
    return f"not in {last} iterations" if math.isinf(iterations) else f"after {iterations:.0f} iterations"
