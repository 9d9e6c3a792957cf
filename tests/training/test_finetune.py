from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import pytest
import torch

from adain_nodes.core.errors import InvalidValueError, MissingWeightsError
from adain_nodes.imaging import read_image
from adain_nodes.models.base import Decoder, Encoder
from adain_nodes.training import data, finetune
from adain_nodes.training.finetune import finetune_decoder
from adain_nodes.training.loop import Progress
from adain_nodes.training.report import Report

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
    reports: list[Report] = []

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
        preview=reports.append,
        cancelled=lambda: len(seen) == 8,
    )
    assert (outcome.step, outcome.cancelled) == (8, True)
    assert [report.step for report in reports] == [4, 8]
    assert "checkpoint.safetensors" in kept
    assert sum(now.losses["style"] for now in seen[-3:]) < sum(now.losses["style"] for now in seen[:3])
    assert outcome.encoder.fingerprint() == encoder.fingerprint()
    outcome.decoder.check_encoder(encoder)
    assert not list(tmp_path.glob("adain-*"))


def test_a_run_with_a_folder_goes_on(networks: Networks, loss_network: Encoder, tmp_path: Path) -> None:
    encoder, decoder = networks
    torch.manual_seed(0)
    content, style = torch.rand(2, 3, 64, 70), torch.rand(1, 3, 64, 64)
    start = partial(finetune_decoder, [content], [style], encoder=encoder, decoder=decoder, loss_network=loss_network)
    start = partial(start, batch=1, crop=32, device="cpu")
    whole = start(steps=12)
    seen: list[int] = []
    start(steps=12, folder=tmp_path, cancelled=lambda: True)
    continued = start(steps=12, folder=tmp_path, progress=lambda now: seen.append(now.step))
    assert seen == list(range(2, 13))
    assert all(
        tensor.equal(continued.decoder.state_dict()[name]) for name, tensor in whole.decoder.state_dict().items()
    )
    with pytest.raises(InvalidValueError, match="other settings: seed"):
        start(steps=12, folder=tmp_path, seed=1)


def test_without_the_loss_network(networks: Networks, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for variable in ("ADAIN_WEIGHTS_DIR", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(tmp_path))
    encoder, decoder = networks
    with pytest.raises(MissingWeightsError, match="vgg_normalised"):
        finetune_decoder([tmp_path], [tmp_path], encoder=encoder, decoder=decoder)


def test_what_fits_into_memory_is_read_once(
    networks: Networks,
    loss_network: Encoder,
    folders: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    encoder, decoder = networks
    start = partial(finetune_decoder, [folders[0]], [(folders[1], 2.0)], encoder=encoder, decoder=decoder)
    start = partial(start, loss_network=loss_network, steps=6, crop=32, device="cpu")
    reads: list[Path] = []
    monkeypatch.setattr(data, "read_image", lambda path: reads.append(path) or read_image(path))
    start()
    assert len(reads) == len(set(reads)) == 11
    monkeypatch.setattr(finetune, "CACHE_BYTES", 10 * 3 * 64**2)
    start()
    assert len(reads) > 11 + 40
