from __future__ import annotations

from collections.abc import Mapping

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from adain_nodes.core.statistics import BIASED
from adain_nodes.models.lite import LiteDecoder, LiteEncoder


def conv(x: Tensor, state: Mapping[str, Tensor], name: str, stride: int = 1) -> Tensor:
    weight = state[f"{name}.weight"]
    border = weight.shape[-1] // 2
    return F.conv2d(F.pad(x, (border,) * 4, mode="reflect"), weight, state[f"{name}.bias"], stride)


def leaky(x: Tensor) -> Tensor:
    return torch.where(x > 0, x, 0.1 * x)


def residual(x: Tensor, state: Mapping[str, Tensor], name: str) -> Tensor:
    return x + conv(leaky(conv(x, state, f"{name}.a")).clamp(-1, 1), state, f"{name}.b")


def bottlenecks(x: Tensor, state: Mapping[str, Tensor], name: str) -> Tensor:
    for block in range(3):
        inner = leaky(conv(x, state, f"{name}.{block}.narrow"))
        x = x + conv(leaky(conv(inner, state, f"{name}.{block}.conv")).clamp(-1, 1), state, f"{name}.{block}.widen")
    return x


def encode(x: Tensor, state: Mapping[str, Tensor]) -> list[Tensor]:
    """The encoder as its description has it, one line a level."""
    one = conv(leaky(conv(x, state, "stem", stride=2)), state, "l1")
    two = residual(conv(leaky(one), state, "d2", stride=2), state, "l2")
    three = bottlenecks(conv(leaky(two), state, "d3", stride=2), state, "l3")
    return [one, two, three]


def decode(levels: list[Tensor], state: Mapping[str, Tensor]) -> Tensor:
    """The decoder as its description has it: convolution, nearest ×2, the level of that size added, residuals."""
    one, two, three = levels
    x = bottlenecks(three, state, "r3")
    for step, level, blocks in ((2, two, ("r2.0", "r2.1")), (1, one, ("r1",))):
        x = conv(leaky(x), state, f"u{step + 1}").repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)
        x = x[..., : level.shape[2], : level.shape[3]] + conv(level, state, f"s{step}")
        for block in blocks:
            x = residual(x, state, block)
    return conv(leaky(x).repeat_interleave(2, dim=2).repeat_interleave(2, dim=3), state, "out")


@pytest.mark.parametrize("size", [(9, 9), (16, 24), (17, 30)])
def test_the_networks_are_as_described(lite, size):
    encoder, decoder = lite
    image = torch.rand(2, 3, *size)
    features, expected = encoder(image), encode(image, encoder.state_dict())
    torch.testing.assert_close(list(features), expected, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(decoder(features), decode(expected, decoder.state_dict()), rtol=1e-4, atol=1e-4)


def test_the_networks_say_what_they_are(lite):
    encoder, decoder = lite
    assert (encoder.family, encoder.convention, encoder.minimum_size) == ("lite", BIASED, 9)
    assert encoder.strides == (2, 4, 8)
    assert encoder.levels == decoder.levels == ("level1", "level2", "level3")
    assert encoder.channels == decoder.channels == (32, 64, 256)
    parameters = sum(p.numel() for network in lite for p in network.parameters())
    assert parameters == 1_871_043


def test_widths_may_be_others():
    encoder, decoder = LiteEncoder((6, 8, 10)), LiteDecoder((6, 8, 10))
    features = encoder(torch.rand(1, 3, 16, 16))
    assert tuple(level.shape[1] for level in features) == encoder.channels == decoder.channels == (6, 8, 10)
    assert decoder(features).shape == (1, 3, 16, 16)


@pytest.mark.parametrize("height", range(9, 41))
def test_sizes_are_rounded_up_and_come_back_exactly(lite, height):
    encoder, decoder = lite
    size = height, 49 - height
    features = encoder(torch.rand(1, 3, *size))
    for level, channels, stride in zip(features, encoder.channels, encoder.strides, strict=True):
        assert level.shape == (1, channels, -(-size[0] // stride), -(-size[1] // stride))
    assert decoder.decode(features, size).shape == (1, 3, *size)


def test_the_result_is_the_same_each_time_and_picture_by_picture(lite):
    encoder, decoder = lite
    images = torch.rand(2, 3, 24, 19)
    features = encoder(images)
    copies = [t.clone() for t in (images, *features)]
    result = decoder(features)
    assert torch.equal(decoder(encoder(images)), result)
    assert all(torch.equal(t, copy) for t, copy in zip((images, *features), copies, strict=True))
    torch.testing.assert_close(
        decoder(encoder(images[1:])), result[1:], rtol=1e-4, atol=1e-5 * float(result.abs().max())
    )


def test_every_weight_learns(lite):
    encoder, decoder = LiteEncoder(), LiteDecoder()
    encoder.load_state_dict(lite[0].state_dict())
    decoder.load_state_dict(lite[1].state_dict())
    image = torch.rand(1, 3, 24, 24, requires_grad=True)
    decoder(encoder(image)).square().mean().backward()
    for gradient in (image.grad, *(p.grad for network in (encoder, decoder) for p in network.parameters())):
        assert gradient.isfinite().all()
        assert gradient.abs().max() > 0


def test_every_level_reaches_the_picture(lite):
    encoder, decoder = lite
    features = encoder(torch.rand(1, 3, 16, 16))
    result = decoder(features)
    for i in range(3):
        without = [torch.zeros_like(level) if i == j else level for j, level in enumerate(features)]
        assert (decoder(tuple(without)) - result).abs().mean() > 0.01 * result.abs().mean()


def test_autocast_comes_close_and_ends_in_float32(lite):
    encoder, decoder = lite
    image = torch.rand(1, 3, 24, 24)
    with torch.autocast("cpu", torch.bfloat16):
        features = encoder(image)
        result = decoder(features)
    assert all(level.dtype == torch.bfloat16 for level in features)
    assert result.dtype == torch.float32
    assert not torch.equal(result, result.bfloat16().float())  # more than bfloat16 can tell apart
    exact = decoder(encoder(image))
    assert (result - exact).std() < 0.03 * exact.std()
