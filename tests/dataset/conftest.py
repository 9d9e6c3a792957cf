"""A small data set, and the threads of the test process kept as they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from adain_nodes.dataset.plan import Job
from adain_nodes.imaging import write_image

PICTURES = ("a.png", "one/b.jpg", "one/c.png", "one/deep/d.webp", "two/e.png", "two/f.png")


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """A stylist takes one thread of its process, which here has other work too."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Six pictures in four folders, and three styles."""
    torch.manual_seed(0)
    for number, name in enumerate((*PICTURES, "../styles/x.png", "../styles/y.png", "../styles/more/z.png")):
        path = tmp_path / "pictures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        write_image(path, torch.rand(1, 3, 20 + number, 24))
    return Job(tmp_path / "pictures", tmp_path / "out", tmp_path / "styles", style_size=0)
