from __future__ import annotations

from pathlib import Path

import pytest
import torch

from adain_nodes.checkpoints.load import load_state
from adain_nodes.checkpoints.save import save_networks
from adain_nodes.core.errors import InvalidValueError, OutputError
from adain_nodes.models.base import Decoder, Encoder
from adain_nodes.models.lite import LiteDecoder, LiteEncoder
from adain_nodes.models.registry import recognise
from adain_nodes.models.vgg import TORCHVISION, VGGDecoder, VGGEncoder

WIDTHS = (8, 8, 16)


def same(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    return all(tensor.equal(other.state_dict()[name]) for name, tensor in one.state_dict().items())


@pytest.mark.parametrize(
    ("encoder", "decoder"),
    [
        (LiteEncoder(WIDTHS), LiteDecoder(WIDTHS)),
        (VGGEncoder(("relu2_1",), TORCHVISION), VGGDecoder("relu2_1")),
    ],
)
def test_round_trip(tmp_path: Path, encoder: Encoder, decoder: Decoder) -> None:
    path = save_networks(tmp_path / "pair.safetensors", encoder, decoder, {"training": "none"})
    state, metadata = load_state(path)
    found = recognise(state, metadata)
    assert metadata["training"] == "none"
    assert found.encoder is not None
    assert found.decoder is not None
    assert same(found.encoder, encoder)
    assert same(found.decoder, decoder)
    assert found.encoder.fingerprint() == encoder.fingerprint()
    found.decoder.check_encoder(encoder)


def test_a_decoder_alone_names_its_encoder(tmp_path: Path) -> None:
    decoder = VGGDecoder("relu1_1", "vgg19-torchvision:abc")
    found = recognise(*load_state(save_networks(tmp_path / "d.safetensors", decoder=decoder)))
    assert found.encoder is None
    assert found.decoder is not None
    assert found.decoder.encoder == "vgg19-torchvision:abc"


def test_half_precision_is_written_as_float32(tmp_path: Path) -> None:
    state, _ = load_state(save_networks(tmp_path / "e.safetensors", LiteEncoder(WIDTHS).half()))
    assert {tensor.dtype for tensor in state.values()} == {torch.float32}


def test_nothing_to_save(tmp_path: Path) -> None:
    with pytest.raises(InvalidValueError, match="no network to save"):
        save_networks(tmp_path / "n.safetensors")


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="cannot be written: its folder does not exist"):
        save_networks(tmp_path / "nowhere" / "n.safetensors", LiteEncoder(WIDTHS))
    assert not list(tmp_path.iterdir())
