"""The options of `adain gatys`, `swap`, `match` and `texture`, each spelled once. A test compares their defaults."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from adain_nodes.cli.options import option

_LOSS, _OPTIMISATION = "Losses", "Optimisation"

Photo = Annotated[Path, typer.Argument(metavar="PHOTO")]
Style = Annotated[Path, option("--style", "-s", help="The picture whose style is wanted.")]
Size = Annotated[int, option("--size", help="Short side of the result in pixels; 0 keeps the photograph's.")]
Out = Annotated[Path, option("--out", "-o", help="A folder, or a file.")]
Seed = Annotated[int, option("--seed", panel=_OPTIMISATION, help="Of the noise to start with.")]
EncoderName = Annotated[str, option("--encoder", panel="Model", help="A weight file, or a name of the catalogue.")]
Iterations = Annotated[int, option("--iterations", "-n", panel=_OPTIMISATION, help="At each scale.")]
Optimizer = Annotated[Literal["lbfgs", "adam"], option("--optimizer", panel=_OPTIMISATION, help="Which one.")]
LearningRate = Annotated[float, option("--learning-rate", panel=_OPTIMISATION, help="0 takes the optimiser's own.")]
Scales = Annotated[
    int, option("--scales", panel=_OPTIMISATION, help="Coarse to fine: sizes that double from one to the next.")
]
Statistics = Annotated[
    Literal["gram", "mean-std"],
    option("--statistics", panel=_LOSS, help="What the style loss compares: Gram matrices, or as AdaIN does."),
]
StyleLayers = Annotated[
    str, option("--style-layers", panel=_LOSS, metavar="LAYER[:WEIGHT],…", help="Such as relu1_1,relu2_1:0.5.")
]
ContentLayers = Annotated[
    str, option("--content-layers", panel=_LOSS, metavar="LAYER[:WEIGHT],…", help="Such as relu4_1.")
]
StyleWeight = Annotated[float, option("--style-weight", panel=_LOSS, help="0 takes that of the statistics: 50, or 10.")]
ContentWeight = Annotated[float, option("--content-weight", panel=_LOSS, help="Of the content loss.")]
VariationWeight = Annotated[
    float, option("--variation-weight", panel=_LOSS, help="Of the total variation: more is smoother.")
]
Pooling = Annotated[Literal["max", "average"], option("--pooling", panel=_LOSS, help="Of a VGG: average blurs less.")]
Looks = Annotated[
    list[str], option("--style", "-s", metavar="STYLE[:WEIGHT]", help="The style's picture; several are blended.")
]
Levels = Annotated[
    str, option("--levels", metavar="LEVEL,…", help="Those of the encoder to change, such as level3; empty: all.")
]
