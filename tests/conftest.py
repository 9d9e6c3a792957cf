"""What every test may use: real data, reproducible numbers, and one table of tolerances."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hypothesis import settings
from numpy.typing import ArrayLike
from torch import Tensor

Close = Callable[..., None]

TOLERANCES = {torch.float64: 1e-10, torch.float32: 1e-5, torch.float16: 2e-3, torch.bfloat16: 2e-2}
"""Relative and absolute at once, for numbers of about 1."""

settings.register_profile("project", deadline=None, derandomize=True)
settings.load_profile("project")
torch.set_num_threads(1)  # on small pictures, threads wait for each other longer than they compute


@pytest.fixture(autouse=True)
def seed() -> None:
    """The same random numbers in each test, whichever ran before."""
    torch.manual_seed(0)


@pytest.fixture(scope="session")
def close() -> Close:
    """Assert that a tensor agrees with what was expected, within the tolerance of its dtype or of the one given."""

    def check(actual: Tensor, expected: Tensor | ArrayLike, dtype: torch.dtype | None = None) -> None:
        tolerance = TOLERANCES[dtype or actual.dtype]
        wanted = torch.as_tensor(expected, dtype=torch.float64)
        torch.testing.assert_close(actual.detach().double(), wanted.detach(), rtol=tolerance, atol=tolerance)

    return check


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real weights and pictures, which is not part of the project."""
    folder = Path(os.environ.get("ADAIN_SHARED", Path(__file__).parents[2] / "shared"))
    if not folder.is_dir():
        pytest.skip(f"NOT TESTED WITH REAL WEIGHTS: {folder} is not there (ADAIN_SHARED names another folder)")
    return folder
