from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from adain_nodes.core.errors import EncoderMismatchError, ShapeError
from adain_nodes.models.base import Decoder, Encoder, ReflectConv, UpsampledConv, digest, reflect_pad, upsample
from adain_nodes.models.lite import LiteDecoder, LiteEncoder
from adain_nodes.models.vgg import NORMALISED, VGGDecoder, VGGEncoder


@pytest.mark.parametrize("kind", [Encoder, Decoder])
def test_the_bases_are_abstract(kind):
    with pytest.raises(TypeError, match="abstract"):
        kind()


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("size", [(2, 2), (5, 8)])
def test_reflect_conv_continues_the_picture_by_reflection(close, stride, size):
    conv, image = ReflectConv(3, 4, stride), torch.randn(2, 3, *size)
    result = conv(image)
    assert result.shape == (2, 4, -(-size[0] // stride), -(-size[1] // stride))
    padded = torch.from_numpy(np.pad(image.numpy(), ((0, 0), (0, 0), (1, 1), (1, 1)), mode="reflect"))
    close(result, F.conv2d(padded, conv.weight, conv.bias, stride))


def test_reflect_conv_of_another_kernel_in_groups(close):
    conv, image = ReflectConv(4, 8, kernel=5, groups=2), torch.randn(2, 4, 6, 7)
    padded = torch.from_numpy(np.pad(image.numpy(), ((0, 0), (0, 0), (2, 2), (2, 2)), mode="reflect"))
    halves = zip(padded.chunk(2, 1), conv.weight.chunk(2), conv.bias.chunk(2), strict=True)
    close(conv(image), torch.cat([F.conv2d(*half) for half in halves], 1))


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last], ids=str)
def test_reflect_pad_is_pytorch_s_and_keeps_half_precision(layout):
    image = torch.randn(2, 3, 4, 5).to(memory_format=layout)
    assert torch.equal(reflect_pad(image), F.pad(image, (1, 1, 1, 1), mode="reflect"))
    assert torch.equal(reflect_pad(image, 3), F.pad(image, (3, 3, 3, 3), mode="reflect"))
    with torch.autocast("cpu", torch.bfloat16):
        assert reflect_pad(image.bfloat16()).dtype == torch.bfloat16


def test_upsample_repeats_each_cell():
    features = torch.rand(2, 3, 2, 5)
    assert torch.equal(upsample(features), features.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3))


def small() -> nn.Module:
    conv = nn.Conv2d(2, 1, 1)
    conv.load_state_dict({"weight": torch.tensor([0.5, -2.0]).reshape(1, 2, 1, 1), "bias": torch.tensor([0.25])})
    return conv


def test_the_digest_never_changes():
    """Every style and every decoder that was ever saved refers to it. Made with

    sha256(b"bias(1,)" + pack("<f", 0.25) + b"weight(1, 2, 1, 1)" + pack("<2f", 0.5, -2)).hexdigest()[:12]
    """
    assert digest(small()) == "5187f71465db"


def test_the_digest_changes_with_any_weight(lite):
    encoder = copy.deepcopy(lite[0])
    seen = {digest(encoder)}
    for parameter in encoder.parameters():
        parameter.flatten()[-1] += 1e-3
        seen.add(digest(encoder))
    assert len(seen) == 1 + len(list(encoder.parameters()))


def test_the_digest_changes_with_names_and_shapes():
    flat = nn.ParameterDict({"a": torch.zeros(4)})
    assert digest(flat) != digest(nn.ParameterDict({"b": torch.zeros(4)}))
    assert digest(flat) != digest(nn.ParameterDict({"a": torch.zeros(2, 2)}))


def test_the_digest_is_the_weights_alone(lite):
    encoder = lite[0]
    other = LiteEncoder().to(memory_format=torch.channels_last).train()
    assert digest(other) != digest(encoder)
    other.load_state_dict(encoder.state_dict())
    assert digest(other) == digest(encoder) == digest(other.double())


def test_the_fingerprint_is_family_and_digest(vgg, lite):
    for encoder in (vgg[0], lite[0]):
        assert encoder.fingerprint() == f"{encoder.family}:{digest(encoder)}"


@pytest.mark.parametrize("shape", [(3, 16, 16), (1, 1, 16, 16), (1, 4, 16, 16), (1, 3, 8, 16), (1, 3, 16, 8)])
@pytest.mark.parametrize("family", ["vgg", "lite"])
def test_images_that_are_none_are_refused(request, family, shape):
    encoder: Encoder = request.getfixturevalue(family)[0]
    with pytest.raises(
        ShapeError, match=r"encoder takes batch×3×height×width with sides of 9 pixels or more"
    ) as caught:
        encoder(torch.zeros(shape))
    assert caught.value.facts["shape"] == shape


def test_a_decoder_takes_its_own_encoder(vgg, lite):
    for encoder, decoder in (vgg, lite):
        decoder.check_encoder(encoder)
    VGGDecoder("relu4_1").check_encoder(vgg[0])  # a file that names the family only
    LiteDecoder().check_encoder(lite[0])


def test_a_decoder_refuses_other_encoders(vgg, lite):
    other = copy.deepcopy(lite[0])
    other.stem.weight.flatten()[0] += 1
    one_level, many_levels = VGGEncoder(("relu3_1",)), VGGEncoder(("relu3_1", "relu4_1"))
    for decoder, encoder in (
        (vgg[1], lite[0]),
        (lite[1], vgg[0]),
        (lite[1], other),
        (VGGDecoder("relu4_1", "vgg19-torchvision"), vgg[0]),
        (VGGDecoder("relu4_1", NORMALISED), one_level),
        (VGGDecoder("relu4_1", NORMALISED), many_levels),
    ):
        with pytest.raises(EncoderMismatchError, match=r"trained for .*the encoder in use is .*grey") as caught:
            decoder.check_encoder(encoder)
        assert caught.value.facts == {"decoder": decoder.encoder, "encoder": encoder.fingerprint()}
        assert encoder.fingerprint() in str(caught.value)


def test_features_of_another_encoder_are_refused(vgg, lite):
    one, two, three = lite[0](torch.rand(1, 3, 16, 16))
    for decoder, features in ((vgg[1], (three,)), (lite[1], (one, two)), (lite[1], (three, two, one)), (vgg[1], ())):
        with pytest.raises(ShapeError, match=r"decoder takes levels of .* channels .*; the features have \(") as caught:
            decoder.decode(features, (16, 16))
        assert caught.value.facts["given"] == tuple(level.shape[1] for level in features)


class Wide(Decoder):
    """Values beyond what a picture can show, in half precision, and more of them than were asked for."""

    family, levels, channels, encoder, margin = "wide", ("one",), (1,), "wide", 0

    def forward(self, features, window=None):
        return torch.linspace(-1, 2, 3 * 16).reshape(1, 3, 4, 4).bfloat16() + features[0]


def test_decoding_gives_a_picture():
    """float32, clamped to [0, 1], cut to the size at its top left."""
    features = (torch.zeros(1, 1, 4, 4).bfloat16(),)
    raw, picture = Wide()(features), Wide().decode(features, (3, 2))
    assert picture.dtype == torch.float32
    assert torch.equal(picture, raw[..., :3, :2].float().clamp(0, 1))
    assert (picture.min(), picture.max()) == (0, 1)


@pytest.mark.parametrize("size", [(1, 2), (5, 4)])
def test_upsampled_convolution_is_the_two_steps_in_one(size):
    network = UpsampledConv(3, 5)
    image = torch.rand(2, 3, *size, requires_grad=True)
    large = upsample(image)
    expected = F.conv2d(F.pad(large, (1, 1, 1, 1), mode="reflect"), network.weight, network.bias)
    torch.testing.assert_close(network(image), expected, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(
        torch.autograd.grad(network(image).square().sum(), (image, network.weight)),
        torch.autograd.grad(expected.square().sum(), (image, network.weight)),
        rtol=1e-4,
        atol=1e-5,
    )
    assert sorted(network.state_dict()) == ["bias", "weight"]
