"""From a model's name or a file's path to networks that are ready to run."""

from __future__ import annotations

from pathlib import Path

from adain_nodes.checkpoints.catalogue import MODELS, WEIGHTS, model, weight_file
from adain_nodes.checkpoints.find import where
from adain_nodes.checkpoints.load import load_state
from adain_nodes.core.errors import CheckpointError
from adain_nodes.models.base import Decoder, Encoder
from adain_nodes.models.feedforward import FeedForward
from adain_nodes.models.layouts import Levels, Networks
from adain_nodes.models.registry import recognise


def load_networks(name: str | Path = "lite", decoder: str | Path | None = None) -> tuple[Encoder, Decoder]:
    """The encoder and the decoder of a model, checked to belong together.

    ``name`` is a model of the catalogue or the path of a weight file; ``decoder``, a path or a name of the catalogue,
    takes the place of the model's own, and is needed where the file holds only an encoder.
    Raises MissingWeightsError for unknown names and absent files, CheckpointError for files that are not understood
    or lack one of the two, and EncoderMismatchError for a decoder of another encoder.
    """
    if str(name) in MODELS or not Path(name).is_file():
        known = model(str(name))
        encoder_file, decoder_file = (where(part).path for part in (known.encoder, known.decoder))
    else:
        encoder_file = decoder_file = Path(name)
    if decoder is not None:
        decoder_file = _path(decoder)
    found = _networks(decoder_file)
    if found.decoder is None:
        raise _lacks_decoder(decoder_file, found)
    if encoder_file == decoder_file and found.encoder is not None:
        encoder = found.encoder
    else:
        encoder = _encoder_for(found.decoder, encoder_file)
    found.decoder.check_encoder(encoder)
    return encoder, found.decoder


def load_encoder(source: str | Path, levels: Levels | None = None) -> Encoder:
    """The encoder in a weight file, named by its path or by the catalogue, with the taps ``levels`` if it is a VGG.

    Raises the errors of ``load_networks``.
    """
    path = _path(source)
    found = _networks(path, levels)
    if found.encoder is None:
        raise _lacks("encoder", path, found, "Name the file of its encoder.")
    return found.encoder


def load_feedforward(source: str | Path) -> FeedForward:
    """The feed-forward network in a weight file. Raises CheckpointError for a file without one."""
    path = Path(source)
    found = _networks(path)
    if found.feedforward is None:
        raise _lacks("feed-forward network", path, found, "Train one with `adain experiment single-style`.")
    return found.feedforward


def load_decoder(source: str | Path) -> Decoder:
    """The decoder in a weight file, named by its path or by the catalogue, not yet checked against any encoder.

    Raises the errors of ``load_networks``.
    """
    path = _path(source)
    found = _networks(path)
    if found.decoder is None:
        raise _lacks_decoder(path, found)
    return found.decoder


def _encoder_for(decoder: Decoder, path: Path) -> Encoder:
    """The encoder in a file; a VGG is cut at the level that the decoder takes."""
    encoder = load_encoder(path)
    if encoder.levels != decoder.levels and encoder.family == decoder.encoder.partition(":")[0]:
        encoder = load_encoder(path, decoder.levels)
    return encoder


def _path(source: str | Path) -> Path:
    if str(source) in WEIGHTS or not Path(source).is_file():
        return where(weight_file(str(source))).path
    return Path(source)


def _networks(path: Path, levels: Levels | None = None) -> Networks:
    state, metadata = load_state(path)
    try:
        return recognise(state, metadata, levels=levels)
    except CheckpointError as error:
        raise CheckpointError(f"{path}: {error.problem}", error.remedy, path=path, **error.facts) from error


def _lacks_decoder(path: Path, found: Networks) -> CheckpointError:
    return _lacks("decoder", path, found, "Name a decoder for it too, such as decoder.pth.")


def _lacks(what: str, path: Path, found: Networks, remedy: str) -> CheckpointError:
    if found.feedforward is not None:
        remedy = "Apply it with `adain feedforward`, or the node Feed-Forward."
    return CheckpointError(f"{path} holds a {found.layout} and no {what}.", remedy, path=path, layout=found.layout)
