"""Contents that are prepared once and stylised again and again."""

from __future__ import annotations

import gc
import weakref

import pytest
import torch

from adain_nodes.core.errors import EncoderMismatchError, InvalidValueError
from adain_nodes.imaging import Picture
from adain_nodes.pipeline import StyleTransfer
from adain_nodes.tiling import encode_window


@pytest.fixture
def encoded(transfer):
    """How many pictures went through the encoder."""
    count = []
    handle = transfer.encoder.register_forward_hook(lambda *_: count.append(1))
    yield count
    handle.remove()


@pytest.mark.parametrize("preserve_color", ["none", "coral", "luminance"])
@pytest.mark.parametrize("masked", [False, True])
def test_results_are_those_of_the_photograph(transfer, cat, starry, road, preserve_color, masked):
    photo = Picture(cat, torch.rand(1, 1, *cat.shape[2:]).round(), 8, (), None)
    more = {"preserve_color": preserve_color, "style_size": 0}
    if masked:
        more["masks"] = [(torch.linspace(0, 1, 128).expand(96, 128), road)]
    prepared = transfer.prepare(photo)
    for alpha in (0.3, 1.0):
        expected = transfer.stylize(photo, starry, alpha=alpha, **more)
        assert torch.equal(transfer.stylize(prepared, starry, alpha=alpha, **more), expected)


def test_content_is_encoded_once_and_when_it_is_needed(transfer, cat, night, encoded):
    prepared = transfer.prepare(cat)
    assert not encoded
    for alpha in (0.2, 0.5, 1.0):
        transfer.stylize(prepared, night, alpha=alpha)
    assert len(encoded) == 1


def test_content_in_tiles_gives_the_same_result(transfer, cat, night, close):
    tiled = StyleTransfer(transfer.encoder, transfer.decoder, device="cpu", dtype="float32", tile=128)
    large = torch.cat([cat, cat.flip(3)], dim=3)
    prepared = tiled.prepare(large)
    for _ in range(2):
        close(tiled.stylize(prepared, night), transfer.stylize(large, night), torch.float16)


def test_size_is_chosen_when_it_is_prepared(transfer, cat, night):
    prepared = transfer.prepare(cat, size=31)
    assert prepared.image.shape == (1, 3, 31, 41)
    assert torch.equal(transfer.stylize(prepared, night), transfer.stylize(cat, night, size=31))
    assert transfer.prepare(prepared) is prepared
    with pytest.raises(InvalidValueError, match="prepared already: its size cannot be changed"):
        transfer.stylize(prepared, night, size=40)


def test_content_of_another_encoder_is_refused(transfer, cat, night):
    other = StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32")
    other.fingerprint = "lite:other"
    with pytest.raises(EncoderMismatchError, match="prepared by the encoder lite:other; the encoder in use is lite:"):
        transfer.stylize(other.prepare(cat), night)


@pytest.mark.parametrize("limit", [96 * 128, 200 * 267 - 1])
def test_nothing_is_enlarged_beyond_the_limit(transfer, cat, limit):
    limited = StyleTransfer(transfer.encoder, transfer.decoder, device="cpu", max_pixels=limit)
    assert limited.prepare(cat, size=96).image.shape[2:] == (96, 128)
    for enlarge in (limited.prepare, limited.encode_style):
        with pytest.raises(InvalidValueError, match=r"short side of 200 px .* 267×200 px, above the limit of"):
            enlarge(cat, size=200)


def test_a_picture_above_the_limit_may_be_made_smaller(transfer, cat):
    limited = StyleTransfer(transfer.encoder, transfer.decoder, device="cpu", max_pixels=100)
    assert limited.prepare(cat, size=48).image.shape[2:] == (48, 64)


def test_no_features_outlive_what_was_asked_for(transfer, cat, night, monkeypatch):
    """Neither a result nor a style keeps the maps that it was made from: long batches would fill the memory."""
    seen = []

    def noted(*arguments):
        features = encode_window(*arguments)
        seen.extend(weakref.ref(level) for level in features)
        return features

    for module in ("tiling", "encoding"):
        monkeypatch.setattr(f"adain_nodes.{module}.encode_window", noted)
    kept = [transfer.stylize(cat, night), transfer.encode_style(cat, size=0)]
    gc.collect()
    assert len(kept) == 2
    assert len(seen) == 6
    assert not any(level() is not None for level in seen)


def test_frames_can_share_what_was_measured(transfer, cat, castle, night):
    found = []
    transfer.stylize(castle, night, steady=lambda measured: found.append(measured) or measured)
    plain = transfer.stylize(cat, night)
    assert torch.equal(transfer.stylize(cat, night, steady=lambda measured: measured), plain)
    assert (transfer.stylize(cat, night, steady=lambda _: found[0]) - plain).abs().mean() > 0.02
