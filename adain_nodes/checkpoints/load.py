"""Reading weight files without ever running what is in them."""

from __future__ import annotations

import pickle
import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from adain_nodes.core.errors import CheckpointError

_WRAPPERS = ("state_dict", "model", "params")
_FETCH_AGAIN = "Compare it with `adain weights verify`, or fetch it again."
_EXPORT = "Save the network with `torch.save(network.state_dict(), path)`."

# `torch.save` writes a zip archive; before version 1.6, and in the public AdaIN weights, pickles that start with this.
_ZIP = b"PK\x03\x04"
_LEGACY = b"\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."

# What torch's restricted unpickler raises on damaged input: whatever breaks first.
_DAMAGED = (
    pickle.UnpicklingError,
    struct.error,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    RuntimeError,
    TypeError,
    ValueError,
)


class _Kind(NamedTuple):
    looks_like: str
    remedy: str


_PYTORCH = _Kind("a PyTorch checkpoint", "Give it the ending .pth.")
_SAFETENSORS = _Kind("a safetensors file", "Give it the ending .safetensors.")
_EMPTY = _Kind("an empty file", "Fetch it again.")
_LFS_POINTER = _Kind("a Git LFS pointer in place of the file", "Run `git lfs pull` where it comes from.")
_PAGE = _Kind("a web page in place of the file", "Fetch the file itself: the page may ask for a login.")
_PICKLE = _Kind("a plain pickle, which may run code", "Ask for a file made by `torch.save`, or for safetensors.")
_UNKNOWN = _Kind("no format of weights", _FETCH_AGAIN)


def load_state(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """The state dict of a weight file, on the CPU, and its metadata.

    ``.safetensors`` is read as such; anything else by ``torch.load(weights_only=True)``, with no second try. A state
    dict inside ``{"state_dict": …}``, ``{"model": …}`` or ``{"params": …}`` is taken out. Only safetensors have
    metadata.
    Raises CheckpointError for a file that is missing, damaged, of another format, or asks for more than tensors.
    """
    wanted = _SAFETENSORS if path.suffix.lower() == ".safetensors" else _PYTORCH
    kind = _kind(path)
    if kind is not wanted:
        raise CheckpointError(
            f"{path} looks like {kind.looks_like}; {wanted.looks_like} was expected.", kind.remedy, path=path
        )
    return _read_safetensors(path) if wanted is _SAFETENSORS else (_state_dict(_read_pytorch(path), path), {})


def _kind(path: Path) -> _Kind:
    try:
        with path.open("rb") as file:
            head = file.read(256)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}.", "Check the path.", path=path) from error
    signs = (
        (not head, _EMPTY),
        (head.startswith(_ZIP) or _LEGACY in head[:32], _PYTORCH),
        (head[8:9] == b"{", _SAFETENSORS),
        (head.startswith(b"version https://git-lfs"), _LFS_POINTER),
        (head.lstrip().startswith(b"<"), _PAGE),
        (head.startswith(b"\x80"), _PICKLE),
    )
    return next((kind for matches, kind in signs if matches), _UNKNOWN)


def _read_safetensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    try:
        with safe_open(path, framework="pt") as file:
            return {key: file.get_tensor(key) for key in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except SafetensorError as error:
        raise CheckpointError(f"{path} is incomplete or damaged: {error}.", _FETCH_AGAIN, path=path) from error


def _read_pytorch(path: Path) -> Any:
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except _DAMAGED as error:
        if refused := re.search(r"GLOBAL (\S+)", str(error)):
            raise CheckpointError(
                f"{path} asks for {refused[1]}, which is more than tensors, and was refused: it may run code.",
                "Ask for a state dict, best as safetensors; do not open the file by other means unless you trust it.",
                path=path,
                refused=refused[1],
            ) from error
        raise CheckpointError(
            f"{path} is incomplete, damaged, or no state dict of PyTorch.", _FETCH_AGAIN, path=path
        ) from error


def _state_dict(loaded: Any, path: Path) -> dict[str, Tensor]:
    """The state dict in what a file holds, one wrapper deep."""
    found = loaded
    if isinstance(loaded, Mapping):
        found = next((loaded[key] for key in _WRAPPERS if isinstance(loaded.get(key), Mapping)), loaded)
    if not isinstance(found, Mapping) or not found:
        raise CheckpointError(f"{path} holds no state dict but {type(found).__name__}.", _EXPORT, path=path)
    others = [key for key, value in found.items() if not (isinstance(key, str) and isinstance(value, Tensor))]
    if others:
        raise CheckpointError(
            f"{path} holds more than named tensors: {', '.join(map(str, others[:5]))}.", _EXPORT, path=path
        )
    return dict(found)
