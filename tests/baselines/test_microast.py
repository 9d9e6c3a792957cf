from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from adain_nodes.baselines.microast import PARTS, Decoder, Encoder, MicroAST, Modulator
from adain_nodes.core.errors import CheckpointError, InvalidValueError, MissingWeightsError
from adain_nodes.evaluation.bench import Bench
from adain_nodes.evaluation.evaluate import evaluate
from adain_nodes.evaluation.gallery import Gallery
from adain_nodes.evaluation.methods import load_method
from adain_nodes.evaluation.metrics import LossNetwork
from adain_nodes.imaging import find_images


@pytest.fixture
def network() -> MicroAST:
    """Random weights that paint mostly inside [0, 1]."""
    torch.manual_seed(0)
    network = MicroAST().eval().requires_grad_(False)
    for parameter in network.parameters():
        if parameter.ndim == 4:
            nn.init.kaiming_normal_(parameter, nonlinearity="relu")
        else:
            nn.init.uniform_(parameter, -0.1, 0.1)
    last = network.decoder.dec3[-1]
    last.weight.mul_(0.1)
    last.bias.fill_(0.5)
    return network


@pytest.fixture
def folder(tmp_path, network):
    """The four files, with the names of files and tensors of the authors' release."""
    for part in PARTS:
        state = network.get_submodule(part).state_dict()
        torch.save({theirs(name): tensor for name, tensor in state.items()}, tmp_path / f"{part}_iter_160000.pth.tar")
    return tmp_path


def theirs(name):
    """Every convolution is wrapped in a module of its own there."""
    module, kind = name.rsplit(".", 1)
    return f"{module}.conv_layer.{kind}"


@pytest.mark.parametrize(("kind", "parameters"), [(Encoder, 157_792), (Modulator, 2_560), (Decoder, 153_843)])
def test_the_networks_are_as_large_as_published(kind, parameters):
    assert sum(parameter.numel() for parameter in kind().parameters()) == parameters


@pytest.mark.parametrize("size", [(32, 40), (27, 45), (5, 6), (1, 3)])
def test_pictures_of_any_size_come_out_as_they_went_in(network, size):
    content = torch.rand(2, 3, *size)
    before = content.clone()
    result = network.stylize(content, network.encode_style(torch.rand(1, 3, 21, 30)))
    assert result.shape == content.shape
    assert result.dtype == torch.float32
    assert 0 <= result.min() < result.max() <= 1
    assert torch.equal(content, before)


def test_a_style_is_one_modulation_for_each_level(network):
    shallow, deep = network.encode_style(torch.rand(1, 3, 21, 30))
    for modulation in (shallow, deep):
        assert modulation.statistics.mean.shape == modulation.statistics.std.shape == (1, 64)
        assert modulation.weight.shape == modulation.bias.shape == (1, 64, 1, 1)
    assert not torch.equal(shallow.weight, deep.weight)


def test_it_computes_what_the_paper_says(network, close):
    """Written down again from the authors' net_microAST.py, functionally."""
    state = network.state_dict()

    def conv(x, name, stride=1):
        weight, bias = state[f"{name}.weight"], state[f"{name}.bias"]
        border = weight.shape[-1] // 2
        groups = x.shape[1] // weight.shape[1]
        return F.conv2d(F.pad(x, (border,) * 4, mode="reflect"), weight, bias, stride, groups=groups)

    def block(x, name, weight=1, bias=0):
        inner = (weight * conv(x, f"{name}.conv1") + bias * x).relu()
        return x + weight * conv(inner, f"{name}.conv2") + bias * inner

    def encode(x, name):
        for index, stride in ((0, 1), (2, 2), (4, 1), (6, 2), (8, 1)):
            x = conv(x, f"{name}.enc1.{index}", stride).relu()
        shallow = block(x, f"{name}.enc1.10")
        return shallow, block(shallow, f"{name}.enc2.0")

    def modulation(level, index):
        return (conv(level, f"modulator.{kind}{index}.0").mean((2, 3), keepdim=True) for kind in ("weight", "bias"))

    def adain(x, y, alpha):
        (mean, std), (style_mean, style_std) = (
            (level.mean((2, 3), keepdim=True), (level.var((2, 3), keepdim=True) + 1e-5).sqrt()) for level in (x, y)
        )
        return alpha * ((x - mean) / std * style_std + style_mean) + (1 - alpha) * x

    content, style, alpha = torch.rand(2, 3, 24, 32), torch.rand(1, 3, 32, 20), 0.8
    _, x = encode(content, "content_encoder")
    shallow, deep = encode(style, "style_encoder")
    x = block(adain(x, deep, alpha), "decoder.dec1", *modulation(deep, 2))
    x = block(adain(x, shallow, alpha), "decoder.dec2", *modulation(shallow, 1))
    for first in (1, 6):
        x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)
        x = conv(conv(x, f"decoder.dec3.{first}").relu(), f"decoder.dec3.{first + 2}").relu()
    expected = conv(x, "decoder.dec3.10").clamp(0, 1)
    assert expected.std() > 0.05
    close(network.stylize(content, network.encode_style(style), alpha), expected)


def test_alpha_is_checked(network):
    content = torch.rand(1, 3, 16, 16)
    with pytest.raises(InvalidValueError, match=r"alpha is 1\.5"):
        network.stylize(content, network.encode_style(content), 1.5)


def test_the_authors_files_are_read(folder, network):
    loaded = MicroAST.load(folder)
    assert not loaded.training
    assert not any(parameter.requires_grad for parameter in loaded.parameters())
    for name, tensor in network.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor)


def test_each_part_has_exactly_one_file(folder):
    (folder / "another_modulator.pth").touch()
    with pytest.raises(MissingWeightsError, match="holds 2 files for MicroAST's modulator; one was expected"):
        MicroAST.load(folder)
    for file in folder.glob("*modulator*"):
        file.unlink()
    with pytest.raises(MissingWeightsError, match="holds 0 files for MicroAST's modulator"):
        MicroAST.load(folder)


def test_other_tensors_are_refused_by_name(folder):
    torch.save({"dec1.conv1.conv_layer.weight": torch.zeros(64, 64, 3, 3)}, folder / "decoder_iter_160000.pth.tar")
    with pytest.raises(
        CheckpointError, match=r"MicroAST's decoder \(.*decoder_iter_160000.*missing: dec1\.conv1\.bias"
    ):
        MicroAST.load(folder)


def test_the_published_weights_fit(shared):
    network = MicroAST.load(shared / "weights" / "peers")
    parameters = sum(parameter.numel() for parameter in network.parameters())
    assert parameters == 471_987  # the paper: 0.472 million


@pytest.mark.slow
def test_the_figures_of_the_published_weights(shared):
    """The first style of the evaluation protocol; expected is what the authors' own code gave in the same table.

    Over all sixteen styles it is 1.858, 2.811 and 0.456.
    """
    weights, pictures = shared / "weights", shared / "images" / "eval"
    method = load_method(f"microast:{weights / 'peers'}", device="cpu", dtype="float32")
    network = LossNetwork.load(weights / "vgg_normalised_relu4_1.pth", device="cpu")
    style = find_images([pictures / "style"])[0]
    bench = Bench(Gallery.read([pictures / "content"]), Gallery.read([style]), network)
    figures = evaluate({"microast": method}, bench).table.rows[-1].figures
    found = tuple(figures[name].mean for name in ("style", "content", "ssim"))
    assert found == pytest.approx((0.839, 2.284, 0.564), abs=6e-4)
