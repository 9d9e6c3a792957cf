"""Feed-forward networks that learn one style (Ulyanov, Johnson) or several (Dumoulin), and one more later."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from adain_nodes.checkpoints.save import save_networks
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.sizing import size_of
from adain_nodes.experiments.lab import Lab, Result
from adain_nodes.experiments.normalisation import BLOCKS, KINDS
from adain_nodes.experiments.page import Page
from adain_nodes.imaging import read_square
from adain_nodes.models.base import digest
from adain_nodes.models.feedforward import FeedForward, Pixels
from adain_nodes.training.curve import draw_runs

STYLES = 32
"""Of the conditional network, as in the paper; fewer where there are not so many, of which the last is added later."""

SHOWN = 8


def single_style(lab: Lab) -> Page:
    """A network for the first style with instance and one with batch normalisation."""
    results = {
        kind: lab.train(
            f"{kind}_original",
            (Pixels(), FeedForward(lab.settings.width, BLOCKS, normalization)),
            styles=lab.styles[:1],
            content_target="content",
        )
        for normalization, kind in KINDS.items()
    }
    page = Page("One network, one style")
    page.text(
        "A feed-forward network that has learnt one style, with instance (IN) and with batch normalisation (BN): "
        "`adain feedforward PHOTO --weights FILE` applies either."
    )
    page.text(f"{lab.settings}. {len(lab.contents)} photographs.")
    rows: list[tuple[str | float, ...]] = []
    for kind, result in results.items():
        file = _save(lab, f"{kind}.safetensors", result.generator, lab.styles[:1])
        numbers = (result.late("style"), result.late("content"))
        rows.append((kind, file.name, f"{result.parameters:,}", *numbers))
    page.table(("network", "file", "parameters", "style", "content"), rows)
    for loss in ("style", "content"):
        curves = {kind: result.losses[loss] for kind, result in results.items()}
        page.picture(f"{loss}.png", draw_runs(curves, f"{loss} loss"), f"The {loss} loss in training")
    style = read_square(lab.styles[0], lab.settings.crop)
    made = [(result.generator, torch.ones(1, 1)) for result in results.values()]
    _sheet(lab, page, "samples.jpg", "Photographs, the style, and both networks", made, ["style", *results], [style])
    return page


def conditional(lab: Lab) -> Page:
    """A network for many styles; then one more, for which 2 numbers a feature learn and nothing else."""
    if len(lab.styles) < 3:
        raise InvalidValueError("This experiment takes three styles or more.", "The last one is added later.")
    first, added = lab.styles[:STYLES], lab.styles[min(STYLES, len(lab.styles) - 1)]
    known = [path for path in first if path != added]
    whole = FeedForward(lab.settings.width, BLOCKS, styles=len(known))
    many = lab.train("styles", (Pixels(), whole), styles=known, content_target="content")
    network = many.generator.cpu()
    one = lab.train(
        f"added_to_{digest(network)}",  # with more steps it is another network, whose new style begins anew
        (Pixels(), network.for_new_style()),
        styles=[added],
        content_target="content",
        from_scratch=False,
    )
    both = network.with_style(one.generator.cpu())
    file = _save(lab, "styles.safetensors", both, [*known, added])
    return _conditional_page(lab, file, many, one, both, [*known, added])


def _conditional_page(
    lab: Lab,
    file: Path,
    many: Result[FeedForward],
    one: Result[FeedForward],
    both: FeedForward,
    styles: Sequence[Path],
) -> Page:
    page = Page("One network, many styles")
    page.text(
        f"A feed-forward network whose instance normalisation has statistics of its own for each of {both.styles - 1} "
        "styles. Blends of statistics are blends of styles. One more style was added afterwards: of that run nothing "
        f"but its statistics learnt. `adain feedforward PHOTO --weights {file.name}` applies it."
    )
    page.text(f"{lab.settings}. {len(lab.contents)} photographs.")
    rows = [
        (name, f"{result.parameters:,}", result.late("style"), result.late("content"))
        for name, result in (("all styles", many), ("added style", one))
    ]
    page.table(("run", "parameters that learnt", "style", "content"), rows)
    for loss in ("style", "content"):
        curves = {"styles": many.losses[loss], "added": one.losses[loss]}
        page.picture(f"{loss}.png", draw_runs(curves, f"{loss} loss"), f"The {loss} loss in training")
    shares = torch.eye(both.styles)
    shown = [*range(min(SHOWN, both.styles - 1)), both.styles - 1]
    pictures = [read_square(styles[number], lab.settings.crop) for number in shown]
    _styles_sheet(lab, page, both, shares[shown], pictures, [f"style {n + 1}" for n in shown[:-1]] + ["added"])
    steps = [0.0, 0.25, 0.5, 0.75, 1.0]
    made = [(both, torch.lerp(shares[:1], shares[1:2], step)) for step in steps]
    labels = ["style 1", *(f"{step:g}" for step in steps), "style 2"]
    _sheet(lab, page, "blends.jpg", "From one style to another", made, labels, pictures[:1], pictures[1:2])
    return page


def _styles_sheet(
    lab: Lab, page: Page, network: FeedForward, shares: Tensor, pictures: Sequence[Tensor], labels: Sequence[str]
) -> None:
    """The styles in the first row, photographs in them below."""
    rows: list[list[Tensor]] = [[torch.ones_like(pictures[0]), *pictures]]
    rows += _made(lab, [(network, share) for share in shares.split(1)])
    page.sheet("samples.jpg", rows, "Some of the styles, and the added one", columns=["photograph", *labels])


def _sheet(
    lab: Lab,
    page: Page,
    name: str,
    about: str,
    made: Sequence[tuple[FeedForward, Tensor]],
    labels: Sequence[str],
    before: Sequence[Tensor],
    behind: Sequence[Tensor] = (),
) -> None:
    """Photographs, what is shown ``before`` and ``behind``, and between them what was ``made``."""
    rows = [[photo, *before, *pictures, *behind] for photo, *pictures in _made(lab, made)]
    page.sheet(name, rows, about, columns=["photograph", *labels])


def _made(lab: Lab, networks: Sequence[tuple[FeedForward, Tensor]]) -> list[list[Tensor]]:
    """Some photographs, each followed by what networks make of it with shares of their styles."""
    backend, rows = lab.backend, []
    with backend.running():
        for content in lab.examples("content", 4):
            made = [
                network.to(backend.device).picture((content,), shares.to(backend.device), size_of(content))
                for network, shares in networks
            ]
            rows.append([content, *made])
    return rows


def _save(lab: Lab, name: str, network: FeedForward, styles: Sequence[Path]) -> Path:
    about = {"styles": "\n".join(path.stem for path in styles), "settings": str(lab.settings)}
    return save_networks(lab.folder / name, None, network, about)
