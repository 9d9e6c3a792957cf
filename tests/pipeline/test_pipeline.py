"""StyleTransfer itself: how it is made, contents of every kind, alpha, and pictures that stay as they are."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F

from adain_nodes.backend import choose_backend
from adain_nodes.core.errors import EncoderMismatchError, ImageError, InvalidValueError, ShapeError
from adain_nodes.imaging import Picture, read_image, resize, write_image
from adain_nodes.models.vgg import VGGDecoder
from adain_nodes.pipeline import StyleTransfer
from adain_nodes.resources import resource

GOLDEN = [
    [[0.253, 0.332, 0.290, 0.260], [0.245, 0.361, 0.194, 0.316], [0.215, 0.270, 0.228, 0.178]],
    [[0.317, 0.431, 0.397, 0.356], [0.327, 0.494, 0.358, 0.489], [0.313, 0.349, 0.324, 0.285]],
    [[0.368, 0.486, 0.479, 0.457], [0.423, 0.549, 0.445, 0.589], [0.437, 0.431, 0.441, 0.423]],
]
"""Red, green and blue on 3×4 fields of a stylised photograph."""


def color(picture):
    """The mean of each channel."""
    return picture.mean((0, 2, 3))


def plain_lite(w, content, style, alpha):
    """The lite model in the plainest PyTorch, with the tensors as they stand in its file."""

    def conv(name, x, stride=1):
        border = w[f"{name}.weight"].shape[-1] // 2
        return F.conv2d(F.pad(x, (border,) * 4, mode="reflect"), w[f"{name}.weight"], w[f"{name}.bias"], stride)

    def leaky(x):
        return F.leaky_relu(x, 0.1)

    def branch(x, *names):
        inner = x
        for name in names[:-1]:
            inner = leaky(conv(name, inner))
        return x + conv(names[-1], inner.clamp(-1, 1))

    def residual(name, x):
        return branch(x, f"{name}.a", f"{name}.b")

    def bottlenecks(name, x):
        for block in range(3):
            x = branch(x, *(f"{name}.{block}.{part}" for part in ("narrow", "conv", "widen")))
        return x

    def encode(x):
        one = conv("enc.l1", leaky(conv("enc.stem", x, 2)))
        two = residual("enc.l2", conv("enc.d2", leaky(one), 2))
        return one, two, bottlenecks("enc.l3", conv("enc.d3", leaky(two), 2))

    def grown(name, x, level):
        return conv(name, leaky(x)).repeat_interleave(2, 2).repeat_interleave(2, 3) + level

    def adain(x, y):
        std, mean = torch.std_mean(x, (2, 3), correction=0, keepdim=True)
        style_std, style_mean = torch.std_mean(y, (2, 3), correction=0, keepdim=True)
        styled = (x - mean) / (std**2 + 1e-5).sqrt() * (style_std**2 + 1e-5).sqrt() + style_mean
        return alpha * styled + (1 - alpha) * x

    one, two, three = (adain(x, y) for x, y in zip(encode(content), encode(style), strict=True))
    x = grown("dec.u3", bottlenecks("dec.r3", three), conv("dec.s2", two))
    x = grown("dec.u2", residual("dec.r2.1", residual("dec.r2.0", x)), conv("dec.s1", one))
    x = leaky(residual("dec.r1", x)).repeat_interleave(2, 2).repeat_interleave(2, 3)
    return conv("dec.out", x).clamp(0, 1)


@pytest.mark.parametrize("alpha", [0.0, 0.4, 1.0])
def test_result_is_that_of_the_plain_computation(transfer, cat, starry, alpha, close):
    weights = load_file(resource("weights", "lite.safetensors"))
    style = starry[..., :96, :120]  # sides that are multiples of 8: the plain computation knows no others
    expected = plain_lite(weights, cat, style, alpha)
    result = transfer.stylize(cat, style, alpha=alpha, style_size=0)
    close(result, expected, torch.float16)  # hundreds of sums in another order
    assert (result - expected).abs().mean() < 1e-5


def test_embedded_model_paints_this_picture(transfer, cat, starry):
    """Made by ``F.adaptive_avg_pool2d(plain_lite(weights, cat, starry[..., :120], 1.0), (3, 4))``.

    A new embedded model paints another picture: look at it, then make the numbers anew.
    """
    expected = torch.tensor(GOLDEN)
    result = transfer.stylize(cat, starry[..., :120], style_size=0)
    torch.testing.assert_close(F.adaptive_avg_pool2d(result, (3, 4))[0], expected, rtol=0, atol=0.01)


def test_alpha_leads_from_the_photograph_to_the_style(transfer, cat, starry, night):
    results = [transfer.stylize(cat, night, alpha=alpha) for alpha in (0.0, 0.25, 0.5, 0.75, 1.0)]
    from_photograph = [float((result - cat).abs().mean()) for result in results]
    to_style = [float((color(result) - color(starry)).norm()) for result in results]
    assert from_photograph == sorted(from_photograph)
    assert to_style == sorted(to_style, reverse=True)
    assert from_photograph[0] < 0.05 < 0.15 < from_photograph[-1]
    assert to_style[-1] < 0.15 * to_style[0]


@pytest.mark.parametrize("alpha", [-0.01, 1.01, float("nan")])
def test_alpha_outside_its_range_is_refused_before_the_work(transfer, night, alpha):
    with pytest.raises(InvalidValueError, match=r"alpha is .*between 0 \(the content\) and 1 \(the full style\)"):
        transfer.stylize("nowhere.jpg", night, alpha=alpha)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_agrees_with_float32(transfer, cat, starry, dtype):
    half = StyleTransfer.from_pretrained("lite", device="cpu", dtype=dtype)
    result = half.stylize(cat, starry, style_size=0)
    difference = (result - transfer.stylize(cat, starry, style_size=0)).abs()
    assert result.dtype == torch.float32
    assert 0 < difference.mean() < 0.003
    assert difference.quantile(0.999) < 0.025
    assert difference.max() < 0.05


@pytest.mark.parametrize("size", [(1, 1), (7, 3), (1, 40), (8, 8), (9, 9), (65, 70)])
def test_result_is_exactly_as_large_as_the_content(transfer, night, size):
    result = transfer.stylize(torch.rand(1, 3, *size), night)
    assert result.shape == (1, 3, *size)
    assert result.isfinite().all()


@hypothesis_settings(max_examples=20)
@given(size=st.tuples(st.integers(1, 40), st.integers(1, 40)), style_size=st.tuples(*[st.integers(1, 20)] * 2))
def test_any_content_takes_any_style(size, style_size, transfer):
    result = transfer.stylize(torch.rand(1, 3, *size), torch.rand(1, 3, *style_size), style_size=0)
    assert result.shape == (1, 3, *size)
    assert 0 <= result.min() <= result.max() <= 1


def test_size_is_the_short_side_of_the_result(transfer, cat, night, close):
    result = transfer.stylize(cat, night, size=31)
    assert result.shape == (1, 3, 31, 41)
    close(result, transfer.stylize(resize(cat, 31), night))
    with pytest.raises(InvalidValueError, match=r"short side of -1 px"):
        transfer.stylize(cat, night, size=-1)


def test_contents_of_every_kind_give_the_same_picture(transfer, night, tmp_path, caplog):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    tensor = torch.from_numpy(pixels).permute(2, 0, 1) / 255
    path = tmp_path / "photo.png"
    Image.fromarray(pixels).save(path)
    mask = torch.linspace(0, 1, 30).expand(20, 30)
    expected = transfer.stylize(tensor[None], masks=[(mask, night)])
    for content in (tensor, tensor.double(), path, str(path), Image.open(path), read_image(path)):
        assert torch.equal(transfer.stylize(content, masks=[(mask, night)]), expected)
    assert not caplog.records


def test_what_was_converted_is_said(transfer, night, tmp_path, caplog):
    frames = [Image.new("RGB", (16, 16), name) for name in ("red", "blue")]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    transfer.stylize(tmp_path / "moving.gif", night)
    assert "moving.gif: animated: frame 1 of 2 used" in caplog.text


@pytest.mark.parametrize(
    ("content", "error", "match"),
    [
        (torch.rand(20, 30, 3), ShapeError, r"shape \(20, 30, 3\); expected B×3×H×W.*Permute channels-last"),
        (torch.rand(1, 4, 20, 30), ShapeError, r"shape \(1, 4, 20, 30\)"),
        (torch.rand(20, 30), ShapeError, r"shape \(20, 30\)"),
        (torch.rand(1, 3, 0, 30), ShapeError, r"shape \(1, 3, 0, 30\)"),
        (torch.zeros(1, 3, 20, 30, dtype=torch.uint8), InvalidValueError, r"holds uint8; .*\[0, 1\].*Divide it.*255"),
        ("nowhere.jpg", ImageError, r"nowhere\.jpg does not exist"),
    ],
)
def test_what_is_no_picture_is_refused(transfer, night, content, error, match):
    with pytest.raises(error, match=match):
        transfer.stylize(content, night)
    with pytest.raises(error, match=match):
        transfer.stylize(torch.rand(1, 3, 20, 30), content)


def test_inputs_stay_as_they_are(transfer, cat, starry):
    content, style, mask = cat[..., :40].clone(), starry.clone(), torch.rand(96, 40)
    kept = [each.clone() for each in (content, style, mask)]
    picture = Picture(content, mask[None, None], 8, (), None)
    transfer.stylize(picture, style, masks=[(mask, style)], preserve_color="coral", style_size=0)
    assert all(torch.equal(a, b) for a, b in zip(kept, (content, style, mask), strict=True))


def test_result_can_be_trained_with(transfer, cat, night):
    result = transfer.stylize(cat, night)
    assert not result.requires_grad
    (result * torch.ones(1, requires_grad=True)).sum().backward()  # an inference tensor would refuse


def test_there_must_be_a_style(transfer, cat):
    with pytest.raises(InvalidValueError, match=r"There is no style\. Give a style, or masks with styles"):
        transfer.stylize(cat)
    with pytest.raises(InvalidValueError, match="no styles to blend"):
        transfer.stylize(cat, [])


def test_decoder_of_another_encoder_is_refused(transfer):
    with pytest.raises(EncoderMismatchError, match=r"trained for vgg19-normalised at relu1_1.*in use is lite:"):
        StyleTransfer(transfer.encoder, VGGDecoder("relu1_1"))


def test_networks_run_in_channels_last(transfer):
    for network in (transfer.encoder, transfer.decoder):
        assert not network.training
        weights = [p for p in network.parameters() if p.ndim == 4 and p.shape[1] > 1]
        assert all(weight.is_contiguous(memory_format=torch.channels_last) for weight in weights)


def test_networks_are_compiled_only_on_request(transfer, monkeypatch):
    compiled = []
    monkeypatch.setattr(nn.Module, "compile", lambda self: compiled.append(self))
    StyleTransfer(transfer.encoder, transfer.decoder)
    assert compiled == []
    StyleTransfer(transfer.encoder, transfer.decoder, engine="compile")
    assert compiled == [transfer.encoder, transfer.decoder]


def test_pretrained_networks_are_loaded_as_asked(transfer, monkeypatch):
    asked, compiled = [], []

    def load(model, decoder):
        asked.append((model, decoder))
        return transfer.encoder, transfer.decoder

    monkeypatch.setattr("adain_nodes.pipeline.load_networks", load)
    monkeypatch.setattr(nn.Module, "compile", lambda self: compiled.append(self))
    settings = {"device": "cpu", "dtype": "bfloat16", "engine": "compile"}
    loaded = StyleTransfer.from_pretrained("vgg19", decoder="mine.pth", **settings)
    StyleTransfer.from_pretrained()
    assert asked == [("vgg19", "mine.pth"), ("lite", None)]
    assert loaded.backend == choose_backend("cpu", "bfloat16")
    assert len(compiled) == 2


def test_fingerprint_is_computed_once(transfer, monkeypatch):
    own = StyleTransfer(transfer.encoder, transfer.decoder)
    digests = iter(["first", "second"])
    monkeypatch.setattr(own.encoder, "fingerprint", lambda: next(digests))
    assert (own.fingerprint, own.fingerprint) == ("first", "first")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("preserve_color", ["none", "coral", "luminance"])
def test_tensors_and_files_of_two_devices_meet(transfer, cat, starry, tmp_path, preserve_color):
    write_image(tmp_path / "style.png", starry)
    on_gpu = StyleTransfer.from_pretrained("lite", device="cuda", dtype="float32")
    settings = {"masks": [(torch.ones(96, 60), starry)], "preserve_color": preserve_color, "style_size": 0}
    results = [
        pipeline.stylize(cat.to(place), tmp_path / "style.png", **settings).cpu()
        for pipeline in (transfer, on_gpu)
        for place in ("cpu", "cuda")
    ]
    assert all((result - results[0]).abs().mean() < 1e-3 for result in results)
