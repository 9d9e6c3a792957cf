"""What a network that stays as it is has seen of pictures that come again."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor


class Memory:
    """Asks ``look`` once about each picture with a number, and keeps the answer for as long as the run goes on.

    ``look`` takes 1×3×H×W or more pictures and returns tensors of as many, along their first axis. Pictures are looked
    at one by one, so that an answer does not depend, not even in its last bit, on which others came along.
    """

    def __init__(self, look: Callable[[Tensor], tuple[Tensor, ...]]) -> None:
        self._look = look
        self._kept: dict[int, tuple[Tensor, ...]] = {}

    @torch.no_grad()
    def __call__(self, pictures: Tensor, numbers: Tensor | None) -> tuple[Tensor, ...]:
        """The answers for B pictures; without their ``numbers``, B, they are looked at together and not kept."""
        if numbers is None:
            return self._look(pictures)
        wanted: list[int] = numbers.tolist()
        for number, picture in zip(wanted, pictures.split(1), strict=True):
            if number not in self._kept:
                self._kept[number] = self._look(picture)
        return tuple(torch.cat(same) for same in zip(*(self._kept[number] for number in wanted), strict=True))
