"""The style's weight in training beside alpha in use (the replication of 2024)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from torch import Tensor

from adain_nodes.core.adain import Features
from adain_nodes.core.sizing import size_of
from adain_nodes.core.style import interpolate
from adain_nodes.experiments.lab import JUDGED, Figures, Lab, Result
from adain_nodes.experiments.page import Page
from adain_nodes.models.variants import Look, Variant, VariantDecoder
from adain_nodes.training.curve import draw_runs

WEIGHTS = (1, 5, 10, 50, 100)
ALPHAS = (0.25, 0.5, 0.75, 1.0)


def style_weight(lab: Lab) -> Page:
    """The decoder of AdaIN, trained with each weight and looked at with each alpha."""
    encoder = lab.loss_network
    results = {
        weight: lab.train(
            f"weight_{weight}",
            (encoder, VariantDecoder(encoder, Variant(width=lab.settings.width))),
            style_weight=weight,
        )
        for weight in WEIGHTS
    }
    figures = {
        (weight, alpha): lab.figures(result, partial(_toward, result.generator, alpha))
        for weight, result in results.items()
        for alpha in ALPHAS
    }
    return _page(lab, results, figures)


def _toward(decoder: VariantDecoder, alpha: float, content: Features, style: Look) -> Look:
    """Statistics on the way from the content's to the style's: what alpha does to features."""
    own = decoder.describe(content, None, style.style.convention)
    return style._replace(style=interpolate(own.style, style.style, alpha))


def _page(
    lab: Lab, results: Mapping[int, Result[VariantDecoder]], figures: Mapping[tuple[int, float], Figures]
) -> Page:
    page = Page("The style's weight and alpha")
    page.text(
        "A decoder was trained with each weight of the style loss (the paper's is 10). Alpha then moves any of them "
        "between content and style without training."
    )
    page.text(f"{lab.settings}. {len(lab.contents)} photographs and {len(lab.styles)} styles.")
    header = ("weight", *(f"alpha {alpha:g}" for alpha in ALPHAS))
    for kind, about in (("style", "Style loss"), ("content", "Content loss against the photograph's own features")):
        page.text(f"{about}, means over {JUDGED**2} pairs of example pictures:")
        page.table(header, [(str(w), *(getattr(figures[w, a], kind) for a in ALPHAS)) for w in results])
    least, most = figures[WEIGHTS[0], 1.0], figures[WEIGHTS[-1], 1.0]
    page.verdicts(
        [
            (
                "A larger weight brings more style and keeps less content",
                most.style < least.style and most.content > least.content,
                f"from weight {WEIGHTS[0]} to {WEIGHTS[-1]} style {least.style:.3f} to {most.style:.3f}, content "
                f"{least.content:.3f} to {most.content:.3f}",
            )
        ]
    )
    for loss in ("style", "content"):
        curves = {f"weight {weight}": result.losses[loss] for weight, result in results.items()}
        page.picture(f"{loss}.png", draw_runs(curves, f"{loss} loss"), f"The {loss} loss in training")
    _sheet(lab, page, results)
    return page


def _sheet(lab: Lab, page: Page, results: Mapping[int, Result[VariantDecoder]]) -> None:
    (content,), (style,) = (lab.examples(kind, 1) for kind in ("content", "style"))
    rows: list[list[Tensor]] = []
    with lab.backend.running():
        for result in results.values():
            features, decoder = result.encoder(content), result.generator
            look = decoder.describe(result.encoder(style), None, result.encoder.convention)
            looks = [_toward(decoder, alpha, features, look) for alpha in ALPHAS]
            rows.append([content, style, *(decoder.picture(features, one, size_of(content)) for one in looks)])
    page.sheet(
        "grid.jpg",
        rows,
        "Weights down, alpha across",
        columns=["photograph", "style", *(f"alpha {alpha:g}" for alpha in ALPHAS)],
        labels=[f"weight {weight}" for weight in results],
    )
