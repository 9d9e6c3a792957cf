from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from adain_nodes.checkpoints.load import load_state
from adain_nodes.checkpoints.networks import load_networks
from adain_nodes.core.errors import EncoderMismatchError, InvalidValueError
from adain_nodes.models.base import Decoder, Encoder
from adain_nodes.models.lite import LiteEncoder
from adain_nodes.models.mirror import mirror_decoder
from adain_nodes.models.vgg import VGGDecoder, VGGEncoder
from adain_nodes.training import loop
from adain_nodes.training.checkpoint import load_checkpoint
from adain_nodes.training.config import TrainingConfig
from adain_nodes.training.loop import Outcome, Progress, train
from adain_nodes.training.processes import Processes
from adain_nodes.training.report import Report
from adain_nodes.training.run import DivergedError

Configure = Callable[..., TrainingConfig]
Train = Callable[..., Outcome]


@pytest.fixture
def run(tmp_path: Path, folders: tuple[Path, Path], networks: tuple[Encoder, Decoder], loss_network: Encoder) -> Train:
    """Train the tiny networks in ``tmp_path/run``."""

    def start(config: TrainingConfig, **options: Any) -> Outcome:
        encoder, decoder = networks
        networks_given = {"encoder": encoder, "decoder": decoder, "loss_network": loss_network}
        usual = {"contents": [folders[0]], "styles": [folders[1]], "folder": tmp_path / "run", "device": "cpu"}
        return train(config, **{**networks_given, **usual, **options})

    return start


def same_weights(one: Outcome, other: Outcome) -> bool:
    pairs = zip((one.encoder, one.decoder), (other.encoder, other.decoder), strict=True)
    return all(a.state_dict()[name].equal(b.state_dict()[name]) for a, b in pairs for name in a.state_dict())


def test_it_learns(run: Train, config: Configure) -> None:
    seen: list[Progress] = []
    outcome = run(config(steps=40, learning_rate=5e-3), progress=seen.append)
    assert [now.step for now in seen] == list(range(1, 41))
    first, last = (sum(now.losses["total"] for now in part) for part in (seen[:10], seen[-10:]))
    assert last < 0.8 * first
    assert outcome.losses == seen[-1].losses
    assert seen[-1].seconds_left == 0 < seen[0].seconds_left
    assert (outcome.step, outcome.cancelled, outcome.verdict, outcome.skipped) == (40, False, "too early to tell", {})
    outcome.decoder.check_encoder(outcome.encoder)


def test_folder(run: Train, config: Configure, tmp_path: Path, networks: tuple[Encoder, Decoder]) -> None:
    reports: list[Report] = []
    outcome = run(config(steps=3, sample_every=2), machine="an abacus", preview=reports.append)
    folder = tmp_path / "run"
    assert sorted(path.name for path in (folder / "samples").iterdir()) == ["000002.jpg", "000003.jpg"]
    assert [report.step for report in reports] == [2, 3]
    with Image.open(folder / "curve.png") as curve:
        assert np.array_equal(curve, reports[-1].curve)
    assert load_checkpoint(folder / "checkpoint.safetensors").step == 3
    encoder, decoder = load_networks(folder / "weights.safetensors")
    assert encoder.fingerprint() == outcome.encoder.fingerprint() != networks[0].fingerprint()
    assert all(tensor.equal(outcome.decoder.state_dict()[name]) for name, tensor in decoder.state_dict().items())
    record = json.loads(load_state(folder / "weights.safetensors")[1]["training"])
    assert record["step"] == 3
    assert (record["contents"], record["styles"]) == (6, 5)
    assert (record["processes"], record["machine"]) == (1, "an abacus")
    assert TrainingConfig(**record["config"]) == config(steps=3, sample_every=2)


def test_cancelled_and_continued(run: Train, config: Configure, tmp_path: Path) -> None:
    whole = run(config(steps=5), folder=tmp_path / "whole")
    asked = iter([False, True])
    stopped = run(config(steps=5), cancelled=lambda: next(asked))
    assert (stopped.cancelled, stopped.step) == (True, 2)
    assert load_checkpoint(tmp_path / "run" / "checkpoint.safetensors").step == 2
    continued = run(config(steps=5), resume=True)
    assert (continued.cancelled, continued.step) == (False, 5)
    assert same_weights(continued, whole)


def test_more_steps_and_none_left(run: Train, config: Configure) -> None:
    run(config(steps=2))
    longer = run(config(steps=4), resume=True)
    reports: list[Report] = []
    done = run(config(steps=4), resume=True, preview=reports.append)
    assert longer.step == done.step == 4
    assert [report.step for report in reports] == [4]
    assert done.losses == pytest.approx(longer.losses)


def test_a_run_is_not_overwritten(run: Train, config: Configure) -> None:
    run(config())
    with pytest.raises(InvalidValueError, match="holds a run already"):
        run(config())
    with pytest.raises(InvalidValueError, match=r"other settings: seed \(1, not 0\)"):
        run(config(seed=1), resume=True)


def test_accumulated_batches_learn_alike(run: Train, config: Configure, tmp_path: Path) -> None:
    losses: list[float] = []
    for parts in (1, 2):
        run(
            config(batch=4, accumulate=parts, noise_weight=1.0),
            folder=tmp_path / str(parts),
            progress=lambda now: losses.append(now.losses["total"]),
        )
    assert losses[:3] == pytest.approx(losses[3:], rel=1e-4)


def test_another_than_the_first_process_writes_nothing(
    run: Train, config: Configure, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "join", lambda device: Processes(1, 1, torch.device(device)))
    seen: list[Any] = []
    outcome = run(config(batch=3), progress=seen.append, preview=seen.append)
    assert outcome.step == 3
    assert list((tmp_path / "run").iterdir()) == seen == []


@pytest.mark.parametrize("objective", ["joint", "decoder"])
def test_in_inference_mode(run: Train, config: Configure, objective: str) -> None:
    """Where a host calls a graph node, and where all networks and pictures were made."""
    with torch.inference_mode():
        encoder = VGGEncoder(("relu1_1",)) if objective == "decoder" else LiteEncoder((8, 8, 16))
        decoder, judge = mirror_decoder(encoder), VGGEncoder(("relu1_1",))
        pictures = torch.rand(2, 3, 40, 44)
        before = [tensor.clone() for tensor in decoder.state_dict().values()]
        parts = {"encoder": encoder, "decoder": decoder, "loss_network": judge}
        outcome = run(config(objective=objective), **parts, contents=[pictures], styles=[pictures])
    now = (network.state_dict().values() for network in (decoder, outcome.decoder))
    same = [[torch.equal(*both) for both in zip(before, tensors, strict=True)] for tensors in now]
    assert all(same[0])
    assert not any(same[1])
    assert not any(parameter.is_inference() for parameter in outcome.decoder.parameters())


def test_divergence_leaves_the_last_good_checkpoint(
    run: Train, config: Configure, loss_network: Encoder, tmp_path: Path
) -> None:
    steps: list[Progress] = []
    with pytest.raises(DivergedError, match=r"diverged at step 3: total nan, .* holds its last checkpoint") as caught:
        run(config(steps=9, checkpoint_every=2), loss_network=_Failing(loss_network, after=2), progress=steps.append)
    assert len(steps) == 2
    assert caught.value.facts["step"] == 3
    checkpoint = load_checkpoint(tmp_path / "run" / "checkpoint.safetensors")
    assert checkpoint.step == 2
    assert all(torch.isfinite(tensor).all() for tensor in checkpoint.tensors.values())
    assert run(config(steps=9, checkpoint_every=2), resume=True).step == 9


class _Failing(Encoder):
    """A loss network that gives NaN after some steps of three calls each."""

    margin = 0

    def __init__(self, network: Encoder, after: int) -> None:
        super().__init__()
        self.network, self.left = network, 3 * after
        for name in ("family", "levels", "channels", "strides", "convention"):
            setattr(self, name, getattr(network, name))

    def fingerprint(self) -> str:
        return self.network.fingerprint()

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        self.left -= 1
        return tuple(level * (1 if self.left >= 0 else float("nan")) for level in self.network(image))


def test_a_decoder_for_a_fixed_encoder(run: Train, config: Configure, tmp_path: Path) -> None:
    """The paper's case: only the decoder changes, and only it is written."""
    encoder = VGGEncoder(("relu2_1",)).requires_grad_(False)
    loss_network = VGGEncoder(("relu1_1", "relu2_1")).requires_grad_(False)
    loss_network.load_state_dict(encoder.state_dict())
    decoder = VGGDecoder("relu2_1", encoder.fingerprint())
    settings = config(objective="decoder", content_target="t", steps=1)
    outcome = run(settings, encoder=encoder, decoder=decoder, loss_network=loss_network)
    assert outcome.encoder.fingerprint() == encoder.fingerprint()
    state, metadata = load_state(tmp_path / "run" / "weights.safetensors")
    assert all(name.startswith("dec.") for name in state)
    assert metadata["encoder"] == encoder.fingerprint()
    assert not torch.equal(state["dec.convs.conv1_1.weight"], decoder.state_dict()["convs.conv1_1.weight"])


def test_corrupt_pictures_are_reported(run: Train, config: Configure, folders: tuple[Path, Path]) -> None:
    broken = folders[1] / "broken.jpg"
    broken.write_bytes(b"no picture")
    assert list(run(config(steps=12)).skipped) == [broken]


def test_a_decoder_of_another_encoder(run: Train, config: Configure, networks: tuple[Encoder, Decoder]) -> None:
    networks[1].encoder = "lite:000000000000"
    with pytest.raises(EncoderMismatchError, match="trained for lite:000000000000"):
        run(config())


def test_bfloat16(run: Train, config: Configure) -> None:
    seen: list[Progress] = []
    outcome = run(config(precision="bfloat16"), progress=seen.append)
    assert outcome.step == len(seen) == 3
    assert all(parameter.dtype == torch.float32 for parameter in outcome.decoder.parameters())
