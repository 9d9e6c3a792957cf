from __future__ import annotations

import copy

import pytest
import torch

from adain_nodes.backend import Backend
from adain_nodes.baselines.base import Baseline
from adain_nodes.baselines.gatys import Gatys
from adain_nodes.baselines.optimisation import Schedule
from adain_nodes.baselines.transform import style_swap_transfer
from adain_nodes.checkpoints.save import save_networks
from adain_nodes.core.errors import InvalidValueError, MissingWeightsError
from adain_nodes.evaluation import methods
from adain_nodes.evaluation.methods import (
    Method,
    baseline_method,
    by_label,
    feature_method,
    load_method,
    pipeline_method,
)
from adain_nodes.pipeline import StyleTransfer


class Tint(Baseline):
    """Multiplies by the mean colour of a style, and notes under what it ran."""

    def __init__(self, source=""):
        super().__init__()
        self.source, self.ran = source, []
        self.conv = torch.nn.Conv2d(3, 3, 3, padding=1)

    def encode_style(self, style):
        self.note(style)
        return style.mean((2, 3), keepdim=True)

    def stylize(self, content, style, alpha=1.0):
        assert alpha == 1
        self.note(content)
        return content * style

    def note(self, picture):
        layout = torch.channels_last
        self.ran.append(
            (
                picture.is_contiguous(memory_format=layout) and self.conv.weight.is_contiguous(memory_format=layout),
                torch.is_grad_enabled(),
                self.training,
                torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else torch.float32,
            )
        )


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_baseline_runs_as_our_own_models_do(dtype, pictures):
    tint = Tint()
    method = baseline_method(tint, Backend(torch.device("cpu"), dtype))
    result = method(pictures[:2], pictures[2:3])
    torch.testing.assert_close(result, pictures[:2] * pictures[2:3].mean((2, 3), keepdim=True))
    assert tint.ran == [(True, False, False, dtype)] * 2


def test_the_two_steps_make_the_whole(pictures):
    method = Method(lambda style: style.mean(), lambda contents, mean: contents * mean)
    encoded = method.encode_style(pictures[2:3])
    assert torch.equal(method(pictures[:2], pictures[2:3]), method.stylize(pictures[:2], encoded))


def test_the_pipeline_takes_styles_as_they_are(lite, pictures):
    transfer = StyleTransfer(*lite, device="cpu", dtype="float32")
    ours = pipeline_method(transfer)(pictures[:2], pictures[2:3])
    assert torch.equal(ours, transfer.stylize(pictures[:2], transfer.encode_style(pictures[2:3], size=0)))
    assert not torch.equal(ours, transfer.stylize(pictures[:2], pictures[2:3]))  # that one enlarges the style


def test_models_are_loaded_by_name(monkeypatch, pictures):
    made = []
    monkeypatch.setattr(methods, "BASELINES", {"tint": lambda source: made.append(Tint(source)) or made[-1]})
    load_method("tint:C:/weights", device="cpu", dtype="bfloat16")(pictures[:1], pictures[1:2])
    assert [(tint.source, tint.ran[0][-1]) for tint in made] == [("C:/weights", torch.bfloat16)]
    expected = pipeline_method(StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32"))
    result = load_method("lite", device="cpu", dtype="float32")(pictures[:1], pictures[1:2])
    assert torch.equal(result, expected(pictures[:1], pictures[1:2]))


def test_what_cannot_be_loaded(tmp_path):
    with pytest.raises(MissingWeightsError, match="nowhere"):
        load_method("nowhere", device="cpu")
    with pytest.raises(MissingWeightsError, match="files for MicroAST's content_encoder"):
        load_method(f"microast:{tmp_path}", device="cpu")
    with pytest.raises(InvalidValueError, match="no dtype 'int8'"):
        load_method("lite", device="cpu", dtype="int8")


def test_labels_leave_out_the_folder_of_a_baseline():
    models = ["lite", "microast:/peers", "C:/weights/x.pth", "lite"]
    assert by_label(models) == {
        "lite": "lite",
        "microast": "microast:/peers",
        "C:/weights/x.pth": "C:/weights/x.pth",
    }
    with pytest.raises(InvalidValueError, match="microast:a and microast:b would both be called microast"):
        by_label(["microast:a", "microast:b"])


def test_labels_keep_the_iterations_of_gatys():
    models = ["gatys:50", "gatys:100+vgg.pth", "gatys-in:100", "swap:vgg.pth+decoder.pth", "wct:lite"]
    assert list(by_label(models)) == ["gatys:50", "gatys:100", "gatys-in:100", "swap", "wct"]


def test_gatys_is_loaded_with_its_iterations_and_its_encoder(vgg, pictures, tmp_path):
    save_networks(tmp_path / "vgg.safetensors", vgg[0])
    gatys = methods.BASELINES["gatys-in"](f"7+{tmp_path / 'vgg.safetensors'}")
    assert isinstance(gatys, Gatys)
    assert (gatys.schedule.iterations, gatys.perception.losses.statistics) == (7, "mean-std")
    method = load_method(f"gatys:2+{tmp_path / 'vgg.safetensors'}", device="cpu", dtype="float32")
    result = method(pictures[:2], pictures[2:3])
    ours = Gatys(vgg[0], schedule=Schedule(2))
    with torch.no_grad():
        torch.testing.assert_close(result, ours.stylize(pictures[:2], ours.encode_style(pictures[2:3])))
    with pytest.raises(InvalidValueError, match="'many' is no number of iterations"):
        load_method("gatys:many")


def test_swap_is_loaded_with_its_networks(lite, pictures, tmp_path):
    save_networks(tmp_path / "whole.safetensors", *lite)
    large = torch.nn.functional.interpolate(pictures, (32, 40))
    result = load_method(f"swap:{tmp_path / 'whole.safetensors'}", device="cpu", dtype="float32")(large[:2], large[2:3])
    swap = style_swap_transfer(StyleTransfer(*lite, device="cpu", dtype="float32"))
    assert torch.equal(result, swap.stylize(large[:2], swap.encode(large[2:3], size=0)))


def test_a_model_with_another_decoder(lite, pictures, tmp_path):
    encoder, decoder = lite
    other = copy.deepcopy(decoder)
    with torch.no_grad():
        other.out.bias += 0.3
    for name, network in (("encoder", encoder), ("decoder", None)):
        save_networks(tmp_path / f"{name}.safetensors", network, None if network else other)
    save_networks(tmp_path / "whole.safetensors", encoder, decoder)
    both = load_method(f"{tmp_path / 'whole.safetensors'}+{tmp_path / 'decoder.safetensors'}", dtype="float32")
    wanted = pipeline_method(StyleTransfer(encoder, other, device="cpu", dtype="float32"))
    assert torch.equal(both(pictures[:2], pictures[2:3]), wanted(pictures[:2], pictures[2:3]))
    named = tmp_path / "a+b.safetensors"
    save_networks(named, encoder, decoder)
    plain = pipeline_method(StyleTransfer(encoder, decoder, device="cpu", dtype="float32"))
    assert torch.equal(
        load_method(str(named), dtype="float32")(pictures[:2], pictures[2:3]), plain(pictures[:2], pictures[2:3])
    )


def test_weights_tell_methods_apart(lite, vgg):
    tint = Tint()
    backend = Backend(torch.device("cpu"), torch.float32)
    transfers = [StyleTransfer(*networks, device="cpu", dtype="float32") for networks in (lite, vgg)]
    found = [baseline_method(tint, backend).weights, *(pipeline_method(transfer).weights for transfer in transfers)]
    found.append(feature_method(style_swap_transfer(transfers[0])).weights)
    assert len(set(found)) == 3
    assert found[3] == found[1]  # the label tells these two apart
    with torch.no_grad():
        tint.conv.bias += 1
        lite[1].out.bias += 1
    assert baseline_method(tint, backend).weights != found[0]
    assert pipeline_method(transfers[0]).weights != found[1]
