"""Writing the project's own weight files: safetensors with ``enc.…`` and ``dec.…``, float32, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors.torch import save as serialise

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.files import replace_file
from adain_nodes.models.base import Encoder, Generator


def save_networks(
    path: str | os.PathLike[str],
    encoder: Encoder | None = None,
    decoder: Generator | None = None,
    metadata: Mapping[str, str] | None = None,
) -> Path:
    """Write an encoder, a decoder or both to ``path`` so that ``registry.recognise`` knows them; returns the path.

    The file says which encoder the decoder belongs to: the one written with it, or the one that it names itself.
    Raises InvalidValueError without a network, OutputError where the place cannot be written (an older file stays).
    """
    if encoder is None and decoder is None:
        raise InvalidValueError("There is no network to save.", "Pass an encoder, a decoder or both.")
    parts = (("enc.", encoder), ("dec.", decoder))
    tensors = {
        f"{prefix}{name}": tensor.detach().to("cpu", torch.float32).contiguous()
        for prefix, network in parts
        if network is not None
        for name, tensor in network.state_dict().items()
    }
    known: dict[str, str] = {}
    if encoder is not None:
        known["family"] = encoder.family
    if decoder is not None:
        known["encoder"] = encoder.fingerprint() if encoder is not None else decoder.encoder
    target = Path(path)
    replace_file(target, serialise(tensors, {"format": "pt", **(metadata or {}), **known}))
    return target
