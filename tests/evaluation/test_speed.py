from __future__ import annotations

import pytest
import torch

from adain_nodes.backend import Backend
from adain_nodes.core.errors import MissingWeightsError
from adain_nodes.evaluation import imitation, speed
from adain_nodes.evaluation.imitation import RANDOM, load_or_imitate
from adain_nodes.evaluation.methods import Method
from adain_nodes.evaluation.speed import PLAIN, PLAIN_KEPT, Speed, SpeedRow, measure_speed
from adain_nodes.pipeline import StyleTransfer


class Nearby:
    """What stands in for the plain port's own interpreter, which test_apart.py starts: a start takes seconds."""

    def __init__(self, side, device="auto"):
        self.side = side

    def __enter__(self):
        return self

    def __exit__(self, *error):
        pass

    def picture(self):
        pass

    picture_with_style = picture


@pytest.fixture(autouse=True)
def nearby(monkeypatch):
    monkeypatch.setattr(speed, "PlainApart", Nearby)
    monkeypatch.setattr(speed, "keeps_freed_memory", lambda: False)


@pytest.fixture
def loaded(vgg, lite, monkeypatch):
    """Models are loaded from memory; which ones, and how, is recorded."""
    networks = {"vgg19": vgg, "lite": lite}
    record = []

    def load(model, **options):
        record.append((model, options))
        return StyleTransfer(*networks[model], device="cpu", dtype=options["dtype"])

    monkeypatch.setattr(StyleTransfer, "from_pretrained", load)
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
    assert announced == [each for name in names for each in (name, f"{name} with style")] * 2
    assert all(row.seconds > 0 and row.seconds_with_style > 0 for row in result.rows)
    assert (result.side, result.rounds, result.device, result.dtype) == (16, 1, "cpu", "bfloat16")


def test_a_device_without_a_faster_precision_has_one_row_a_model(loaded, choose):
    choose(torch.float32)
    assert [row.name for row in measure_speed(side=16, rounds=1).rows] == [PLAIN, "vgg19 float32", "lite float32"]


@pytest.mark.usefixtures("loaded")
def test_baselines_are_measured_beside_the_models(choose, monkeypatch):
    choose(torch.bfloat16)
    calls = []

    def load(model, *, device, dtype):
        calls.append((model, device, dtype))
        return Method(lambda style: style.mean(), lambda content, mean: content * mean)

    monkeypatch.setattr(imitation, "load_method", load)
    rows = measure_speed(["microast:peers"], side=16, rounds=1, device="cpu").rows
    assert [row.name for row in rows] == [PLAIN, "microast float32", "microast bfloat16"]
    assert calls == [("microast:peers", "cpu", "float32"), ("microast:peers", "cpu", "bfloat16")]


@pytest.mark.usefixtures("loaded")
def test_where_memory_is_kept_the_plain_port_is_timed_with_it_too(choose, monkeypatch):
    choose(torch.float32)
    monkeypatch.setattr(speed, "keeps_freed_memory", lambda: True)
    plain, kept, *_ = measure_speed(side=16, rounds=1).rows
    assert (plain.name, kept.name) == (PLAIN, PLAIN_KEPT)
    assert plain.work == kept.work > 0


def test_compiling_is_asked_for(loaded, choose):
    choose(torch.bfloat16)
    assert measure_speed(side=16, rounds=1, engines=["compile"]).rows[-1].name == "lite bfloat16 compile"
    assert [options.get("engine") for _, options in loaded] == [None] * 6 + ["compile"]


def test_a_style_is_encoded_once_for_the_one_time_and_in_each_round_for_the_other(loaded, choose, monkeypatch):
    choose(torch.float32)
    sizes = []
    encode_style = StyleTransfer.encode_style

    def counted(self, images, **options):
        sizes.append((images.shape[-1], options["size"]))
        return encode_style(self, images, **options)

    monkeypatch.setattr(StyleTransfer, "encode_style", counted)
    measure_speed(side=16, rounds=3)
    timed = [size for size in sizes if size[0] == 16]  # not those whose work is counted
    assert timed == [(16, 0)] * (1 + 4) * 2  # vgg19 and lite, with the round that warms up


@pytest.mark.usefixtures("loaded")
def test_each_time_is_that_of_its_run(choose, monkeypatch):
    choose(torch.float32)
    times = (6.0, 9.0, 4.0, 6.5, 0.5, 0.8)
    monkeypatch.setattr(speed, "median_seconds", lambda runs, rounds, progress: dict(zip(runs, times, strict=True)))
    result = measure_speed(side=16)
    assert [(row.seconds, row.seconds_with_style) for row in result.rows] == [(6.0, 9.0), (4.0, 6.5), (0.5, 0.8)]
    assert [bool(row.note) for row in result.rows] == [False] * 3


@pytest.mark.usefixtures("loaded")
def test_work_is_that_of_the_networks(choose, monkeypatch):
    choose(torch.float32)
    monkeypatch.setattr(speed, "peak_rate", lambda device, dtype: 1e12)
    plain, vgg, lite = measure_speed(side=128, rounds=1).rows
    assert plain.work == vgg.work > lite.work > 0
    assert measure_speed(side=64, rounds=1).rows[1].work == vgg.work / 4


def test_share_of_the_peak_is_work_by_time():
    row = SpeedRow("lite bfloat16", 0.5, 0.6, work=1e9, dtype="bfloat16")
    assert Speed(512, 7, "cpu", "bfloat16", (row,), {"bfloat16": 8e9}).share(row) == 0.25
    assert Speed(512, 7, "cpu", "bfloat16", (row,), {"float32": 8e9}).share(row) is None
    assert Speed(512, 7, "cpu", "bfloat16", (row,), {"bfloat16": 8e9}).share(SpeedRow("x", 1, 1)) is None


def test_ratios_are_found_by_name():
    rows = (SpeedRow(PLAIN, 6, 9), SpeedRow("lite float32", 0.5, 0.75), SpeedRow("microast float32", 0.25, 1.5))
    result = Speed(512, 7, "cpu", "float32", rows)
    assert result.ratio("lite float32") == 12
    assert result.ratio("lite float32", with_style=True) == 12
    assert result.ratio("lite float32", "microast float32") == 0.5
    assert result.ratio("lite float32", "microast float32", with_style=True) == 2
    assert result.ratio("lite bfloat16") is None
    assert result.ratio("lite float32", "microast bfloat16") is None


@pytest.mark.usefixtures("no_weights")
def test_without_the_weights_a_vgg_of_the_same_shape_is_timed(monkeypatch):
    made = []
    monkeypatch.setattr(imitation, "pipeline_method", made.append)
    assert load_or_imitate("vgg19", device="cpu", dtype="float32")[1] == RANDOM
    (transfer,) = made
    assert sum(parameter.numel() for parameter in transfer.encoder.parameters()) == 3_505_740
    assert sum(parameter.numel() for parameter in transfer.decoder.parameters()) == 3_505_219
    assert load_or_imitate("lite", device="cpu")[1] == ""
    assert load_or_imitate("swap", device="cpu", dtype="float32")[1] == RANDOM


def test_other_models_must_be_there():
    with pytest.raises(MissingWeightsError, match="nowhere"):
        load_or_imitate("nowhere", device="cpu")
