from __future__ import annotations

import pytest
import torch
from torch import Tensor

from adain_nodes.training.memory import Memory

ASKED: list[int] = []


def look(pictures: Tensor) -> tuple[Tensor, ...]:
    ASKED.append(len(pictures))
    return pictures.mean((1, 2, 3)), pictures.flatten(1)


def test_each_picture_is_looked_at_once() -> None:
    ASKED.clear()
    memory, pictures = Memory(look), torch.rand(3, 3, 4, 4)
    for chosen in ([0, 1, 0], [2, 1, 0]):
        means, flat = memory(pictures[chosen], torch.tensor(chosen) + 10)
        assert torch.equal(means, torch.cat([pictures[[i]].mean((1, 2, 3)) for i in chosen]))
        assert torch.equal(flat, pictures[chosen].flatten(1))
    assert ASKED == [1, 1, 1]


def test_more_pictures_than_a_slab_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adain_nodes.training.memory._ROWS", 2)
    memory, pictures = Memory(lambda image: (image.to(memory_format=torch.channels_last),)), torch.rand(5, 3, 4, 4)
    for chosen in ([0, 1, 2], [4, 3, 2, 1, 0]):
        (kept,) = memory(pictures[chosen], torch.tensor(chosen))
        assert torch.equal(kept, pictures[chosen])


def test_without_numbers_nothing_is_kept() -> None:
    ASKED.clear()
    memory, pictures = Memory(look), torch.rand(3, 3, 4, 4, requires_grad=True)
    for _ in range(2):
        means, _flat = memory(pictures, None)
        assert not means.requires_grad
    assert ASKED == [3, 3]
