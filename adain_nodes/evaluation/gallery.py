"""The pictures that quality is measured on."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from adain_nodes.imaging import find_images, read_square


@dataclass(frozen=True, eq=False)
class Gallery:
    """Pictures of one size, N×3×H×W, RGB in [0, 1], and a name for each."""

    pictures: Tensor
    names: tuple[str, ...]

    @classmethod
    def read(cls, patterns: Iterable[str | os.PathLike[str]], side: int = 256) -> Gallery:
        """The pictures that ``patterns`` name (see ``find_images``), as the protocol says: N×3×side×side.

        Each is called by its file's name, or by the whole path where two files have one name. Raises ImageError for a
        pattern without a match and a picture that cannot be read.
        """
        paths = find_images(patterns)
        count = Counter(path.name for path in paths)
        names = tuple(path.name if count[path.name] == 1 else str(path) for path in paths)
        return cls(torch.cat([read_square(path, side) for path in paths]), names)

    @cached_property
    def digests(self) -> tuple[str, ...]:
        """Of each picture, sixteen hexadecimal digits that change with its shape and any of its values."""
        return tuple(_digest(picture) for picture in self)

    def __len__(self) -> int:
        return len(self.pictures)

    def __iter__(self) -> Iterator[Tensor]:
        """One 1×3×H×W after another."""
        return iter(self.pictures.split(1))

    def __getitem__(self, number: int) -> Tensor:
        """One picture 1×3×H×W."""
        return self.pictures[number : number + 1]


def _digest(picture: Tensor) -> str:
    values = picture.detach().cpu().float().contiguous().numpy()
    return hashlib.sha256(f"{values.shape}".encode() + values.tobytes()).hexdigest()[:16]
