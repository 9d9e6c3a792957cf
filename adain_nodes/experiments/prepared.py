"""Pictures that are changed before anything is trained on them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import torch
from torch import Tensor

from adain_nodes.core.color.luminance import luminance_only
from adain_nodes.core.color.spaces import luminance
from adain_nodes.core.errors import ImageError
from adain_nodes.core.files import make_folder
from adain_nodes.imaging import read_image, resize, write_image

log = logging.getLogger("adain_nodes")


def prepare(paths: Sequence[Path], size: int, folder: Path, change: Callable[[Tensor], Tensor]) -> Path:
    """Write what ``change`` makes of pictures, brought to a short side of ``size``, to a folder; returns it.

    Pictures that are there already are left alone. Those that cannot be read are logged and left out.
    """
    make_folder(folder)
    for number, path in enumerate(paths):
        target = folder / f"{number:06d}.png"
        if target.exists():
            continue
        try:
            picture = read_image(path).rgb
        except ImageError as error:
            log.warning("Left out: %s", error)
        else:
            write_image(target, change(resize(picture, size)), compression=1)
    return folder


def equalised(picture: Tensor) -> Tensor:
    """A picture 1×3×H×W in [0, 1] whose luminance is evenly distributed, its colours kept."""
    grey = luminance(picture)
    ordered, _ = grey.flatten().sort()
    rank = torch.searchsorted(ordered, grey.flatten(), right=True) / grey.numel()
    return luminance_only(rank.reshape(grey.shape).expand_as(picture), picture)
