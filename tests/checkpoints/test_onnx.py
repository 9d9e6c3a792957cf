"""The exported graphs, executed by ONNX Runtime and by OpenVINO, beside the pipeline."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from adain_nodes.checkpoints.networks import load_networks
from adain_nodes.checkpoints.onnx import GRAPHS, export_onnx
from adain_nodes.core.errors import AdaINError, OutputError
from adain_nodes.pipeline import StyleTransfer

Graph = Callable[[Mapping[str, np.ndarray]], dict[str, np.ndarray]]


@pytest.fixture(scope="module", params=["lite", pytest.param("vgg19", marks=pytest.mark.slow)])
def exported(request, shared: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[StyleTransfer, Path]:
    """A pipeline in float32, and the folder that its networks were exported to."""
    if request.param == "vgg19":
        networks = load_networks(
            shared / "weights" / "vgg_normalised_relu4_1.pth", shared / "weights" / "decoder_relu4_1.pth"
        )
    else:
        networks = load_networks("lite")
    folder = tmp_path_factory.mktemp("onnx") / request.param
    assert export_onnx(*networks, folder) == tuple(folder / f"{name}.onnx" for name in GRAPHS)
    return StyleTransfer(*networks, device="cpu", dtype="float32"), folder


def with_onnxruntime(path: Path) -> Graph:
    runtime = pytest.importorskip("onnxruntime", reason="NOT TESTED WITH ONNX RUNTIME: it is not installed")
    runtime.disable_telemetry_events()  # it would report to its makers
    session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [each.name for each in session.get_outputs()]
    return lambda inputs: dict(zip(names, session.run(names, dict(inputs)), strict=True))


@lru_cache
def openvino_core() -> Any:
    """The process keeps one: when the last of several goes, the next Ctrl+C would crash (OpenVINO 2026.4)."""
    openvino = pytest.importorskip("openvino", reason="NOT TESTED WITH OPENVINO: it is not installed")
    return openvino.Core()


def with_openvino(path: Path) -> Graph:
    model = openvino_core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return lambda inputs: {port.get_any_name(): value for port, value in model(dict(inputs)).items()}


@pytest.mark.parametrize("runtime", [with_onnxruntime, with_openvino])
def test_other_runtimes_paint_the_same_picture(exported, runtime):
    transfer, folder = exported
    encoder, style_of, adain, decoder = (runtime(folder / f"{name}.onnx") for name in GRAPHS)
    torch.manual_seed(0)
    for batch, height, width, alpha in [(1, 65, 70, 0.7), (2, 9, 33, 1.0), (1, 128, 96, 0.0)]:
        content, style = torch.rand(batch, 3, height, width), torch.rand(1, 3, 50, 61)
        look = style_of(encoder({"image": style.numpy()}))
        changed = adain({**encoder({"image": content.numpy()}), **look, "alpha": np.array(alpha, np.float32)})
        picture = decoder(changed)["image"][..., :height, :width]
        expected = transfer.stylize(content, style, alpha=alpha, style_size=0)
        assert np.abs(picture - expected.numpy()).max() < 1e-3


def test_style_graph_gives_what_a_style_holds(exported):
    transfer, folder = exported
    encoder, style_of = (with_onnxruntime(folder / f"{name}.onnx") for name in GRAPHS[:2])
    picture = torch.rand(1, 3, 64, 80)
    found = style_of(encoder({"image": picture.numpy()}))
    for name, level in zip(transfer.encoder.levels, transfer.encode_style(picture, size=0).levels, strict=True):
        for key, tensor in level._asdict().items():
            np.testing.assert_allclose(found[f"{key}_{name}"], tensor.numpy(), atol=1e-4)


def test_files_say_what_they_are_and_nothing_of_the_machine(exported):
    import onnx

    transfer, folder = exported
    for name in GRAPHS:
        model = onnx.load(folder / f"{name}.onnx")
        described = {each.key: each.value for each in model.metadata_props}
        assert described["encoder"] == transfer.fingerprint
        assert described["levels"].split() == list(transfer.encoder.levels)
        assert [int(each) for each in described["strides"].split()] == list(transfer.encoder.strides)
        assert int(described["minimum_size"]) == transfer.encoder.minimum_size
        assert b"/pipeline.py" not in model.SerializeToString()
        assert str(Path(__file__).parents[2]).encode() not in model.SerializeToString()


def test_library_that_is_missing_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path):
    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "onnxscript" else find(name))
    with pytest.raises(AdaINError, match=r"needs onnxscript\. Run `pip install onnxscript`"):
        export_onnx(*load_networks("lite"), tmp_path)


def test_folder_that_cannot_be_made_is_an_error(tmp_path):
    pytest.importorskip("onnxscript")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be made"):
        export_onnx(*load_networks("lite"), tmp_path / "file" / "folder")
