from __future__ import annotations

import pytest
import torch

from adain_nodes.backend import Backend
from adain_nodes.core.errors import MissingWeightsError
from adain_nodes.evaluation import speed
from adain_nodes.evaluation.speed import PLAIN, RANDOM, Speed, SpeedRow, load_or_imitate, measure_speed
from adain_nodes.pipeline import StyleTransfer


@pytest.fixture
def loaded(vgg, lite, monkeypatch):
    """Models are loaded from memory; which ones, and how, is recorded."""
    networks = {"vgg19": vgg, "lite": lite}
    record = []

    def load(model, **options):
        record.append((model, options))
        return StyleTransfer(*networks[model], device="cpu", dtype=options["dtype"]), ""

    monkeypatch.setattr(speed, "load_or_imitate", load)
    return record


@pytest.fixture
def choose(monkeypatch):
    """Set the precision that the device gets by default."""

    def set_default(dtype):
        monkeypatch.setattr(speed, "choose_backend", lambda device: Backend(torch.device("cpu"), dtype))

    return set_default


def test_every_pipeline_runs(loaded, choose):
    choose(torch.bfloat16)
    announced = []
    result = measure_speed(side=16, rounds=1, device="cpu", progress=announced.append)
    names = [PLAIN, "vgg19 float32", "vgg19 bfloat16", "lite float32", "lite bfloat16"]
    assert [row.name for row in result.rows] == names
    assert announced == names * 2
    assert result.rows[0].ratio == 1
    assert all(row.seconds > 0 and row.ratio == result.rows[0].seconds / row.seconds for row in result.rows)
    assert (result.side, result.rounds, result.device, result.dtype) == (16, 1, "cpu", "bfloat16")


def test_a_device_without_a_faster_precision_has_one_row_a_model(loaded, choose):
    choose(torch.float32)
    assert [row.name for row in measure_speed(side=16, rounds=1).rows] == [PLAIN, "vgg19 float32", "lite float32"]


def test_compiling_is_asked_for(loaded, choose):
    choose(torch.bfloat16)
    assert measure_speed(side=16, rounds=1, compile=True).rows[-1].name == "lite bfloat16 compiled"
    assert [options.get("compile", False) for _, options in loaded] == [False] * 5 + [True]


@pytest.mark.parametrize(("with_style", "encodings"), [(False, 1), (True, 4)])
def test_the_style_is_encoded_once_or_each_time(loaded, choose, monkeypatch, with_style, encodings):
    choose(torch.float32)
    sizes = []
    encode_style = StyleTransfer.encode_style

    def counted(self, images, **options):
        sizes.append((images.shape[-1], options["size"]))
        return encode_style(self, images, **options)

    monkeypatch.setattr(StyleTransfer, "encode_style", counted)
    assert measure_speed(side=16, rounds=3, with_style=with_style).with_style is with_style
    assert sizes == [(16, 0)] * encodings * 2  # vgg19 and lite, with the round that warms up


def test_ratios_are_to_the_plain_port(loaded, choose, monkeypatch):
    choose(torch.float32)
    monkeypatch.setattr(
        speed, "median_seconds", lambda runs, rounds, progress: dict(zip(runs, (6.0, 4.0, 0.5), strict=True))
    )
    assert [(row.seconds, row.ratio) for row in measure_speed(side=16).rows] == [(6.0, 1.0), (4.0, 1.5), (0.5, 12.0)]


def test_ratios_are_found_by_name():
    result = Speed(512, 7, "cpu", "float32", False, (SpeedRow(PLAIN, 6, 1), SpeedRow("lite float32", 0.5, 12)))
    assert result.ratio("lite float32") == 12
    assert result.ratio("lite bfloat16") is None


@pytest.mark.usefixtures("no_weights")
def test_without_the_weights_a_vgg_of_the_same_shape_is_timed():
    transfer, note = load_or_imitate("vgg19", device="cpu", dtype="float32")
    assert note == RANDOM
    assert sum(parameter.numel() for parameter in transfer.encoder.parameters()) == 3_505_740
    assert sum(parameter.numel() for parameter in transfer.decoder.parameters()) == 3_505_219
    assert load_or_imitate("lite", device="cpu")[1] == ""


def test_other_models_must_be_there():
    with pytest.raises(MissingWeightsError, match="nowhere"):
        load_or_imitate("nowhere", device="cpu")
