"""``StyleTransfer.encode_style``, and styles in every form that ``stylize`` takes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from adain_nodes.core.errors import EncoderMismatchError, ImageError, InvalidValueError, ShapeError
from adain_nodes.core.style import blend
from adain_nodes.core.style_file import save_style
from adain_nodes.encoding import STYLE_SIZE
from adain_nodes.imaging import Picture, resize, to_array, write_image


@pytest.fixture
def same_style(close):
    """Assert that two styles have the same statistics."""

    def check(actual, expected):
        assert actual.names == expected.names
        for one, other in zip(actual.levels, expected.levels, strict=True):
            close(one.mean, other.mean, torch.float16)
            close(one.std, other.std, torch.float16)

    return check


@pytest.fixture
def encoded(transfer):
    """The pictures that were encoded during the test."""
    pictures = []
    handle = transfer.encoder.register_forward_pre_hook(lambda _, inputs: pictures.append(inputs[0]))
    yield pictures
    handle.remove()


def test_style_is_encoded_once_and_used_often(transfer, cat, castle, starry, encoded):
    style = transfer.encode_style(starry, size=0)
    assert len(encoded) == 1
    with_style = [transfer.stylize(content, style) for content in (cat, castle)]
    assert len(encoded) == 3  # two contents, and no style again
    with_picture = [transfer.stylize(content, starry, style_size=0) for content in (cat, castle)]
    assert all(torch.equal(a, b) for a, b in zip(with_style, with_picture, strict=True))


def test_style_holds_the_statistics_of_its_features(transfer, starry, night, close):
    assert night.encoder == transfer.fingerprint == transfer.encoder.fingerprint()
    assert night.names == ("level1", "level2", "level3")
    for features, level in zip(transfer.encoder(starry), night.levels, strict=True):
        std, mean = torch.std_mean(features, (2, 3), correction=0)
        close(level.mean, mean)
        close(level.std, (std**2 + 1e-5).sqrt())


def test_weights_blend_pictures(transfer, cat, starry, road, same_style, tmp_path):
    write_image(tmp_path / "starry.png", starry, depth=16)
    styles = [transfer.encode_style(each, size=0) for each in (starry, road)]
    path = tmp_path / "starry.png"
    same_style(transfer.encode_style([path, road], size=0), blend(styles))
    same_style(transfer.encode_style([path, road], weights=[3, 1.0], size=0), blend(styles, [3, 1]))
    mixed = transfer.encode_style([styles[0], road], weights=[0.2, 0.8], size=0)  # an encoded style joins as it is
    same_style(mixed, blend(styles, [0.2, 0.8]))
    result = transfer.stylize(cat, (starry, road), weights=[0.2, 0.8], style_size=0)
    torch.testing.assert_close(result, transfer.stylize(cat, mixed), rtol=0, atol=1e-4)


def test_blend_lies_between_its_styles(transfer, cat, starry, road):
    blue = [
        float(transfer.stylize(cat, (starry, road), weights=[share, 1 - share], style_size=0)[:, 2].mean())
        for share in (0, 0.5, 1)
    ]
    assert blue[0] + 0.02 < blue[1] < blue[2] - 0.02


@pytest.mark.parametrize(
    ("weights", "match"),
    [
        ([1, -1], r"weights 1, -1 sum to 0; the sum must be above 0"),
        ([0.0, 0.0], r"weights 0, 0 sum to 0"),
        ([1], r"2 styles and 1 weights"),
        ([1, float("nan")], r"sum to nan"),
    ],
)
def test_weights_that_cannot_be_used_are_refused(transfer, cat, starry, road, weights, match):
    with pytest.raises(InvalidValueError, match=match):
        transfer.encode_style([starry, road], weights=weights, size=0)
    with pytest.raises(InvalidValueError, match=match):
        transfer.stylize(cat, [starry, road], weights=weights, style_size=0)


def test_pictures_are_brought_to_the_style_size_first(transfer, cat, starry, encoded, same_style):
    same_style(transfer.encode_style(starry, size=40), transfer.encode_style(resize(starry, 40), size=0))
    transfer.encode_style(starry)
    transfer.stylize(cat, starry)
    transfer.stylize(cat, starry, style_size=17)
    short_sides = [min(picture.shape[2:]) for picture in encoded]
    assert short_sides == [40, 40, STYLE_SIZE, STYLE_SIZE, 96, 17, 96]
    with pytest.raises(InvalidValueError, match="short side of -5 px"):
        transfer.stylize(cat, starry, style_size=-5)


def test_batch_makes_styles_in_one(transfer, starry, road, same_style):
    square = torch.cat([starry[..., :96, :96], road[..., :96, :96]])
    both = transfer.encode_style(square, size=0)
    assert both.batch == 2
    for i in (0, 1):
        alone = transfer.encode_style(square[i], size=0)
        same_style(
            replace(both, levels=tuple(type(s)(s.mean[i : i + 1], s.std[i : i + 1]) for s in both.levels)), alone
        )


def test_mask_marks_the_part_that_is_the_style(transfer, starry, same_style, caplog):
    """Far from the mask, pictures may differ: nothing of it reaches the counted features."""
    wide = torch.cat([starry[..., :64], torch.rand(1, 3, 96, 128)], dim=3)
    other = torch.cat([starry[..., :64], torch.rand(1, 3, 96, 128)], dim=3)
    other[..., 64:128] = wide[..., 64:128]
    mask = torch.zeros(96, 192)
    mask[:, :64] = 1
    styles = [transfer.encode_style(picture, mask=mask, size=0) for picture in (wide, other)]
    same_style(*styles)
    assert not caplog.records
    everywhere, of_another_size = (transfer.encode_style(wide, mask=m, size=0) for m in (None, mask[:48, ::2]))
    assert "mask resized from (48, 96) to (96, 192)" in caplog.text
    difference, least = (
        (style.levels[0].mean - styles[0].levels[0].mean).abs().max() for style in (everywhere, of_another_size)
    )
    assert least < 0.01 < 0.05 < difference


def test_hidden_parts_are_never_the_style(transfer, starry, same_style, tmp_path):
    opaque = torch.zeros(1, 1, 96, 192)
    opaque[..., :64] = 1
    masked, hidden = torch.rand(2, 1, 3, 96, 192)
    hidden[..., :128] = masked[..., :128]
    hidden[..., :64] = masked[..., :64] = starry[..., :64]
    by_mask = transfer.encode_style(masked, mask=opaque, size=0)
    same_style(transfer.encode_style(Picture(hidden, opaque, 8, (), None), size=0), by_mask)
    write_image(tmp_path / "hidden.png", hidden, alpha=opaque, depth=16)
    same_style(transfer.encode_style(tmp_path / "hidden.png", size=0), by_mask)
    half = opaque.clone()
    half[..., 32:] = 0
    for mask, counted in ((half, half), (torch.ones(96, 192), opaque)):  # what both let through
        both = transfer.encode_style(Picture(hidden, opaque, 8, (), None), mask=mask, size=0)
        same_style(both, transfer.encode_style(masked, mask=counted, size=0))


@pytest.mark.parametrize("mask", [torch.zeros(96, 121), Image.new("L", (121, 96))])
def test_style_of_which_nothing_is_left_is_refused(transfer, cat, starry, mask):
    with pytest.raises(InvalidValueError, match=r"Nothing is left of a style picture: its mask is black"):
        transfer.encode_style(starry, mask=mask, size=0)
    clear = Image.fromarray(np.dstack([to_array(starry)[0], np.zeros((96, 121), np.uint8)]))
    with pytest.raises(InvalidValueError, match=r"or the picture transparent"):
        transfer.stylize(cat, clear)


def test_saved_style_is_taken_for_its_picture(transfer, cat, night, tmp_path):
    path = save_style(night, tmp_path / "night.safetensors")
    expected = transfer.stylize(cat, night)
    assert torch.equal(transfer.stylize(cat, path), expected)
    assert torch.equal(transfer.stylize(cat, str(path)), expected)
    in_a_region = transfer.stylize(cat, masks=[(torch.ones(96, 128), path)])
    torch.testing.assert_close(in_a_region, expected, rtol=0, atol=1e-4)


def test_style_of_another_encoder_is_refused(transfer, cat, night, tmp_path):
    foreign = replace(night, encoder="vgg19-normalised:0123456789ab", note="night")
    path = save_style(foreign, tmp_path / "night.safetensors")
    for style in (foreign, path, [night, foreign]):
        with pytest.raises(EncoderMismatchError, match=r"'night' was made by .*vgg19-normalised:0123.*in use is lite:"):
            transfer.stylize(cat, style)
    with pytest.raises(EncoderMismatchError, match="was made by"):
        transfer.encode_style(path)
    with pytest.raises(EncoderMismatchError, match="was made by"):
        transfer.stylize(cat, masks=[(torch.ones(96, 128), foreign)])


def test_style_says_where_it_comes_from(transfer, starry, tmp_path):
    write_image(tmp_path / "starry night.png", starry)
    path = tmp_path / "starry night.png"
    assert transfer.encode_style(path, size=8).note == "starry night"
    assert transfer.encode_style([path, starry], weights=[3, 1], size=8).note == "0.75 starry night + 0.25 style"
    with pytest.raises(ImageError, match=r"absent\.png does not exist"):
        transfer.encode_style(tmp_path / "absent.png")


def test_one_style_serves_many_contents(transfer, cat, castle, night):
    results = transfer.stylize(torch.cat([cat, castle]), night)
    for result, content in zip(results, (cat, castle), strict=True):
        torch.testing.assert_close(result[None], transfer.stylize(content, night), rtol=0, atol=1e-4)


def test_as_many_styles_as_contents_are_paired(transfer, cat, castle, starry, road):
    styles = torch.cat([starry[..., :96], road[..., :96, :]])
    results = transfer.stylize(torch.cat([cat, castle]), styles, style_size=0)
    for i, content in enumerate((cat, castle)):
        alone = transfer.stylize(content, styles[i], style_size=0)
        torch.testing.assert_close(results[i : i + 1], alone, rtol=0, atol=1e-4)
    assert transfer.stylize(cat, styles, style_size=0).shape == (2, 3, 96, 128)  # one content in each of the styles


def test_other_numbers_of_styles_are_refused(transfer):
    with pytest.raises(ShapeError, match="there are 3, 2 and 1"):
        transfer.stylize(torch.rand(3, 3, 16, 16), torch.rand(2, 3, 16, 16), style_size=0)


def test_arguments_that_would_be_ignored_are_refused(transfer, cat, starry):
    mask = torch.ones(1, 1, *starry.shape[-2:])
    with pytest.raises(InvalidValueError, match="statistics already: a mask cannot choose a part of it"):
        transfer.encode_style(transfer.encode_style(starry), mask=mask)
    with pytest.raises(InvalidValueError, match="weights and no style"):
        transfer.stylize(cat, weights=[1.0], masks=[(mask, starry)])
