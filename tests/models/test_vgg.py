from __future__ import annotations

import pytest
import torch
from torch import nn

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.statistics import UNBIASED
from adain_nodes.models.vgg import NORMALISED, STYLE_LEVELS, VGGDecoder, VGGEncoder, convolutions, starts_block


def parameters(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def test_the_paper_s_networks_have_their_size(vgg):
    encoder, decoder = vgg
    assert parameters(encoder) == 3_505_740  # with the 12 of the 1×1 convolution
    assert parameters(decoder) == 3_505_219
    assert parameters(VGGEncoder(("relu5_4",))) == 20_024_396


def test_the_plan_is_vgg_19():
    plan = convolutions("relu5_4")
    assert len(plan) == 16
    assert [name for name, _, _ in plan if starts_block(name)] == [f"conv{b}_1" for b in range(1, 6)]
    assert [outputs for _, _, outputs in plan] == [64] * 2 + [128] * 2 + [256] * 4 + [512] * 8
    assert [inputs for _, inputs, _ in plan] == [3, *(outputs for _, _, outputs in plan[:-1])]
    assert convolutions("relu3_2") == plan[:6]


@pytest.mark.parametrize("levels", [("relu6_1",), ("conv4_1",), ("relu3_5", "relu4_1"), ("pool1", "relu4_1")])
def test_unknown_levels_are_refused(levels):
    wrong = next(level for level in levels if level != "relu4_1")
    with pytest.raises(InvalidValueError, match=f"no level '{wrong}'.*relu1_1 to relu5_4"):
        VGGEncoder(levels)


def test_the_encoder_says_what_it_is(vgg):
    encoder = VGGEncoder(tuple(reversed(STYLE_LEVELS)), "vgg19-other")  # whatever the order in which they are asked for
    assert encoder.levels == STYLE_LEVELS
    assert encoder.channels == (64, 128, 256, 512)
    assert encoder.strides == (1, 2, 4, 8)
    assert (encoder.family, encoder.convention, encoder.minimum_size) == ("vgg19-other", UNBIASED, 9)
    assert (vgg[0].family, vgg[0].levels, vgg[0].channels) == (NORMALISED, ("relu4_1",), (512,))


@pytest.mark.parametrize("height", range(9, 41, 2))
def test_sizes_are_rounded_up_and_come_back_exactly(vgg, height):
    encoder, decoder = vgg
    size = height, 49 - height  # 9×40, 11×38 … 39×10
    (features,) = encoder(torch.rand(1, 3, *size))
    assert features.shape == (1, 512, -(-size[0] // 8), -(-size[1] // 8))
    assert decoder((features,)).shape == (1, 3, 8 * features.shape[2], 8 * features.shape[3])
    assert decoder.decode((features,), size).shape == (1, 3, *size)


@pytest.mark.parametrize("level", STYLE_LEVELS)
def test_every_depth_takes_its_smallest_picture(level):
    encoder, decoder = VGGEncoder((level,)), VGGDecoder(level)
    size = (encoder.minimum_size, encoder.minimum_size)
    features = encoder(torch.rand(2, 3, *size))
    assert features[0].shape == (2, encoder.channels[0], 2, 2)
    assert decoder.channels == encoder.channels
    assert decoder.levels == encoder.levels
    assert decoder.decode(features, size).shape == (2, 3, *size)


def test_several_levels_are_those_of_encoders_that_stop_there(vgg):
    """Not overwritten by what is computed behind them."""
    deep, image = VGGEncoder(STYLE_LEVELS), torch.rand(2, 3, 33, 26)
    deep.load_state_dict(vgg[0].state_dict())
    for i, level in enumerate(STYLE_LEVELS):
        single = VGGEncoder((level,))
        single.load_state_dict(deep.state_dict(), strict=False)
        assert torch.equal(deep(image)[i], single(image)[0])
        assert deep(image)[i].min() == 0  # behind the ReLU


def test_the_result_is_the_same_each_time_and_picture_by_picture(vgg):
    encoder, decoder = vgg
    images = torch.rand(2, 3, 24, 19)
    copy = images.clone()
    features = encoder(images)
    before = features[0].clone()
    result = decoder(features)
    assert torch.equal(encoder(images)[0], before)
    assert torch.equal(decoder(features), result)
    assert torch.equal(images, copy)
    assert torch.equal(features[0], before)
    torch.testing.assert_close(decoder(encoder(images[1:])), result[1:], rtol=1e-4, atol=1e-4)


def test_channels_last_gives_the_same(vgg):
    encoder, decoder = VGGEncoder(), VGGDecoder()
    for ours, theirs in ((encoder, vgg[0]), (decoder, vgg[1])):
        ours.load_state_dict(theirs.state_dict())
        ours.to(memory_format=torch.channels_last)
    image = torch.rand(1, 3, 24, 19)
    result = decoder(encoder(image.contiguous(memory_format=torch.channels_last)))
    torch.testing.assert_close(result, vgg[1](vgg[0](image)), rtol=1e-4, atol=1e-4)


def test_the_frozen_encoder_passes_gradients_on_to_the_picture(vgg):
    """The loss network of the training."""
    image = torch.rand(1, 3, 16, 16, requires_grad=True)
    vgg[0](image)[0].square().mean().backward()
    assert image.grad.isfinite().all()
    assert image.grad.count_nonzero() > 0.99 * image.numel()


def test_every_weight_of_the_decoder_learns(vgg):
    decoder = VGGDecoder()
    decoder.load_state_dict(vgg[1].state_dict())
    features = tuple(level.requires_grad_() for level in vgg[0](torch.rand(1, 3, 16, 16)))
    decoder(features).square().mean().backward()
    for gradient in (features[0].grad, *(parameter.grad for parameter in decoder.parameters())):
        assert gradient.isfinite().all()
        assert gradient.abs().max() > 0


def test_autocast_comes_close_and_ends_in_float32(vgg):
    encoder, decoder = vgg
    image = torch.rand(1, 3, 24, 24)
    with torch.autocast("cpu", torch.bfloat16):
        features = encoder(image)
        result = decoder(features)
    assert features[0].dtype == torch.bfloat16
    assert result.dtype == torch.float32
    assert not torch.equal(result, result.bfloat16().float())  # more than bfloat16 can tell apart
    exact = decoder(encoder(image))
    assert (result - exact).std() < 0.03 * exact.std()


@pytest.mark.parametrize("level", STYLE_LEVELS)
def test_no_decoder_ends_in_a_relu(level):
    decoder = VGGDecoder(level)
    decoder.convs["conv1_1"].bias.data.fill_(-100)
    assert (decoder((torch.rand(1, decoder.channels[0], 4, 4),)) < 0).all()


def test_other_taps_of_the_same_weights(vgg):
    encoder = vgg[0]
    tapped = encoder.with_levels(("relu2_1", "relu1_2"))
    assert tapped.levels == ("relu1_2", "relu2_1")
    image = torch.rand(1, 3, 16, 16)
    shallow, deep = tapped(image)
    assert torch.equal(deep, encoder.with_levels(("relu2_1",))(image)[0])
    assert shallow.shape == (1, 64, 16, 16)
    assert tapped.convs["conv1_1"].weight.data_ptr() == encoder.convs["conv1_1"].weight.data_ptr()
    assert not any(parameter.requires_grad for parameter in tapped.parameters())


def test_taps_deeper_than_the_weights_are_refused(vgg):
    with pytest.raises(InvalidValueError, match="This VGG-19 reaches relu4_1; relu5_1 lies deeper"):
        vgg[0].with_levels(("relu1_1", "relu5_1"))
