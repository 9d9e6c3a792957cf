"""Figure 3, measured: the losses of methods that take one step, and of Gatys' optimisation on its way."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from adain_nodes.backend import Backend
from adain_nodes.baselines.gatys import STARTS, Gatys
from adain_nodes.baselines.optimisation import Schedule, Step, Watch
from adain_nodes.baselines.perception import Losses
from adain_nodes.core.sizing import size_of
from adain_nodes.evaluation.bench import CONTROLS
from adain_nodes.evaluation.figures.loss_figure import GATYS, Entry, LossFigure
from adain_nodes.evaluation.gallery import Gallery
from adain_nodes.evaluation.methods import Method, baseline_method
from adain_nodes.evaluation.metrics import LossNetwork, compare
from adain_nodes.evaluation.store import Store
from adain_nodes.models.base import Encoder, digest

ITERATIONS = (5, 10, 15, 20, 25, 35, 50, 75, 100, 150, 200, 300)
"""After which the optimisation is looked at."""


@dataclass(frozen=True)
class Contender:
    """What makes pictures of a content and a style, 1×3×H×W in [0, 1], each with the iterations that it took.

    A method of one step makes one, with 0. ``known`` is what decides them besides the content and the style.
    """

    make: Callable[[Tensor, Tensor], Iterable[tuple[int, Tensor]]]
    known: Mapping[str, str] = field(default_factory=dict)


def contenders(
    methods: Mapping[str, Method], encoder: Encoder, iterations: Sequence[int], backend: Backend
) -> dict[str, Contender]:
    """By name: CONTROLS, methods of one step, and Gatys' with an encoder from each of STARTS, seen on its way."""
    dtype = str(backend.dtype).removeprefix("torch.")

    def one_step(method: Callable[[Tensor, Tensor], Tensor], **known: str) -> Contender:
        return Contender(lambda content, style: [(0, method(content, style))], known)

    return {
        CONTROLS[0]: one_step(lambda content, style: content),
        CONTROLS[1]: one_step(lambda content, style: style),
        **{name: one_step(method, weights=method.weights, dtype=dtype) for name, method in methods.items()},
        **{
            f"{GATYS} from {start}": Contender(
                lambda content, style, start=start: optimised(content, style, encoder, iterations, start, backend),
                {"weights": digest(encoder), "dtype": dtype, "iterations": str([*iterations])},
            )
            for start in STARTS
        },
    }


def optimised(
    content: Tensor, style: Tensor, encoder: Encoder, iterations: Sequence[int], start: str, backend: Backend
) -> list[tuple[int, Tensor]]:
    """The pictures on the way of Gatys' method, after some iterations, from one of STARTS.

    It compares the statistics that AdaIN matches, as in the paper's figure.
    """
    seen: list[tuple[int, Tensor]] = []

    def look(step: Step) -> None:
        if step.iteration in iterations:
            seen.append((step.iteration, step.picture.clone()))

    gatys = Gatys(encoder, Losses(statistics="mean-std"), Schedule(max(iterations)), start=start, watch=Watch(look))
    baseline_method(gatys, backend)(content, style)
    return seen


def choose_pairs(contents: int, styles: int, count: int) -> list[tuple[int, int]]:
    """The numbers of the first ``count`` of all pairs, in an order in which the pictures take turns."""
    turn = math.lcm(contents, styles)
    return [(number % contents, (number + number // turn) % styles) for number in range(min(count, contents * styles))]


def measure_losses(
    methods: Mapping[str, Contender],
    contents: Gallery,
    styles: Gallery,
    count: int,
    network: LossNetwork,
    store: Store = Store(),  # noqa: B008  (it cannot be changed)
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> LossFigure:
    """Measure each method on ``count`` pairs, but for what is in the store.

    ``progress`` is told how many of all runs are done, and of how many.
    """
    pairs = choose_pairs(len(contents), len(styles), count)
    runs = [(name, *pair) for pair in pairs for name in methods]  # so that the first pairs are soon complete
    entries: list[Entry] = []
    for done, (name, content, style) in enumerate(runs):
        progress(done, len(runs))
        digests = {"content": contents.digests[content], "style": styles.digests[style]}
        key = {"figure": "losses", "method": name, **methods[name].known, **digests, "network": network.fingerprint}
        found = store.find(key)
        if found is None:
            found = {"rows": _measured(methods[name], contents[content], styles[style], network)}
            store.add(key, found)
        entries += [Entry(contents.names[content], styles.names[style], name, *row) for row in found["rows"]]
    return LossFigure(tuple(entries), size_of(contents.pictures)[0], network.fingerprint)


def _measured(method: Contender, content: Tensor, style: Tensor, network: LossNetwork) -> list[tuple[Any, ...]]:
    """The last four values of the entry of each picture."""
    (seen_content,), (seen_style,) = network.describe(content), network.describe(style)
    rows: list[tuple[Any, ...]] = []
    for iterations, picture in method.make(content, style):
        (seen,) = network.describe(picture.float().clamp(0, 1))
        figures = compare(seen, seen_content, seen_style)
        rows.append((iterations, figures.style, figures.content, figures.ssim))
    return rows
