from collections.abc import Callable

import pytest
import torch
from torch import Tensor

MakePictures = Callable[..., Tensor]


@pytest.fixture(scope="session")
def make_pictures() -> MakePictures:
    """Pictures of correlated channels, B×3×H×W in [low, high]: the same seed gives the same pictures."""

    def make(*size: int, seed: int = 0, low: float = 0.0, high: float = 1.0) -> Tensor:
        batch, height, width = size
        generator = torch.Generator().manual_seed(seed)
        light = torch.rand(batch, 1, height, width, generator=generator)
        tint = torch.rand(batch, 3, 1, 1, generator=generator)
        noise = torch.rand(batch, 3, height, width, generator=generator)
        return low + (high - low) * (0.5 * light + 0.3 * noise + 0.2 * tint)

    return make
