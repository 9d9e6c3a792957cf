"""Variants of AdaIN (section 6 of the paper, and the replication of 2024), each trained alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import get_args

from torch import Tensor

from adain_nodes.core.sizing import size_of
from adain_nodes.experiments.lab import JUDGED, Figures, Lab, Result
from adain_nodes.experiments.page import Page
from adain_nodes.models.variants import Source, Variant, VariantDecoder, imagenet_input
from adain_nodes.training.curve import draw_runs

ADAIN, CONCAT, IMAGENET = "AdaIN", "Enc-Concat-Dec", "ImageNet input"
BEST_CONTENT = "concat content"
NORMS = {"batch-norm decoder": "batch", "instance-norm decoder": "instance"}
NEAR = 1.1
"""Times AdaIN's style loss that count as about as low."""


def variants(width: int) -> dict[str, Variant]:
    """Those that are compared, by name; all differ from the first in one respect."""
    plain = Variant(width=width)
    found = {ADAIN: plain, CONCAT: replace(plain, fusion="concat"), IMAGENET: plain}
    found |= {name: replace(plain, norm=norm) for name, norm in NORMS.items()}
    for skips in ("add", "concat"):
        found |= {f"{skips} {source}": replace(plain, skips=skips, source=source) for source in get_args(Source)}
    return found


def ablations(lab: Lab) -> Page:
    """Enc-Concat-Dec, normalised decoders, skip connections, and an input that the encoder was not made for."""
    results: dict[str, Result[VariantDecoder]] = {}
    for name, variant in variants(lab.settings.width).items():
        encoder = imagenet_input(lab.loss_network) if name == IMAGENET else lab.loss_network
        results[name] = lab.train(name.replace(" ", "_"), (encoder, VariantDecoder(encoder, variant)))
    return _page(lab, results, {name: lab.figures(result) for name, result in results.items()})


def _page(lab: Lab, results: Mapping[str, Result[VariantDecoder]], figures: Mapping[str, Figures]) -> Page:
    page = Page("Variants of AdaIN")
    page.text(
        "The decoder of AdaIN beside its variants: content and style features joined (Enc-Concat-Dec), batch or "
        "instance normalisation in the decoder, skip connections that are added or concatenated and carry features "
        "of the content, the style, both, or the content's after AdaIN, and pictures brought to ImageNet's mean and "
        "deviation for an encoder that does that itself."
    )
    page.text(f"{lab.settings}. {len(lab.contents)} photographs and {len(lab.styles)} styles.")
    header = ("variant", "parameters", "style", "content", "style, examples", "content kept, examples")
    rows = [
        (name, f"{r.parameters:,}", r.late("style"), r.late("content"), figures[name].style, figures[name].content)
        for name, r in results.items()
    ]
    page.table(header, rows)
    page.text(
        "Training losses, means over the last fifth of the steps (content: against AdaIN's features); and over "
        f"{JUDGED**2} pairs of example pictures the style loss and the content loss against the photograph's own."
    )
    page.verdicts(_verdicts(results, figures))
    groups = {"fusion": [ADAIN, CONCAT, *NORMS, IMAGENET], "skips": [ADAIN, *(n for n in results if _skips(n))]}
    for group, names in groups.items():
        for loss in ("style", "content"):
            curves = {name: results[name].losses[loss] for name in names}
            page.picture(f"{group}_{loss}.png", draw_runs(curves, f"{loss} loss"), f"The {loss} loss in training")
    _sheet(lab, page, results)
    return page


def _skips(name: str) -> bool:
    return name.startswith(("add ", "concat "))


def _verdicts(
    results: Mapping[str, Result[VariantDecoder]], figures: Mapping[str, Figures]
) -> list[tuple[str, bool, str]]:
    adain, concat = results[ADAIN], results[CONCAT]
    found = [
        (
            "Enc-Concat-Dec reaches a low style loss but a high content loss",
            concat.late("style") < NEAR * adain.late("style") and concat.late("content") > adain.late("content"),
            f"style {concat.late('style'):.3f} beside AdaIN's {adain.late('style'):.3f}, content "
            f"{concat.late('content'):.3f} beside {adain.late('content'):.3f}",
        )
    ]
    for name in NORMS:
        total, plain = results[name].late("total"), adain.late("total")
        found.append((f"The {name} is worse", total > plain, f"total loss {total:.3f} beside {plain:.3f}"))
    kept = {name: figures[name].content for name in results if not name.endswith(" adain")}
    best = min(kept, key=lambda name: kept[name])
    numbers = f"{kept[BEST_CONTENT]:.3f}; the least is that of {best}, {kept[best]:.3f}"
    published = "Concatenated content skips keep the content best (of those without AdaIN on the skips)"
    found.append((published, best == BEST_CONTENT, numbers))
    return found


def _sheet(lab: Lab, page: Page, results: Mapping[str, Result[VariantDecoder]]) -> None:
    pairs = list(zip(lab.examples("content", 3), lab.examples("style", 3), strict=True))
    rows: list[list[Tensor]] = [[content for content, _ in pairs], [style for _, style in pairs]]
    with lab.backend.running():
        for result in results.values():
            encoder, generator = result.encoder, result.generator
            made = [(encoder(content), encoder(style), size_of(content)) for content, style in pairs]
            rows.append(
                [generator.picture(c, generator.describe(s, None, encoder.convention), size) for c, s, size in made]
            )
    names = ["photograph", "style", *results]
    across = [list(column) for column in zip(*rows, strict=True)]
    page.sheet("samples.jpg", across, "Three pairs in all variants", columns=names, cell=128)
