"""Networks by the names that the nodes offer: those of the catalogue, and files of the host's model folder."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import torch

from adain_nodes.checkpoints import networks
from adain_nodes.checkpoints.catalogue import MODELS, WEIGHTS, weight_file
from adain_nodes.checkpoints.find import where
from adain_nodes.comfy import host
from adain_nodes.comfy.types import LoadedDecoder, LoadedEncoder
from adain_nodes.core.errors import MissingWeightsError
from adain_nodes.encoding import StyleEncoder
from adain_nodes.pipeline import StyleTransfer

ENCODERS = tuple(dict.fromkeys(model.encoder.name for model in MODELS.values()))
DECODERS = tuple(dict.fromkeys(model.decoder.name for model in MODELS.values()))


class Stamp(NamedTuple):
    """A file as it is now: when it is replaced, the stamp is another one."""

    path: str
    modified: int
    bytes: int

    @classmethod
    def of(cls, path: Path) -> Stamp:
        """The stamp of a file."""
        facts = path.stat()
        return cls(str(path), facts.st_mtime_ns, facts.st_size)


def choices(known: tuple[str, ...]) -> list[str]:
    """The names of the catalogue, and after them the weight files in the host's folder."""
    return [*known, *(name for name in host.model_files() if name not in known)]


def find(name: str) -> Stamp:
    """The weight file of a name. Raises MissingWeightsError, which says where it was looked for."""
    path = None if name in WEIGHTS else host.model_path(name)
    if path is None and name not in WEIGHTS:
        folder = host.model_folders()[0]
        raise MissingWeightsError(f"There is no weight file {name}.", f"Put it into {folder}, or choose another one.")
    path = path or where(weight_file(name), None, host.model_folders()).path
    return Stamp.of(Path(path))


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


def style_encoder(encoder: LoadedEncoder) -> StyleEncoder:
    """The pipeline's first half, with a network that ``host.load`` must have put on the host's device."""
    ours = StyleEncoder(encoder.network, host.backend())
    ours.fingerprint = encoder.fingerprint
    return ours


class HostedTransfer(StyleTransfer):
    """The whole pipeline, with networks that ``host.load`` must have put on the host's device."""

    def __init__(self, decoder: LoadedDecoder) -> None:
        StyleEncoder.__init__(self, decoder.encoder.network, host.backend())
        self.decoder, self.fingerprint = decoder.network, decoder.encoder.fingerprint


def stamps(model: str) -> list[str | int]:
    """What changes when a weight file of a model of the catalogue is replaced; raises as ``find``."""
    known = MODELS[model]
    return [*find(known.encoder.name), *find(known.decoder.name)]


def load_model(model: str) -> HostedTransfer:
    """The pipeline of a model of the catalogue, on the host's device; raises as ``load_encoder``."""
    known = MODELS[model]
    encoder = load_encoder(find(known.encoder.name))
    decoder = load_decoder(find(known.decoder.name), encoder)
    host.load(encoder.patcher, decoder.patcher)
    return HostedTransfer(decoder)
