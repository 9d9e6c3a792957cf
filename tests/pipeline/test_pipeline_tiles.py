"""Pictures in tiles: the same as in one piece."""

from __future__ import annotations

from copy import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from adain_nodes.imaging import Picture
from adain_nodes.models.vgg import VGGDecoder, VGGEncoder
from adain_nodes.pipeline import PRESERVE_COLOR, StyleTransfer
from adain_nodes.tiling import CPU_SIDE

SAME = 2e-5


def smooth(*size):
    """A picture with structure of some pixels, as photographs have it."""
    return F.interpolate(torch.rand(1, 3, *(-(-side // 6) for side in size)), size, mode="bicubic").clamp(0, 1)


def tiled(transfer, tile=128):
    other = copy(transfer)
    other.tile = tile
    return other


def agree(transfer, *inputs, **settings):
    whole, parts = (each.stylize(*inputs, **settings) for each in (transfer, tiled(transfer)))
    assert whole.shape == parts.shape
    assert float((whole - parts).abs().max()) <= SAME


@given(
    size=st.tuples(st.integers(1, 330), st.integers(1, 330)), tile=st.sampled_from([128, 192]), alpha=st.floats(0, 1)
)
@settings(max_examples=15)
def test_any_size(transfer, night, size, tile, alpha):
    image = smooth(*size)
    whole, parts = (each.stylize(image, night, alpha=alpha) for each in (transfer, tiled(transfer, tile)))
    assert whole.shape == parts.shape == image.shape
    assert float((whole - parts).abs().max()) <= SAME


def test_noise(transfer):
    """The hardest case: features far from those of photographs, and a style that scales each channel up."""
    agree(transfer, torch.rand(1, 3, 1600, 1600), torch.rand(1, 3, 512, 512), style_size=0)


def test_masks_that_cross_tiles_with_and_without_a_style_outside(transfer, night, road):
    image = smooth(201, 333)
    mask = F.interpolate(torch.rand(1, 1, 4, 5), (201, 333), mode="bilinear")
    agree(transfer, image, night, masks=[(mask, road)])
    agree(transfer, image, masks=[(mask, road), (1 - mask, night)], alpha=0.7)
    agree(transfer, image, masks=[(mask * 0.2, road)])


@pytest.mark.parametrize("method", PRESERVE_COLOR)
def test_colours(transfer, starry, method):
    agree(transfer, smooth(150, 290), starry, preserve_color=method)


def test_what_is_transparent_does_not_count_in_any_tile(transfer, night):
    rgb, alpha = smooth(150, 290), torch.zeros(1, 1, 150, 290)
    alpha[..., 40:] = 1
    agree(transfer, Picture(rgb, alpha, depth=8, notes=(), path=""), night)


def test_batches(transfer, night):
    agree(transfer, torch.cat([smooth(140, 260), smooth(140, 260)]), night)


def test_styles_and_features(transfer):
    image, mask = smooth(203, 331), torch.rand(203, 331)
    whole, parts = transfer, tiled(transfer)
    for a, b in zip(whole.encode(image), parts.encode(image), strict=True):
        torch.testing.assert_close(a, b, rtol=0, atol=SAME)
    for choice in (None, mask):
        ours, theirs = (each.encode_style(image, mask=choice, size=0) for each in (whole, parts))
        for a, b in zip(ours.levels, theirs.levels, strict=True):
            torch.testing.assert_close(a.mean, b.mean, rtol=1e-6, atol=0)
            torch.testing.assert_close(a.std, b.std, rtol=1e-6, atol=0)


def test_vgg():
    """Random weights, small ones as trained networks have."""
    torch.manual_seed(1)
    encoder = VGGEncoder()
    transfer = StyleTransfer(encoder, VGGDecoder("relu4_1", encoder.fingerprint()), device="cpu", dtype="float32")
    agree(transfer, smooth(40, 200), smooth(64, 64))


def test_real_vgg(shared):
    weights = shared / "weights"
    transfer = StyleTransfer.from_pretrained(
        weights / "vgg_normalised_relu4_1.pth",
        decoder=weights / "decoder_relu4_1.pth",
        device="cpu",
        dtype="float32",
    )
    agree(transfer, smooth(40, 200), smooth(64, 64))


def test_progress_is_told_and_may_end_the_work(transfer, night):
    shares = []
    tiled(transfer).stylize(smooth(140, 260), night, progress=shares.append)
    assert shares == sorted(shares)
    assert len(shares) == 2 * 6
    assert shares[-1] == 1

    class StopError(Exception):
        pass

    def stop(share):
        raise StopError

    with pytest.raises(StopError):
        transfer.stylize(smooth(40, 60), night, progress=stop)


def test_the_tile_fits_into_the_memory_that_is_allowed(transfer, monkeypatch):
    limited = StyleTransfer(transfer.encoder, transfer.decoder, device="cpu", max_memory=400_000_000)
    side = limited._tiling((2000, 2000), 1).side
    assert 2 * 320 * (side + 2 * 112) ** 2 <= 400_000_000 < 2 * 320 * (side + 64 + 2 * 112) ** 2
    assert limited._tiling((2000, 2000), 4).side < side
    monkeypatch.setattr("adain_nodes.encoding.free_memory", lambda device: 10**11)
    assert transfer._tiling((2000, 2000), 1).side == CPU_SIDE


def test_the_tile_is_a_setting_of_the_pipeline():
    assert StyleTransfer.from_pretrained(tile=192).tile == 192
