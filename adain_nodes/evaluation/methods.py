"""What is measured: models of the project and baselines, by the names that ``--model`` takes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from adain_nodes.backend import Backend, choose_backend
from adain_nodes.baselines.base import Baseline
from adain_nodes.baselines.gatys import Gatys
from adain_nodes.baselines.microast import MicroAST
from adain_nodes.baselines.optimisation import Schedule
from adain_nodes.baselines.perception import Losses
from adain_nodes.baselines.transform import SYSTEMS, FeatureTransfer
from adain_nodes.checkpoints.networks import load_encoder
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.models.base import digest
from adain_nodes.models.vgg import NORMALISED
from adain_nodes.pipeline import StyleTransfer

SWAP = "swap"
"""Style swap, the one of SYSTEMS whose memory is measured."""


def load_gatys(source: str, *, statistics: str = "gram") -> Gatys:
    """Gatys' method of "ITERATIONS" or "ITERATIONS+ENCODER", without which the encoder is the normalised VGG-19.

    Raises InvalidValueError for another number of iterations, and the errors of ``load_encoder``.
    """
    iterations, _, encoder = source.partition("+")
    if iterations and not iterations.isdecimal():
        raise InvalidValueError(f"{iterations!r} is no number of iterations.", "Write gatys:100, for example.")
    schedule = Schedule(int(iterations)) if iterations else Schedule()
    return Gatys(load_encoder(encoder or NORMALISED), Losses(statistics=statistics), schedule)


BASELINES: Mapping[str, Callable[[str], Baseline]] = {
    "microast": MicroAST.load,
    "gatys": load_gatys,
    "gatys-in": partial(load_gatys, statistics="mean-std"),
}
"""By name, what makes a baseline of the text behind the colon in "microast:FOLDER"."""


@dataclass(frozen=True)
class Method:
    """A way to stylise at alpha 1, in two steps, so that a style is encoded once and each step can be timed.

    ``encode_style`` takes a style 1×3×H×W; ``stylize`` takes B×3×H×W contents and what that returned, and gives
    B×3×H×W. All are RGB in [0, 1]. ``weights`` is a digest of all weights that take part.
    """

    encode_style: Callable[[Tensor], Any]
    stylize: Callable[[Tensor, Any], Tensor]
    weights: str = ""

    def __call__(self, contents: Tensor, style: Tensor) -> Tensor:
        """Both steps."""
        return self.stylize(contents, self.encode_style(style))


def load_method(model: str, *, device: str = "auto", dtype: str = "auto") -> Method:
    """A model of the catalogue, a weight file, or a baseline by one of these names.

    "microast:FOLDER" says where its weights are; "gatys:100" is Gatys' method with so many iterations, "gatys-in:100"
    the same with the statistics of AdaIN, either with "+FILE" for another encoder; "swap", "wct" and the other SYSTEMS
    work between the networks of vgg19 or, as "wct:MODEL", of another model. "vgg19+FILE" is a model with the decoder
    of another file. Where a file has such a name, it is the file.
    Raises the errors of ``StyleTransfer.from_pretrained`` and those of the baseline.
    """
    name, _, source = model.partition(":")
    if name in BASELINES:
        return baseline_method(BASELINES[name](source), choose_backend(device, dtype))
    if name in SYSTEMS:
        return feature_method(SYSTEMS[name](_pipeline(source or "vgg19", device, dtype)))
    return pipeline_method(_pipeline(model, device, dtype))


def _pipeline(model: str, device: str, dtype: str) -> StyleTransfer:
    decoder = None
    if "+" in model and not Path(model).is_file():
        model, _, decoder = model.partition("+")
    return StyleTransfer.from_pretrained(model, decoder=decoder, device=device, dtype=dtype)


def pipeline_method(transfer: StyleTransfer) -> Method:
    """The pipeline, with the style at the size that it has."""
    return Method(partial(transfer.encode_style, size=0), transfer.stylize, _weights(transfer))


def feature_method(system: FeatureTransfer) -> Method:
    """One of SYSTEMS, with the style at the size that it has."""
    return Method(partial(system.encode, size=0), system.stylize, _weights(system.transfer))


def baseline_method(baseline: Baseline, backend: Backend) -> Method:
    """A baseline with all that the project's own models get: the device, the precision and the memory layout."""
    layout = torch.channels_last
    network = baseline.eval().to(backend.device, memory_format=layout)  # pyright: ignore[reportCallIssue]

    def encode_style(style: Tensor) -> Any:
        with backend.running():
            return network.encode_style(backend.place(style))

    def stylize(contents: Tensor, style: Any) -> Tensor:
        with backend.running():
            return network.stylize(backend.place(contents), style)

    return Method(encode_style, stylize, digest(network))


def _weights(transfer: StyleTransfer) -> str:
    return f"{digest(transfer.encoder)}+{digest(transfer.decoder)}"


def by_label(models: Iterable[str]) -> dict[str, str]:
    """Each model by the label of its rows: as it was written, without the files of a baseline.

    Raises InvalidValueError when one label would stand for two models.
    """
    labelled: dict[str, str] = {}
    for model in models:
        label = _label(model)
        if labelled.setdefault(label, model) != model:
            raise InvalidValueError(
                f"{labelled[label]} and {model} would both be called {label}.", "Measure them one by one.", label=label
            )
    return labelled


def _label(model: str) -> str:
    name = model.partition(":")[0]
    if name in ("gatys", "gatys-in"):
        return model.partition("+")[0]
    return name if name in (*BASELINES, *SYSTEMS) else model
