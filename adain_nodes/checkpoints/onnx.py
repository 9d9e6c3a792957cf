"""Networks as ONNX, for runtimes and languages without PyTorch: one graph for each step between two pictures."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from adain_nodes.core.adain import Features, adain
from adain_nodes.core.errors import AdaINError
from adain_nodes.core.files import make_folder, replace_file
from adain_nodes.core.statistics import Convention, Statistics, style_statistics
from adain_nodes.models.base import Decoder, Encoder

GRAPHS = ("encoder", "style", "adain", "decoder")
"""The files, in the order of use."""

_EXAMPLE = 40
"""The side in pixels of the picture that the networks are traced with; they take any other size all the same."""


def export_onnx(encoder: Encoder, decoder: Decoder, folder: Path) -> tuple[Path, ...]:
    """Write the four GRAPHS of a model into ``folder`` (made if need be), float32; returns their paths.

    - ``encoder.onnx``: ``image`` (B×3×H×W, RGB in [0, 1], sides of ``minimum_size`` or more) to one map a level.
    - ``style.onnx``: the maps of one style picture to ``mean_…`` and ``std_…`` of each level, 1×C.
    - ``adain.onnx``: the maps of photographs, these statistics and ``alpha`` (one number in [0, 1]) to maps
      that are called ``styled_…``.
    - ``decoder.onnx``: these maps to ``image``, clamped to [0, 1], up to a stride larger than the photograph: cut off
      the rest at the bottom and on the right.

    Every height, width and number of photographs may differ from call to call. The files' metadata hold the levels,
    their strides, ``minimum_size`` and the encoder's fingerprint. Raises AdaINError without onnx and onnxscript,
    OutputError where the place cannot be written.
    """
    levels = encoder.levels
    means, stds, styled = ([f"{name}_{level}" for level in levels] for name in ("mean", "std", "styled"))
    image = torch.rand(2, 3, _EXAMPLE, _EXAMPLE + max(encoder.strides))
    with torch.no_grad():
        features = encoder.cpu()(image)
        look = tuple(level[:1] for level in features)
        style = StyleStatistics(encoder.convention)(look)
    described = {
        "encoder": encoder.fingerprint(),
        "levels": " ".join(levels),
        "strides": " ".join(map(str, encoder.strides)),
        "minimum_size": str(encoder.minimum_size),
    }
    statistics = [*means, *stds]
    graphs = (
        (encoder, (image,), ["image"], levels),
        (StyleStatistics(encoder.convention), (look,), levels, statistics),
        (Transform(encoder.convention), (features, *style, torch.ones(())), [*levels, *statistics, "alpha"], styled),
        (_Clamped(decoder.cpu()), (features,), styled, ["image"]),
    )
    make_folder(folder)
    paths = tuple(folder / f"{name}.onnx" for name in GRAPHS)
    for path, graph in zip(paths, graphs, strict=True):
        replace_file(path, _to_onnx(*graph, described))
    return paths


class StyleStatistics(nn.Module):
    """The means of all levels and their deviations: what a ``Style`` is, as two tuples of B×C tensors."""

    def __init__(self, convention: Convention) -> None:
        super().__init__()
        self.convention = convention

    def forward(self, features: Features) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """See the class."""
        found = [style_statistics(level, self.convention) for level in features]
        return tuple(each.mean for each in found), tuple(each.std for each in found)


class Transform(nn.Module):
    """AdaIN on every level, and ``alpha`` of the way there."""

    def __init__(self, convention: Convention) -> None:
        super().__init__()
        self.convention = convention

    def forward(
        self, features: Features, means: tuple[Tensor, ...], stds: tuple[Tensor, ...], alpha: Tensor
    ) -> Features:
        """Maps of the same shapes; ``alpha`` has no dimension."""
        styles = map(Statistics, means, stds)
        changed = (
            adain(level, style, convention=self.convention) for level, style in zip(features, styles, strict=True)
        )
        # after it rather than inside: there its range is checked, which a graph cannot do
        return tuple(torch.lerp(level, full, alpha) for level, full in zip(features, changed, strict=True))


class _Clamped(nn.Module):
    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self.decoder = decoder

    def forward(self, features: Features) -> Tensor:
        return self.decoder(features).clamp(0, 1)


def _to_onnx(
    network: nn.Module,
    inputs: Any,
    input_names: Sequence[str],
    output_names: Sequence[str],
    described: Mapping[str, str],
) -> bytes:
    """A network as an ONNX file, traced with ``inputs``: tensors, or tuples of them, that it takes in any size.

    The names are those of the tensors, tuples unpacked; ``described`` goes to the metadata. Raises AdaINError without
    onnx and onnxscript.
    """
    _check_libraries()
    program: Any = torch.onnx.export(
        network.eval(),
        inputs,
        dynamo=True,
        input_names=list(input_names),
        output_names=list(output_names),
        dynamic_shapes=_any_size(inputs),
        verbose=False,
    )
    for node in program.model.graph:
        node.metadata_props.clear()  # lines of our source, with their paths on this machine
    program.model.metadata_props.update(described)
    return program.model_proto.SerializeToString()


def _any_size(inputs: Any) -> Any:
    """For tensors in tuples: every dimension may differ but the channels, and a batch of one."""
    if isinstance(inputs, tuple):
        return tuple(map(_any_size, inputs))
    return {i: torch.export.Dim.DYNAMIC for i, size in enumerate(inputs.shape) if i != 1 and size != 1}


def _check_libraries() -> None:
    missing = [name for name in ("onnx", "onnxscript") if importlib.util.find_spec(name) is None]
    if missing:
        raise AdaINError(f"The export needs {' and '.join(missing)}.", f"Run `pip install {' '.join(missing)}`.")
