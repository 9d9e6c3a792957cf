"""``preserve_color``: the content's colours in the result, by every method."""

from __future__ import annotations

import pytest
import torch

from adain_nodes.core.color import match_color
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.imaging import Picture
from adain_nodes.pipeline import PRESERVE_COLOR

METHODS = PRESERVE_COLOR[1:]
BY_STYLE = METHODS[:-1]
"""Those that recolour the style before it is encoded."""


def color(picture):
    return picture.mean((0, 2, 3))


def test_methods_are_named():
    assert PRESERVE_COLOR == ("none", "coral", "mean-std", "histogram", "luminance")


@pytest.mark.parametrize("method", METHODS)
def test_result_has_the_colors_of_the_content(transfer, cat, starry, method):
    free, kept = (transfer.stylize(cat, starry, preserve_color=each, style_size=0) for each in ("none", method))
    assert (color(kept) - color(cat)).norm() < 0.4 * (color(free) - color(cat)).norm()
    untouched = transfer.stylize(cat, starry, alpha=0, style_size=0)
    assert (kept - cat).abs().mean() > 2 * (untouched - cat).abs().mean()  # stylised all the same


def test_luminance_is_the_result_s_and_the_chroma_the_content_s(transfer, cat, night, close):
    weights = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    free = transfer.stylize(cat, night)
    kept = transfer.stylize(cat, night, preserve_color="luminance")
    light, result_light, content_light = ((x * weights).sum(1, keepdim=True) for x in (kept, free, cat))
    close(light, result_light, torch.float16)
    inside = ((kept > 0.01) & (kept < 0.99)).all(1, keepdim=True)  # where no channel had to be held back
    chroma, content_chroma = (kept - light) * inside, (cat - content_light) * inside
    assert inside.float().mean() > 0.3
    torch.testing.assert_close(chroma, content_chroma, rtol=0, atol=0.02)


def test_style_of_the_same_colors_changes_little(transfer, cat, starry):
    """Recolouring is exact where there is nothing to recolour."""
    free, kept = (transfer.stylize(cat, cat, preserve_color=each, style_size=0) for each in ("none", "coral"))
    torch.testing.assert_close(kept, free, rtol=0, atol=0.01)


@pytest.mark.parametrize("method", BY_STYLE)
def test_each_region_keeps_its_own_colors(transfer, cat, castle, starry, method):
    """Half red, half blue: a style matched to the whole photograph is violet in both."""
    content = torch.cat([cat, castle], dim=3)
    mask = torch.zeros(96, 256)
    mask[:, :128] = 1
    result = transfer.stylize(content, starry, masks=[(mask, starry)], preserve_color=method, style_size=0)
    violet = match_color(starry, content, method)
    mixed = transfer.stylize(content, violet, masks=[(mask, violet)], style_size=0)
    for half in (slice(0, 112), slice(144, 256)):
        off, mixed_off = ((color(each[..., half]) - color(content[..., half])).norm() for each in (result, mixed))
        assert off < 0.12 < mixed_off


@pytest.mark.parametrize("method", METHODS)
def test_each_content_of_a_batch_keeps_its_own_colors(transfer, cat, castle, starry, method):
    results = transfer.stylize(torch.cat([cat, castle]), starry, preserve_color=method, style_size=0)
    for result, content in zip(results, (cat, castle), strict=True):
        alone = transfer.stylize(content, starry, preserve_color=method, style_size=0)
        torch.testing.assert_close(result[None], alone, rtol=0, atol=1e-3)


@pytest.mark.parametrize("method", BY_STYLE)
def test_colors_of_blended_styles_are_matched_too(transfer, cat, starry, road, method):
    kept = transfer.stylize(cat, [starry, road], weights=[0.6, 0.4], preserve_color=method, style_size=0)
    assert (color(kept) - color(cat)).norm() < 0.15


@pytest.mark.parametrize("method", BY_STYLE)
def test_hidden_colors_are_neither_given_nor_taken(transfer, cat, starry, method):
    alpha = torch.zeros(1, 1, 96, 256)
    alpha[..., :128] = 0.5

    def results(part):
        """With another picture hidden on the right of the style, and of the content."""
        hidden = Picture(torch.cat([cat, part], dim=3), alpha, 8, (), None)
        for content, style in ((hidden, starry), (starry, hidden)):
            yield transfer.stylize(content, style, preserve_color=method, style_size=0)[..., :64]

    near = cat.flip(3)
    for one, other in zip(results(near), results(torch.cat([near[..., :64], 1 - near[..., 64:]], 3)), strict=True):
        torch.testing.assert_close(one, other, rtol=0, atol=2e-3)


@pytest.mark.parametrize("method", BY_STYLE)
def test_half_transparent_styles_are_recoloured_in_full(transfer, cat, starry, method):
    veiled = Picture(starry, torch.full((1, 1, 96, 121), 0.5), 8, (), None)
    results = [transfer.stylize(cat, style, preserve_color=method, style_size=0) for style in (veiled, starry)]
    torch.testing.assert_close(*results, rtol=0, atol=1e-3)


@pytest.mark.parametrize("method", BY_STYLE)
def test_colors_of_statistics_cannot_be_matched(transfer, cat, night, method):
    with pytest.raises(InvalidValueError, match=r"is statistics already.*Pass its picture, or .*\"luminance\""):
        transfer.stylize(cat, night, preserve_color=method)


def test_unknown_method_is_refused(transfer, cat, night):
    with pytest.raises(InvalidValueError, match=r"no colour preservation 'lab'\. Choose none, coral, mean-std, hist"):
        transfer.stylize(cat, night, preserve_color="lab")
