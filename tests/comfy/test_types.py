"""What travels on the links: regions of a chain, batches, and who belongs to whom."""

import pytest
import torch

from adain_nodes.comfy.types import (
    EncodedContent,
    LoadedDecoder,
    LoadedEncoder,
    join_features,
    join_styles,
    part_of_style,
)
from adain_nodes.core.errors import EncoderMismatchError, ShapeError
from adain_nodes.core.regions import Region, adain_regions, coverage
from adain_nodes.core.statistics import BIASED
from adain_nodes.core.style import Style, style_of
from adain_nodes.models.lite import LiteDecoder, LiteEncoder

WIDTHS = (4, 6, 8)
ALL = slice(None)


@pytest.fixture
def encoder() -> LoadedEncoder:
    network = LiteEncoder(WIDTHS).eval()
    return LoadedEncoder(network, None, network.fingerprint())


def style(encoder: LoadedEncoder, batch: int = 1) -> Style:
    features = encoder.network(torch.rand(batch, 3, 32, 32))
    return style_of(features, encoder.network.levels, encoder.fingerprint, BIASED)


def content(encoder: LoadedEncoder, batch: int = 1) -> EncodedContent:
    image = torch.rand(batch, 3, 32, 40)
    with torch.no_grad():
        return EncodedContent(encoder.network(image), image, encoder)


def test_a_chain_is_all_its_regions_at_once(encoder, close):
    start, (a, b, c) = content(encoder, 2), (style(encoder) for _ in range(3))
    masks = [torch.rand(1, 1, 32, 40) * 0.6 for _ in range(2)]
    chain = start.with_region(Region(masks[0], a, 0.5), Region(None, c)).with_region(Region(masks[1], b), None)
    everything = [Region(masks[0], a, 0.5), Region(masks[1], b), Region(1 - coverage(masks), c)]
    expected = adain_regions(start.levels, everything)
    parts = [chain.transformed(slice(i, i + 1), chain.batch) for i in range(2)]
    for made, wanted in zip(join_features(parts), expected, strict=True):
        close(made, wanted.detach())


def test_without_regions_nothing_changes(encoder):
    start = content(encoder)
    assert all(map(torch.equal, start.transformed(ALL, 1), start.levels))


def test_masks_and_styles_of_a_batch_spread_one_content(encoder):
    many = content(encoder).with_region(Region(torch.rand(3, 1, 32, 40), style(encoder, 3)), None)
    assert many.batch == 3
    assert [len(level) for level in many.transformed(slice(1, 3), 3)] == [2, 2, 2]


def test_masks_of_another_batch_are_counted(encoder):
    with pytest.raises(ShapeError, match="3 in features, 2 in mask_1"):
        content(encoder, 3).with_region(Region(torch.rand(2, 1, 32, 40), style(encoder)), None)


def test_styles_in_parts_are_the_whole_again(encoder):
    whole = style(encoder, 5)
    parts = [part_of_style(whole, slice(start, start + 2), 5) for start in (0, 2, 4)]
    joined = join_styles(parts)
    assert joined.batch == 5
    assert all(torch.equal(a.std, b.std) for a, b in zip(joined.levels, whole.levels, strict=True))


def test_styles_and_decoders_of_other_encoders_are_refused(encoder):
    network = LiteEncoder(WIDTHS)
    other = LoadedEncoder(network, None, network.fingerprint())
    with pytest.raises(EncoderMismatchError, match="was made by the encoder"):
        encoder.check_style(style(other))
    decoder = LoadedDecoder(LiteDecoder(WIDTHS, other.fingerprint), None, other)
    with pytest.raises(EncoderMismatchError, match="Connect the decoder and the content to the same encoder"):
        content(encoder).check_decoder(decoder)
    content(other).check_decoder(decoder)


def test_the_rest_keeps_its_style_until_another_is_given(encoder):
    one, two = Region(None, style(encoder)), Region(None, style(encoder), 0.5)
    inside = Region(torch.ones(1, 1, 32, 40), style(encoder))
    chain = content(encoder).with_region(inside, one).with_region(inside, None)
    assert chain.rest is one
    assert chain.with_region(inside, two).rest is two


def test_where_no_region_is_the_photograph_stays(encoder):
    start, made = content(encoder, 2), torch.rand(2, 3, 32, 40)
    left = torch.zeros(1, 1, 32, 40)
    left[..., :20] = 1
    kept = start.with_region(Region(left, style(encoder)), None)
    result = kept.finished(made[1:], slice(1, 2), 2)
    assert torch.equal(result[..., :20], made[1:, ..., :20])
    assert torch.equal(result[..., 20:], start.image[1:, ..., 20:])


def test_with_a_style_outside_or_without_regions_all_is_decoded(encoder):
    start, made = content(encoder), torch.rand(1, 3, 32, 40)
    filled = start.with_region(Region(torch.zeros(1, 1, 32, 40), style(encoder)), Region(None, style(encoder)))
    for features in (start, filled):
        assert features.finished(made, ALL, 1) is made
