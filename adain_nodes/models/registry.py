"""Recognise a checkpoint from its keys and shapes, and build the networks that it holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor

from adain_nodes.core.errors import CheckpointError
from adain_nodes.models import layouts
from adain_nodes.models.layouts import Levels, Networks, State


@dataclass(frozen=True)
class Layout:
    """One way to name tensors: ``marks`` are tensors (and the shape that each starts with) that give it away."""

    name: str
    marks: tuple[tuple[str, tuple[int, ...]], ...]
    build: Callable[[State, Mapping[str, str], Levels | None], Networks]

    def matches(self, state: State) -> bool:
        """Whether any mark is there, with its shape."""
        return any(key in state and tuple(state[key].shape)[: len(shape)] == shape for key, shape in self.marks)


LAYOUTS = (
    Layout("lite", (("enc.stem.weight", ()), ("dec.r3.0.narrow.weight", ())), layouts.lite),
    Layout(
        "VGG-19 of this project", (("enc.convs.conv1_1.weight", ()), ("dec.convs.conv1_1.weight", ())), layouts.own_vgg
    ),
    Layout("feed-forward network", (("dec.first.conv.weight", ()),), layouts.feedforward),
    Layout("vgg_normalised.pth", (("0.weight", (3, 3, 1, 1)),), layouts.vgg_normalised),
    Layout("torchvision's VGG-19", (("features.0.weight", (64, 3, 3, 3)),), layouts.vgg_torchvision),
    Layout(
        "decoder.pth",
        tuple(("1.weight", shape) for shape in ((256, 512), (128, 256), (64, 128), (3, 64))),
        layouts.vgg_decoder,
    ),
)


def recognise(
    state: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None, *, levels: Levels | None = None
) -> Networks:
    """Build the networks that a state dict holds.

    ``levels`` asks a VGG encoder for these taps, such as ("relu1_1", …, "relu4_1") for a style loss; without it the
    encoder stops at its deepest relu…_1, relu4_1 at most. Networks come in evaluation mode, float32, on the CPU,
    without gradients. Raises CheckpointError that says what the file holds and what each known layout would need.
    """
    for layout in LAYOUTS:
        if layout.matches(state):
            return layout.build(state, metadata or {}, levels)
    seen = [f"{name} {'×'.join(map(str, tensor.shape))}" for name, tensor in list(state.items())[:4]]
    more = " …" if len(state) > len(seen) else ""
    needed = "; ".join(
        f"{layout.name} has {' or '.join(dict.fromkeys(key for key, _ in layout.marks))}" for layout in LAYOUTS
    )
    raise CheckpointError(
        f"These weights are of no known layout: {len(state)} tensors{', ' * bool(seen)}{', '.join(seen)}{more}.",
        f"Known layouts by their first tensors: {needed}.",
        seen=seen,
    )
