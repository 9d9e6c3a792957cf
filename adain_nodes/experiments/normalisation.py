"""Instance beside batch normalisation (figure 1 of the paper): what instance normalisation takes away is style."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial

import numpy as np
from torch import Tensor

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.sizing import size_of
from adain_nodes.experiments.lab import Lab, Result
from adain_nodes.experiments.page import Page
from adain_nodes.experiments.prepared import equalised, prepare
from adain_nodes.imaging import read_square
from adain_nodes.models.feedforward import FeedForward, Pixels
from adain_nodes.models.normalization import Normalization
from adain_nodes.pipeline import StyleTransfer
from adain_nodes.training.curve import draw_runs
from adain_nodes.training.data import Source

BLOCKS = 3
"""Residual blocks of the networks."""

KINDS: dict[Normalization, str] = {"instance": "IN", "batch": "BN"}
INPUTS = ("original", "contrast", "style")


def normalisation(lab: Lab) -> Page:
    """Six networks that learn the first style, on photographs as they are, equalised, and all of the second style.

    The second one is given to them by vgg19, which must be on this machine.
    """
    if len(lab.styles) < 2:
        raise InvalidValueError("This experiment takes two styles.", "Name one to learn and one to normalise by.")
    results = {
        (inputs, kind): lab.train(
            f"{kind}_{inputs}",
            (Pixels(), FeedForward(lab.settings.width, BLOCKS, normalization)),
            contents=contents,
            styles=lab.styles[:1],
            content_target="content",
        )
        for inputs, contents in _inputs(lab).items()
        for normalization, kind in KINDS.items()
    }
    return _page(lab, results)


def _inputs(lab: Lab) -> dict[str, Sequence[Source]]:
    size, folder = lab.settings.training.size, lab.folder / "inputs"
    contrast = prepare(lab.contents, size, folder / "contrast", equalised)
    style = prepare(lab.contents, size, folder / "style", _stylizer(lab))
    return dict(zip(INPUTS, (lab.contents, [contrast], [style]), strict=True))


def _stylizer(lab: Lab) -> Callable[[Tensor], Tensor]:
    @cache  # loaded when the first picture needs it, which in a run that goes on may be never
    def loaded() -> Callable[[Tensor], Tensor]:
        transfer = StyleTransfer.from_pretrained("vgg19", device=lab.device)
        return partial(transfer.stylize, style=transfer.encode_style(lab.styles[1], size=2 * lab.settings.size))

    return lambda picture: loaded()(picture)


def _page(lab: Lab, results: dict[tuple[str, str], Result[FeedForward]]) -> Page:
    page = Page("Instance and batch normalisation")
    page.text(
        "Figure 1 of the paper: networks with instance normalisation (IN) learn a style faster than those with batch "
        "normalisation (BN), also on photographs of equalised contrast; on photographs that were all brought to one "
        "style beforehand the difference nearly disappears."
    )
    page.text(f"{lab.settings}. {len(lab.contents)} photographs, residual networks with {BLOCKS} blocks.")
    rows: list[Sequence[str | float]] = []
    for inputs in INPUTS:
        one, other = results[inputs, "IN"], results[inputs, "BN"]
        rows.append((inputs, *(value for r in (one, other) for value in (_half(r), r.late("style"))), _gap(one, other)))
        rows[-1] = (*rows[-1], _overtakes(one, other))
    header = ("photographs", "IN", "IN, end", "BN", "BN, end", "BN / IN", "IN has BN's end after")
    page.table(header, rows)
    page.text(
        "Style losses, means over the second half and over the last fifth of the steps; their ratio over the second "
        "half; and the step from which on IN is below where BN ends."
    )
    gaps = {inputs: _gap(results[inputs, "IN"], results[inputs, "BN"]) for inputs in INPUTS}
    said = ", ".join(f"{inputs} {gap:.3f}" for inputs, gap in gaps.items())
    smaller = abs(gaps["style"] - 1) < min(abs(gaps["original"] - 1), abs(gaps["contrast"] - 1))
    page.verdicts(
        [
            ("IN learns faster than BN on original photographs", gaps["original"] > 1, f"{gaps['original']:.3f}"),
            ("IN learns faster than BN on equalised photographs", gaps["contrast"] > 1, f"{gaps['contrast']:.3f}"),
            ("The gap shrinks on photographs of one style", smaller, said),
        ]
    )
    for inputs in INPUTS:
        curves = {kind: results[inputs, kind].losses["style"] for kind in KINDS.values()}
        about = f"Style loss on {inputs} photographs"
        page.picture(f"{inputs}.png", draw_runs(curves, about), about)
    _sheet(lab, page, results)
    return page


def _sheet(lab: Lab, page: Page, results: dict[tuple[str, str], Result[FeedForward]]) -> None:
    style = read_square(lab.styles[0], lab.settings.crop)
    rows: list[list[Tensor]] = []
    with lab.backend.running():
        for content in lab.examples("content", 4):
            shares, size = content.new_ones(1, 1), size_of(content)
            made = [result.generator.picture((content,), shares, size) for result in results.values()]
            rows.append([content, style, *made])
    columns = ["photograph", "style", *(f"{kind} {inputs}" for inputs, kind in results)]
    page.sheet("samples.jpg", rows, "What the six networks make of photographs as they are", columns=columns)


def _half(result: Result[FeedForward]) -> float:
    style = result.losses["style"]
    return float(np.mean(style[len(style) // 2 :]))


def _gap(one: Result[FeedForward], other: Result[FeedForward]) -> float:
    return _half(other) / _half(one)


def _overtakes(one: Result[FeedForward], other: Result[FeedForward]) -> str:
    """The step from which on the mean of some losses of one is below the last fifth of the other's."""
    style = np.asarray(one.losses["style"])
    window = max(1, len(style) // 25)
    means = np.convolve(style, np.full(window, 1 / window), "valid")
    below = np.flatnonzero(means <= other.late("style"))
    return f"{below[0] + window} of {len(style)}" if len(below) else "never"
