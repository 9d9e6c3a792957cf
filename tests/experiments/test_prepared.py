from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from adain_nodes.core.color.spaces import luminance
from adain_nodes.experiments.prepared import equalised, prepare
from adain_nodes.imaging import read_image, write_image

Close = Callable[..., None]


def test_equalised_luminance_is_evenly_distributed() -> None:
    """Its values, sorted, rise evenly; nothing changes places; another contrast gives the same."""
    dark = 0.4 + 0.2 * torch.rand(1, 1, 20, 30).expand(1, 3, -1, -1)  # grey, so that no colour is clipped
    made = equalised(dark)
    values = luminance(made).flatten().sort().values.numpy()
    assert np.abs(values - np.arange(1, 601) / 600).max() < 2e-3
    assert torch.equal(made[:, 0].flatten().argsort(), dark[:, 0].flatten().argsort())
    assert torch.allclose(equalised(dark**2), made, atol=2e-3)


def test_equalised_pictures_keep_their_colours(close: Close) -> None:
    picture = 0.45 + 0.05 * torch.rand(1, 3, 16, 16)
    made = equalised(picture)
    inside = ((made > 0) & (made < 1)).all(1)
    for one, other in ((0, 1), (1, 2)):
        close((made[:, one] - made[:, other])[inside], (picture[:, one] - picture[:, other])[inside])


def test_constant_pictures_stay_finite() -> None:
    assert torch.isfinite(equalised(torch.full((1, 3, 4, 4), 0.3))).all()


def test_prepared_once_and_without_what_cannot_be_read(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    paths = [tmp_path / f"{number}.png" for number in range(3)]
    for path in paths:
        write_image(path, torch.rand(1, 3, 20, 30))
    paths[1].write_bytes(b"no picture")
    asked: list[int] = []

    def change(picture: torch.Tensor) -> torch.Tensor:
        asked.append(picture.shape[2])
        return 1 - picture

    with caplog.at_level(logging.WARNING, "adain_nodes"):
        folder = prepare(paths, 10, tmp_path / "made", change)
        prepare(paths, 10, tmp_path / "made", change)
    assert asked == [10, 10]
    assert "Left out" in caplog.text
    assert sorted(path.name for path in folder.iterdir()) == ["000000.png", "000002.png"]
    assert read_image(folder / "000000.png").rgb.shape == (1, 3, 10, 15)
