from __future__ import annotations

import pytest
import torch

from adain_nodes.evaluation.plain import PlainTransfer
from adain_nodes.models.registry import recognise
from adain_nodes.models.vgg import VGGDecoder, VGGEncoder
from adain_nodes.pipeline import StyleTransfer


@pytest.mark.parametrize(("size", "plain_size"), [((32, 40), (32, 40)), ((27, 45), (32, 48))])
@pytest.mark.parametrize("alpha", [1.0, 0.4])
def test_the_plain_port_and_ours_make_the_same_picture(vgg, size, plain_size, alpha):
    content, style = torch.rand(2, 3, *size), torch.rand(1, 3, 30, 21)
    ours = StyleTransfer(*vgg, device="cpu", dtype="float32")
    plain = PlainTransfer(*vgg)
    theirs = plain.stylize(content, plain.encode(style), alpha)
    assert theirs.shape == (2, 3, *plain_size)
    theirs = theirs[..., : size[0], : size[1]].clamp(0, 1)
    result = ours.stylize(content, ours.encode_style(style, size=0), alpha=alpha)
    assert result.shape == content.shape
    assert result.std((2, 3)).min() > 0.02  # a picture, not a surface
    assert (result - theirs).abs().max() < 1e-4


def test_the_plain_networks_have_the_layers_of_the_public_files(vgg):
    encoder, decoder = vgg
    plain = PlainTransfer(encoder, decoder)
    again = recognise(plain.encoder.state_dict()).encoder
    assert isinstance(again, VGGEncoder)
    assert again.fingerprint() == encoder.fingerprint()
    assert isinstance(recognise(plain.decoder.state_dict()).decoder, VGGDecoder)


def test_it_copies_and_runs_in_the_default_layout(vgg):
    StyleTransfer(*vgg, device="cpu")  # turns the weights of ours to channels-last
    plain = PlainTransfer(*vgg)
    assert all(parameter.is_contiguous() for parameter in (*plain.encoder.parameters(), *plain.decoder.parameters()))
    before = vgg[0].fingerprint()
    with torch.no_grad():
        plain.encoder[2].weight.zero_()
    assert vgg[0].fingerprint() == before
    content = torch.rand(1, 3, 16, 16, requires_grad=True)
    assert not plain.stylize(content, plain.encode(content)).requires_grad
