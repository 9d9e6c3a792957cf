"""Speed of Gatys' optimisation: ours beside a plain PyTorch script, an iteration, in one run."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import cast

import torch
from torch import Tensor

from adain_nodes.backend import choose_backend
from adain_nodes.baselines.gatys import Gatys
from adain_nodes.baselines.optimisation import Schedule
from adain_nodes.baselines.perception import STATISTICS
from adain_nodes.evaluation.imitation import vgg_or_imitation
from adain_nodes.evaluation.markdown import markdown_table
from adain_nodes.evaluation.methods import baseline_method
from adain_nodes.evaluation.plain_gatys import PlainGatys
from adain_nodes.evaluation.timing import Progress, median_seconds, silent, wait_for
from adain_nodes.models.vgg import STYLE_LEVELS, VGGEncoder

PLAIN_GATYS = "plain script, float32"


def measure_gatys(
    *, side: int = 256, iterations: int = 10, rounds: int = 5, device: str = "auto", progress: Progress = silent
) -> dict[str, float]:
    """Median seconds of an iteration at ``side``×``side`` px, by name, the plain script first.

    Both have L-BFGS, Gram matrices at relu1_1 to relu4_1 and the content at relu4_1. Ours runs in float32 and in the
    device's default precision. What is compared with is encoded beforehand. Raises the errors of ``choose_backend``.
    """
    backend = choose_backend(device)
    encoder = cast("VGGEncoder", vgg_or_imitation(device=device, dtype="float32")[0].encoder)
    generator = torch.Generator().manual_seed(0)
    content, style = torch.rand(2, 1, 3, side, side, generator=generator).to(backend.device).unbind()
    plain = PlainGatys(encoder.with_levels(STYLE_LEVELS), content, style, STATISTICS["gram"].weight)
    runs: dict[str, Callable[[], Tensor]] = {PLAIN_GATYS: lambda: wait_for(plain.run(content, iterations))}
    for dtype in dict.fromkeys(("float32", str(backend.dtype).removeprefix("torch."))):
        gatys = Gatys(encoder, schedule=Schedule(iterations))
        method = baseline_method(gatys, choose_backend(device, dtype))
        looks = method.encode_style(style)
        runs[f"ours, {dtype}"] = lambda method=method, looks=looks: wait_for(method.stylize(content, looks))
    seconds = median_seconds(runs, rounds, progress=progress)
    return {name: taken / iterations for name, taken in seconds.items()}


def gatys_table(seconds: Mapping[str, float]) -> str:
    """Markdown of what ``measure_gatys`` found."""
    rows = [(name, f"{taken:.3f}", f"{seconds[PLAIN_GATYS] / taken:.2f}×") for name, taken in seconds.items()]
    return markdown_table(("Gatys, an iteration", "seconds", "speed"), rows)
