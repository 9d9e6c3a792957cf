from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from adain_nodes.core.errors import InvalidValueError, ShapeError
from adain_nodes.core.statistics import UNBIASED
from adain_nodes.experiments.ablations import variants
from adain_nodes.models.base import Encoder
from adain_nodes.models.lite import LiteEncoder
from adain_nodes.models.variants import RMS, Variant, VariantDecoder, imagenet_input
from adain_nodes.models.vgg import IMAGENET_MEAN, IMAGENET_STD, VGGEncoder

Close = Callable[..., None]
PLAIN = Variant(width=4)
CHANNELS = {"relu1_1": 64, "relu2_1": 128}


@pytest.fixture(scope="module")
def encoder() -> VGGEncoder:
    torch.manual_seed(0)
    return VGGEncoder(("relu1_1", "relu2_1")).eval().requires_grad_(False)


def made(encoder: Encoder, decoder: VariantDecoder, content: Tensor, style: Tensor) -> Tensor:
    return decoder.generate(encoder(content), decoder.describe(encoder(style), None, encoder.convention))


@pytest.mark.parametrize("name", variants(4))
def test_every_variant_makes_pictures_and_learns(encoder: VGGEncoder, name: str) -> None:
    decoder = VariantDecoder(encoder, variants(4)[name])
    picture = made(encoder, decoder, torch.rand(2, 3, 17, 20), torch.rand(2, 3, 17, 20))
    assert picture.shape == (2, 3, 17, 20)
    picture.square().sum().backward()
    assert all(parameter.grad is not None for parameter in decoder.parameters())
    decoder.check_encoder(encoder)


def test_variants_differ_in_what_they_read(encoder: VGGEncoder) -> None:
    """Inputs of the first convolution at each level, shallow to deep."""

    def inputs(**changes: object) -> list[int]:
        decoder = VariantDecoder(encoder, replace(PLAIN, **changes))  # pyright: ignore[reportArgumentType]
        return [decoder.get_parameter(f"blocks.{level}.convs.0.weight").shape[1] for level in (0, 1)]

    assert inputs() == [8, 128]
    assert inputs(fusion="concat") == [8, 256]
    assert inputs(skips="add", source="both") == [8, 128]
    assert inputs(skips="concat", source="both") == [8 + 2 * 64, 128]
    for source in ("content", "style", "adain"):
        assert inputs(skips="concat", source=source) == [8 + 64, 128]


@pytest.mark.parametrize(
    ("source", "content_matters", "style_matters"),
    [("content", True, False), ("style", False, True), ("both", True, True), ("adain", True, True)],
)
def test_a_skip_carries_its_source(
    encoder: VGGEncoder, source: str, content_matters: bool, style_matters: bool
) -> None:
    """With the deepest features silenced, the picture depends on the skip alone."""
    decoder = VariantDecoder(encoder, replace(PLAIN, skips="concat", source=source))  # pyright: ignore[reportArgumentType]
    decoder.get_parameter("blocks.1.convs.1.weight").data.zero_()
    decoder.get_parameter("blocks.1.convs.1.bias").data.zero_()
    content, style, other = torch.rand(1, 3, 16, 16), torch.rand(1, 3, 16, 16), torch.rand(1, 3, 16, 16) / 3
    before = made(encoder, decoder, content, style)
    assert torch.equal(before, made(encoder, decoder, other, style)) != content_matters
    assert torch.equal(before, made(encoder, decoder, content, other)) != style_matters


def test_adain_and_concat_meet_at_the_deepest_level(encoder: VGGEncoder, close: Close) -> None:
    """The first convolution gets AdaIN's features, or both side by side."""
    content, style = encoder(torch.rand(1, 3, 16, 16)), encoder(torch.rand(1, 3, 16, 16))
    (ours, theirs), caught = (content[-1], style[-1]), []
    for fusion in ("adain", "concat"):
        decoder = VariantDecoder(encoder, replace(PLAIN, fusion=fusion))  # pyright: ignore[reportArgumentType]
        decoder.get_submodule("blocks.1").register_forward_pre_hook(lambda _, inputs: caught.append(inputs[0]))
        decoder.generate(content, decoder.describe(style, None, UNBIASED))
    mean, std = ours.mean((2, 3), keepdim=True), (ours.var((2, 3), keepdim=True) + 1e-5).sqrt()
    wanted_std = (theirs.var((2, 3), keepdim=True) + 1e-5).sqrt()
    close(caught[0] * RMS, (ours - mean) / std * wanted_std + theirs.mean((2, 3), keepdim=True))
    close(caught[1] * RMS, torch.cat((ours, theirs), 1))


def test_features_of_pictures_of_other_sizes_do_not_join(encoder: VGGEncoder) -> None:
    content, style = torch.rand(1, 3, 16, 16), torch.rand(1, 3, 24, 16)
    for changes in ({"fusion": "concat"}, {"skips": "add", "source": "style"}, {"skips": "concat", "source": "both"}):
        with pytest.raises(ShapeError, match="Bring both pictures to one size"):
            made(encoder, VariantDecoder(encoder, replace(PLAIN, **changes)), content, style)
    made(encoder, VariantDecoder(encoder, PLAIN), content, style)


def test_levels_halve_one_after_another() -> None:
    for encoder in (LiteEncoder((8, 8, 16)), VGGEncoder(("relu1_1", "relu3_1"))):
        with pytest.raises(InvalidValueError, match="do not halve the size one after another"):
            VariantDecoder(encoder, PLAIN)


def test_imagenet_input(encoder: VGGEncoder, close: Close) -> None:
    image = torch.rand(1, 3, 16, 16)
    mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (IMAGENET_MEAN, IMAGENET_STD))
    changed = imagenet_input(encoder)
    for ours, theirs in zip(changed(image), encoder((image - mean) / std), strict=True):
        close(ours, theirs)
    assert changed.fingerprint() != encoder.fingerprint()
    assert not F.mse_loss(changed(image)[0], encoder(image)[0]) < 1e-6
