"""The embedded model in float32, and example pictures of about 96×96 pixels."""

from __future__ import annotations

import pytest
from torch import Tensor

from adain_nodes.core.style import Style
from adain_nodes.imaging import read_image, resize
from adain_nodes.pipeline import StyleTransfer
from adain_nodes.resources import resource


def example(*parts: str) -> Tensor:
    return resize(read_image(resource("examples", "pictures", *parts)).rgb, 96)


@pytest.fixture(scope="session")
def transfer() -> StyleTransfer:
    """The embedded model, as every machine runs it."""
    return StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32")


@pytest.fixture(scope="session")
def cat() -> Tensor:
    """A photograph, mostly red, 1×3×96×128."""
    return example("content", "cat.jpg")


@pytest.fixture(scope="session")
def castle() -> Tensor:
    """A photograph, mostly blue, 1×3×96×128."""
    return example("content", "castle.jpg")[..., :128]


@pytest.fixture(scope="session")
def starry() -> Tensor:
    """A painting, mostly blue, 1×3×96×121."""
    return example("style", "starry_night.jpg")


@pytest.fixture(scope="session")
def road() -> Tensor:
    """A painting, mostly yellow, 1×3×109×96."""
    return example("style", "road_to_tarascon.jpg")


@pytest.fixture(scope="session")
def night(transfer: StyleTransfer, starry: Tensor) -> Style:
    """The style of the blue painting."""
    return transfer.encode_style(starry, size=0)
