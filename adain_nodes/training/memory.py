"""What a network that stays as it is has seen of pictures that come again."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

_ROWS = 256
"""Answers in a slab. Kept one by one between the large maps that come and go, they would break the heap into pieces
that no later map fits into: 24 GB in place of 2 after three thousand pictures."""


class Memory:
    """Asks ``look`` once about each picture with a number, and keeps the answer for as long as the run goes on.

    ``look`` takes 1×3×H×W or more pictures and returns tensors of as many, along their first axis. Pictures are looked
    at one by one, so that an answer does not depend, not even in its last bit, on which others came along.
    """

    def __init__(self, look: Callable[[Tensor], tuple[Tensor, ...]]) -> None:
        self._look = look
        self._places: dict[int, int] = {}
        self._slabs: list[tuple[Tensor, ...]] = []

    @torch.no_grad()
    def __call__(self, pictures: Tensor, numbers: Tensor | None) -> tuple[Tensor, ...]:
        """The answers for B pictures; without their ``numbers``, B, they are looked at together and not kept."""
        if numbers is None:
            return self._look(pictures)
        wanted: list[int] = numbers.tolist()
        for number, picture in zip(wanted, pictures.split(1), strict=True):
            if number not in self._places:
                self._keep(number, self._look(picture))
        return tuple(torch.cat(same) for same in zip(*map(self._kept, wanted), strict=True))

    def _keep(self, number: int, answer: tuple[Tensor, ...]) -> None:
        place = self._places[number] = len(self._places)
        if place % _ROWS == 0:
            self._slabs.append(tuple(_slab(tensor) for tensor in answer))
        for slab, tensor in zip(self._slabs[-1], answer, strict=True):
            slab[place % _ROWS] = tensor[0]

    def _kept(self, number: int) -> tuple[Tensor, ...]:
        slab, row = divmod(self._places[number], _ROWS)
        return tuple(tensor[row : row + 1] for tensor in self._slabs[slab])


def _slab(like: Tensor) -> Tensor:
    layout = torch.channels_last if like.ndim == 4 else torch.contiguous_format
    return torch.empty(
        (_ROWS, *like.shape[1:]), dtype=like.dtype, device=like.device, memory_format=layout, requires_grad=False
    )
