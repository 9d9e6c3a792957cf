from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
import torch
from PIL import Image

from adain_nodes.core.errors import MissingWeightsError
from adain_nodes.models.base import Decoder, Encoder
from adain_nodes.training.finetune import finetune_decoder
from adain_nodes.training.loop import Progress

Networks = tuple[Encoder, Decoder]


def test_a_decoder_learns_from_pictures_in_memory(
    networks: Networks, loss_network: Encoder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    encoder, decoder = networks
    torch.manual_seed(0)
    content, style = torch.rand(2, 3, 64, 70), torch.rand(1, 3, 64, 64)
    seen: list[Progress] = []
    kept: set[str] = set()
    sheets: list[tuple[int, Image.Image]] = []

    def note(now: Progress) -> None:
        seen.append(now)
        kept.update(path.name for path in tmp_path.glob("adain-*/*"))

    outcome = finetune_decoder(
        [content],
        [style],
        encoder=encoder,
        decoder=decoder,
        loss_network=loss_network,
        steps=40,
        batch=1,
        learning_rate=5e-3,
        crop=32,
        device="cpu",
        progress=note,
        preview=lambda *sheet: sheets.append(sheet),
        cancelled=lambda: len(seen) == 8,
    )
    assert (outcome.step, outcome.cancelled) == (8, True)
    assert [step for step, _ in sheets] == [4, 8]
    assert "checkpoint.safetensors" in kept
    assert sum(now.losses["style"] for now in seen[-3:]) < sum(now.losses["style"] for now in seen[:3])
    assert outcome.encoder.fingerprint() == encoder.fingerprint()
    outcome.decoder.check_encoder(encoder)
    assert not list(tmp_path.glob("adain-*"))


def test_without_the_loss_network(networks: Networks, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("ADAIN_WEIGHTS_DIR", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    encoder, decoder = networks
    with pytest.raises(MissingWeightsError, match="vgg_normalised"):
        finetune_decoder([tmp_path], [tmp_path], encoder=encoder, decoder=decoder)
