"""Styles as files: a few kilobytes of safetensors that anyone can share."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, cast

from safetensors import SafetensorError, safe_open
from safetensors.torch import save as serialise
from torch import Tensor

from adain_nodes.core.errors import CheckpointError
from adain_nodes.core.files import replace_file
from adain_nodes.core.statistics import CONVENTIONS, Statistics
from adain_nodes.core.style import Style

FORMAT = "adain-style-1"


def save_style(style: Style, path: str | os.PathLike[str]) -> Path:
    """Write the style to a safetensors file, whole or not at all; returns its path.

    Raises OutputError when the place cannot be written.
    """
    target = Path(path)
    tensors = {
        f"{name}.{part}": getattr(level, part).detach().float().cpu().contiguous()
        for name, level in zip(style.names, style.levels, strict=True)
        for part in ("mean", "std")
    }
    metadata = {
        "format": FORMAT,
        "levels": json.dumps(style.names),
        "encoder": style.encoder,
        "convention": style.convention.name,
        "note": style.note,
    }
    replace_file(target, serialise(tensors, metadata))
    return target


def load_style(path: str | os.PathLike[str]) -> Style:
    """Read a style that ``save_style`` wrote.

    Raises CheckpointError for a file that is missing, is not a style, or is damaged.
    """
    source = Path(path)
    try:
        with cast("Any", safe_open)(source, framework="pt") as file:
            metadata: dict[str, str] = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise CheckpointError(
                    f"{source} is not a style: its format is {metadata.get('format', 'not given')!r}, not {FORMAT!r}.",
                    "Save styles with `adain styles save` or the SaveStyle node.",
                    path=source,
                )
            names = tuple(cast("list[str]", json.loads(metadata["levels"])))
            levels = tuple(
                _level(name, file.get_tensor(f"{name}.mean"), file.get_tensor(f"{name}.std")) for name in names
            )
            return Style(names, levels, metadata["encoder"], CONVENTIONS[metadata["convention"]], metadata["note"])
    except FileNotFoundError as error:
        raise CheckpointError(f"There is no style file {source}.", "Check the path.", path=source) from error
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"{source} cannot be read as a style: {error}.",
            "The file is damaged or not a style; save the style again.",
            path=source,
        ) from error


def _level(name: str, mean: Tensor, std: Tensor) -> Statistics:
    if mean.ndim != 2 or mean.shape != std.shape:
        raise ValueError(f"{name} has means of shape {tuple(mean.shape)} and deviations of shape {tuple(std.shape)}")
    return Statistics(mean, std)
