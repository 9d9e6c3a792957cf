"""Networks by the names that the nodes offer: those of the catalogue, and files of the host's model folder."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from adain_nodes.checkpoints import networks
from adain_nodes.checkpoints.catalogue import MODELS, WEIGHTS, weight_file
from adain_nodes.checkpoints.find import where
from adain_nodes.comfy import host
from adain_nodes.comfy.types import LoadedDecoder, LoadedEncoder
from adain_nodes.core.adain import Features
from adain_nodes.core.sizing import Size, pad_to_minimum

ENCODERS = tuple(dict.fromkeys(model.encoder.name for model in MODELS.values()))
DECODERS = tuple(dict.fromkeys(model.decoder.name for model in MODELS.values()))


class Stamp(NamedTuple):
    """A file as it is now: when it is replaced, the stamp is another one."""

    path: str
    modified: int
    bytes: int


def choices(known: tuple[str, ...]) -> list[str]:
    """The names of the catalogue, and after them the weight files in the host's folder."""
    return [*known, *(name for name in host.model_files() if name not in known)]


def find(name: str) -> Stamp:
    """The weight file of a name. Raises MissingWeightsError, which says where it was looked for."""
    path = None if name in WEIGHTS else host.model_path(name)
    path = path or where(weight_file(name), None, host.model_folders()).path
    facts = Path(path).stat()
    return Stamp(str(path), facts.st_mtime_ns, facts.st_size)


@lru_cache(maxsize=2)
def load_encoder(file: Stamp) -> LoadedEncoder:
    """The encoder of a file, one for all nodes that ask. Raises the errors of ``checkpoints.networks``."""
    with torch.inference_mode(False):  # inside the host's, they could never be trained
        network = networks.load_encoder(file.path)
        network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        return LoadedEncoder(network, host.patcher(network), network.fingerprint())


@lru_cache(maxsize=2)
def load_decoder(file: Stamp, encoder: LoadedEncoder) -> LoadedDecoder:
    """The decoder of a file, checked to belong to the encoder. Raises the errors of ``checkpoints.networks``."""
    with torch.inference_mode(False):
        network = networks.load_decoder(file.path)
        network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        network.check_encoder(encoder.network)
        return LoadedDecoder(network, host.patcher(network), encoder)


def encode(encoder: LoadedEncoder, rgb: Tensor) -> Features:
    """Features of B×3×H×W of any size, on the host's device, where ``host.load`` must have put the encoder."""
    backend = host.backend()
    with backend.running():
        return encoder.network(backend.place(pad_to_minimum(rgb, encoder.network.minimum_size)))


def decode(decoder: LoadedDecoder, features: Features, size: Size) -> Tensor:
    """B×3×H×W of exactly ``size`` from features that lie anywhere, on the host's device."""
    backend = host.backend()
    with backend.running():
        return decoder.network.decode(tuple(level.to(backend.device) for level in features), size)
