"""The same pictures, whatever computes them."""

from __future__ import annotations

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from adain_nodes import engines
from adain_nodes.backend import Backend
from adain_nodes.checkpoints.networks import load_networks
from adain_nodes.core.errors import AdaINError, InvalidValueError
from adain_nodes.engines import ENGINES, set_engine
from adain_nodes.pipeline import StyleTransfer


@pytest.fixture(scope="module")
def with_openvino() -> StyleTransfer:
    pytest.importorskip("openvino", reason="NOT TESTED WITH OPENVINO: it is not installed")
    return StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32", engine="openvino")


@pytest.fixture
def lite_networks():
    return load_networks("lite")


@pytest.mark.parametrize("size", [(9, 33), (65, 70), (96, 128)])
@pytest.mark.parametrize("batch", [1, 3])
def test_openvino_paints_the_same_picture(transfer, with_openvino, starry, size, batch):
    content = torch.rand(batch, 3, *size)
    expected = transfer.stylize(content, starry, alpha=0.8)
    assert (with_openvino.stylize(content, starry, alpha=0.8) - expected).abs().max() < 1e-4


def test_openvino_keeps_what_the_model_is(transfer, with_openvino):
    assert with_openvino.fingerprint == transfer.fingerprint


def test_openvino_computes_for_several_threads_at_once(transfer, with_openvino, starry):
    style = transfer.encode_style(starry)
    contents = [torch.rand(1, 3, 40 + 9 * n, 50) for n in range(6)]
    with ThreadPoolExecutor(3) as pool:
        results = list(pool.map(lambda content: with_openvino.stylize(content, style), contents))
    for content, result in zip(contents, results, strict=True):
        assert (result - transfer.stylize(content, style)).abs().max() < 1e-4


def test_openvino_tells_nobody(lite_networks, monkeypatch):
    telemetry = pytest.importorskip("openvino_telemetry", reason="NOT TESTED: OpenVINO is here without its telemetry")
    monkeypatch.setattr(telemetry.Telemetry, "init", lambda *_: pytest.fail("it would report to a server"))
    monkeypatch.setattr(telemetry.Telemetry, "send_event", lambda *_: pytest.fail("it would report to a server"))
    set_engine("openvino", *lite_networks, Backend(torch.device("cpu"), torch.float32))


def test_signals_are_survived_after_openvino(with_openvino):
    caught = []
    before = signal.signal(signal.SIGINT, lambda *_: caught.append(True))
    try:
        os.kill(os.getpid(), signal.SIGINT)
    finally:
        signal.signal(signal.SIGINT, before)
    assert caught


def test_bfloat16_is_openvino_s_too(transfer, cat, starry):
    pytest.importorskip("openvino", reason="NOT TESTED WITH OPENVINO: it is not installed")
    half = StyleTransfer.from_pretrained("lite", device="cpu", dtype="bfloat16", engine="openvino")
    assert (half.stylize(cat, starry) - transfer.stylize(cat, starry)).abs().mean() < 0.01


def test_engine_without_its_library_is_an_error(monkeypatch):
    monkeypatch.setattr(engines, "_openvino_core", engines._openvino_core.__wrapped__)  # nothing kept
    monkeypatch.setitem(sys.modules, "openvino", None)
    with pytest.raises(AdaINError, match=r"openvino is not installed\. Run `pip install openvino onnx onnxscript`"):
        StyleTransfer.from_pretrained("lite", device="cpu", engine="openvino")


def test_openvino_is_for_cpus(transfer):
    with pytest.raises(InvalidValueError, match="on the CPU here, not on cuda"):
        set_engine("openvino", transfer.encoder, transfer.decoder, Backend(torch.device("cuda"), torch.float32))


def test_unknown_engines_are_named():
    with pytest.raises(InvalidValueError, match=f"no engine 'steam'. Choose {', '.join(ENGINES)}"):
        StyleTransfer.from_pretrained("lite", device="cpu", engine="steam")
