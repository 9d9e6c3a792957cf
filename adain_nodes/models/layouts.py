"""How weight files name their tensors: the public layouts, and the project's own.

Each layout turns a state dict into networks. The project's own files hold ``enc.…`` and ``dec.…`` (either may be
absent), named as in the modules, with a little metadata; the lite model is one of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from adain_nodes.core.errors import CheckpointError
from adain_nodes.models.base import Decoder, Encoder
from adain_nodes.models.feedforward import FeedForward
from adain_nodes.models.lite import FAMILY as LITE
from adain_nodes.models.lite import LiteDecoder, LiteEncoder
from adain_nodes.models.vgg import (
    IMAGENET_MEAN,
    IMAGENET_STD,
    NORMALISED,
    TORCHVISION,
    VGGDecoder,
    VGGEncoder,
    convolutions,
    starts_block,
)

State = Mapping[str, Tensor]
Levels = tuple[str, ...]

DEPTHS = ("relu4_1", "relu3_1", "relu2_1", "relu1_1")
"""Levels for which the paper's mirror decoder is built, and the preferred ones of a deeper encoder file."""

_CONVOLUTIONS = {name for name, _, _ in convolutions("relu5_4")}


@dataclass(frozen=True)
class Networks:
    """What a weight file holds; ``layout`` says in words what it was recognised as."""

    layout: str
    encoder: Encoder | None = None
    decoder: Decoder | None = None
    feedforward: FeedForward | None = None


def vgg_normalised(state: State, metadata: Mapping[str, str], levels: Levels | None) -> Networks:
    """``vgg_normalised.pth``, whole or cut at any level."""
    encoder = VGGEncoder(levels or (_deepest(state, encoder_positions),), NORMALISED)
    names = encoder_positions(max(encoder.levels))
    fill(encoder, _renamed(state, names), "vgg_normalised.pth")
    return Networks("normalised VGG-19 encoder", encoder=encoder)


def vgg_torchvision(state: State, metadata: Mapping[str, str], levels: Levels | None) -> Networks:
    """torchvision's VGG-19 (``features.…``; the classifier is left aside), behind ImageNet's mean and deviation."""
    features = {name.removeprefix("features."): tensor for name, tensor in state.items()}
    encoder = VGGEncoder(levels or (_deepest(features, torchvision_positions),), TORCHVISION)
    tensors = _renamed(features, torchvision_positions(max(encoder.levels)))
    deviation = torch.tensor(IMAGENET_STD)
    tensors["preprocess.weight"] = torch.diag(1 / deviation).reshape(3, 3, 1, 1)
    tensors["preprocess.bias"] = -torch.tensor(IMAGENET_MEAN) / deviation
    fill(encoder, tensors, "torchvision's VGG-19")
    return Networks("torchvision VGG-19 encoder", encoder=encoder)


def vgg_decoder(state: State, metadata: Mapping[str, str], levels: Levels | None) -> Networks:
    """``decoder.pth`` and its like for other depths: a flat list of layers that starts at the deepest level.

    Such files do not name their encoder. All public ones were trained for the normalised VGG-19.
    """
    width = state["1.weight"].shape[1]
    level = next((f"relu{b}_1" for b, inputs in ((4, 512), (3, 256), (2, 128), (1, 64)) if inputs == width), DEPTHS[0])
    decoder = VGGDecoder(level, metadata.get("encoder", NORMALISED))
    positions = decoder_positions(level)
    further = {name: tensor for name, tensor in state.items() if name.split(".")[0] not in map(str, positions.values())}
    fill(decoder, _renamed(state, positions) | further, "decoder.pth")
    return Networks(f"VGG-19 decoder from {level}", decoder=decoder)


def own_vgg(state: State, metadata: Mapping[str, str], levels: Levels | None) -> Networks:
    """The project's own VGG files: an encoder, a decoder or both, with the encoder's name in the metadata."""
    encoder = decoder = None
    if parts := _part(state, "enc."):
        encoder = VGGEncoder(levels or (_deepest_named(parts),), metadata.get("family", NORMALISED))
        deeper = tuple(f"convs.{name}." for name in _CONVOLUTIONS - encoder.convs.keys())
        wanted = {name: tensor for name, tensor in parts.items() if not name.startswith(deeper)}
        fill(encoder, wanted, "the project's VGG-19 encoder")
    if parts := _part(state, "dec."):
        fingerprint = encoder.fingerprint() if encoder else metadata.get("encoder", NORMALISED)
        decoder = VGGDecoder(_deepest_named(parts), fingerprint)
        fill(decoder, parts, "the project's VGG-19 decoder")
    return Networks("VGG-19 of this project", encoder, decoder)


def lite(state: State, metadata: Mapping[str, str], levels: Levels | None) -> Networks:
    """The lite model; its widths are read from the shapes."""
    encoder = decoder = None
    if parts := _part(state, "enc."):
        names = ("stem.weight", "d2.weight", "d3.weight")
        encoder = LiteEncoder(_widths(parts, names, axis=0, layout="lite encoder"))
        fill(encoder, parts, "lite encoder")
    if parts := _part(state, "dec."):
        names = ("out.weight", "u2.weight", "u3.weight")
        fingerprint = encoder.fingerprint() if encoder else metadata.get("encoder", LITE)
        decoder = LiteDecoder(_widths(parts, names, axis=1, layout="lite decoder"), fingerprint)
        fill(decoder, parts, "lite decoder")
    return Networks("lite model", encoder, decoder)


def feedforward(state: State, metadata: Mapping[str, str], levels: Levels | None) -> Networks:
    """A feed-forward network; widths, blocks, styles and the kind of normalisation are read from the tensors."""
    parts = _part(state, "dec.")
    (width,) = _widths(parts, ("first.conv.weight",), axis=0, layout="feed-forward network")
    (styles,) = _widths(parts, ("first.norm.scale",), axis=0, layout="feed-forward network")
    blocks = len({name.split(".")[1] for name in parts if name.startswith("blocks.")})
    network = FeedForward(width, blocks, "batch" if "first.norm.batch.running_mean" in parts else "instance", styles)
    fill(network, parts, "feed-forward network")
    network.names = tuple(metadata["styles"].splitlines()) if "styles" in metadata else network.names
    if len(network.names) != styles:
        raise CheckpointError(
            f"This feed-forward network has {styles} styles and names for {len(network.names)}.",
            "The file is damaged; fetch or save it again.",
        )
    return Networks("feed-forward network", feedforward=network)


def encoder_positions(deepest: str) -> dict[str, int]:
    """Where each layer stands in ``vgg_normalised.pth``: 1×1 convolution, then pad, conv, ReLU, and the poolings."""
    names = (name for name, _, _ in convolutions(deepest))
    return {"preprocess": 0, **dict(_walk(names, start=1, pads=1, mirrored=False))}


def torchvision_positions(deepest: str) -> dict[str, int]:
    """Where each convolution stands in torchvision's ``features``: conv, ReLU, and the poolings."""
    return dict(_walk((name for name, _, _ in convolutions(deepest)), start=0, pads=0, mirrored=False))


def decoder_positions(level: str) -> dict[str, int]:
    """Where each convolution stands in ``decoder.pth``: pad, conv, ReLU, and the ×2 steps."""
    return dict(_walk((name for name, _, _ in reversed(convolutions(level))), start=0, pads=1, mirrored=True))


def _walk(names: Iterable[str], *, start: int, pads: int, mirrored: bool) -> Iterator[tuple[str, int]]:
    """Positions in a flat list: [padding], convolution, ReLU; a pooling ahead of a block, or a ×2 behind it."""
    position = start
    for name in names:
        resampled = starts_block(name) and name != "conv1_1"
        position += resampled and not mirrored
        yield name, position + pads
        position += pads + 2 + (resampled and mirrored)


def _deepest(state: State, positions: Callable[[str], dict[str, int]]) -> str:
    """The deepest level, relu4_1 at most, that a flat file reaches."""
    return next((d for d in DEPTHS if f"{max(positions(d).values())}.weight" in state), DEPTHS[0])


def _deepest_named(parts: State) -> str:
    """The deepest level that one of the project's own VGG files reaches."""
    return max((n for n in _CONVOLUTIONS if f"convs.{n}.weight" in parts), default="conv1_1").replace("conv", "relu")


def _renamed(state: State, positions: Mapping[str, int]) -> dict[str, Tensor]:
    """The tensors of a flat file under the names of our modules; missing ones are left to ``fill`` to report."""
    return {
        f"{name if name == 'preprocess' else f'convs.{name}'}.{kind}": state[f"{index}.{kind}"]
        for name, index in positions.items()
        for kind in ("weight", "bias")
        if f"{index}.{kind}" in state
    }


def _part(state: State, prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}


def _widths(parts: State, names: tuple[str, ...], axis: int, layout: str) -> tuple[int, ...]:
    missing = [name for name in names if name not in parts]
    if missing:
        raise CheckpointError(
            f"This looks like the {layout}, but {', '.join(missing)} is missing.",
            "The file is incomplete; fetch or save it again.",
            missing=missing,
        )
    return tuple(parts[name].shape[axis] for name in names)


def fill(module: nn.Module, tensors: State, layout: str) -> None:
    """Load ``tensors`` into ``module``; CheckpointError names every tensor that is missing, foreign or misshapen."""
    expected = {name: tuple(tensor.shape) for name, tensor in module.state_dict().items()}
    given = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    missing = sorted(expected.keys() - given.keys())
    foreign = sorted(given.keys() - expected.keys())
    wrong = sorted(f"{n} is {given[n]}, not {expected[n]}" for n in expected.keys() & given if given[n] != expected[n])
    if missing or foreign or wrong:
        lists = (("missing", missing), ("not part of it", foreign), ("of another shape", wrong))
        said = "; ".join(f"{what}: {', '.join(names[:6])}{' …' * (len(names) > 6)}" for what, names in lists if names)
        raise CheckpointError(
            f"This looks like {layout}, but does not fit it. {said}.",
            "The file is incomplete or of another architecture; fetch or save it again.",
            missing=missing,
            foreign=foreign,
            wrong=wrong,
        )
    module.load_state_dict({name: tensor.float() for name, tensor in tensors.items()})
    module.eval().requires_grad_(False)
