"""Masks and transparency: which parts of the content count, and which change."""

from __future__ import annotations

import pytest
import torch
from PIL import Image
from torch.nn import functional as F

from adain_nodes.core.errors import ImageError, InvalidValueError, ShapeError
from adain_nodes.core.regions import Region, adain_regions
from adain_nodes.imaging import Picture, read_image, read_mask, resize, to_pil
from adain_nodes.resources import resource


def left(width=128, share=0.5):
    """A mask of 96 rows whose left part is white."""
    mask = torch.zeros(96, width)
    mask[:, : int(width * share)] = 1
    return mask


def blueness(picture):
    """How much more blue than red there is."""
    return float((picture[:, 2] - picture[:, 0]).mean())


def test_inside_changes_and_outside_stays_the_photograph(transfer, cat, night):
    result = transfer.stylize(cat, masks=[(left(), night)])
    assert torch.equal(result[..., 64:], cat[..., 64:])
    assert (result - cat)[..., :64].abs().mean() > 0.1
    assert blueness(result[..., :64]) > blueness(cat[..., :64]) + 0.3


def test_alpha_counts_inside_a_mask(transfer, cat, night):
    changes = [
        float((transfer.stylize(cat, masks=[(left(), night)], alpha=alpha) - cat).abs().mean()) for alpha in (0, 0.5, 1)
    ]
    assert changes[0] < 0.05 < changes[1] < changes[2]


def test_regions_have_their_styles_and_the_base_style_fills_the_rest(transfer, cat):
    """Three styles of one colour each, on three thirds."""
    red, green, blue = (torch.rand(1, 3, 48, 48) * 0.2 for _ in range(3))
    for channel, style in enumerate((red, green, blue)):
        style[:, channel] += 0.7
    masks = [(left(share=1 / 3), red), (left(share=2 / 3) - left(share=1 / 3), green)]
    result = transfer.stylize(cat, blue, masks=masks, style_size=0)
    for channel, third in enumerate((result[..., 4:38], result[..., 46:80], result[..., 90:])):
        assert third.mean((0, 2, 3)).argmax() == channel
    rest_kept = transfer.stylize(cat, masks=masks, style_size=0)
    assert torch.equal(rest_kept[..., 86:], cat[..., 86:])
    assert rest_kept[..., 4:38].mean((0, 2, 3)).argmax() == 0


def test_regions_are_normalised_by_their_own_statistics(transfer, cat, castle, night):
    """A region's result hardly depends on what the rest of the photograph is."""
    wide = torch.cat([cat, castle * 0.1], dim=3)
    alone = transfer.stylize(cat, night)
    masked = transfer.stylize(wide, masks=[(left(256), night)])
    unmasked = transfer.stylize(wide, night)
    by_its_own, by_all = ((result - F.pad(alone, (0, 128)))[..., :96].abs().mean() for result in (masked, unmasked))
    assert by_its_own < 0.03 < 0.06 < by_all


@pytest.mark.parametrize("base", [True, False])
def test_white_mask_is_no_mask(transfer, cat, night, base):
    style = transfer.encode_style(torch.rand(1, 3, 32, 32), size=0) if base else None
    result = transfer.stylize(cat, style, masks=[(torch.ones(96, 128), night)])
    torch.testing.assert_close(result, transfer.stylize(cat, night), rtol=0, atol=1e-4)


def test_black_mask_keeps_the_photograph(transfer, cat, night):
    assert torch.equal(transfer.stylize(cat, masks=[(torch.zeros(96, 128), night)]), cat)


def test_soft_mask_leads_from_inside_to_outside(transfer, cat, night):
    ramp = torch.linspace(1, 0, 128).expand(96, 128)
    change = (transfer.stylize(cat, masks=[(ramp, night)]) - cat).abs().mean((0, 1, 2))
    parts = [float(part.mean()) for part in change.split(32)]
    assert parts == sorted(parts, reverse=True)
    assert change[-1] < 1e-6


def test_masks_of_every_kind_mean_the_same(transfer, cat, night, tmp_path, caplog):
    mask = left()
    path = tmp_path / "mask.png"
    to_pil(mask[None, None]).save(path)
    expected = transfer.stylize(cat, masks=[(mask, night)])
    for each in (mask[None], mask[None, None], mask > 0.5, mask.double(), path, str(path), Image.open(path)):
        assert torch.equal(transfer.stylize(cat, masks=[(each, night)]), expected)
    assert not caplog.records


def test_mask_of_another_size_is_resized_and_said(transfer, cat, night, caplog):
    expected = transfer.stylize(cat, masks=[(left(), night)])
    small = left()[::2, ::2]
    large = left().repeat_interleave(2, 0).repeat_interleave(2, 1)
    for mask, said in (
        (small, "mask resized from (48, 64) to (96, 128) (height, width)"),
        (large, "mask resized from (192, 256) to (96, 128) (height, width)"),
        (to_pil(small[None, None]), "mask resized from 64×48 to 128×96 px"),
    ):
        caplog.clear()
        result = transfer.stylize(cat, masks=[(mask, night)])
        assert caplog.messages == [said]
        assert torch.equal(result[..., 66:], cat[..., 66:])
        assert (result - expected).abs().mean() < 0.02


def test_mask_has_the_size_of_the_result(transfer, cat, night, caplog):
    """``size`` changes the photograph first: a mask of the photograph's size is resized with it."""
    result = transfer.stylize(cat, masks=[(left(), night)], size=48)
    assert result.shape == (1, 3, 48, 64)
    assert "(96, 128) to (48, 64)" in caplog.text
    assert torch.equal(result[..., 33:], resize(cat, 48)[..., 33:])


def test_example_mask_changes_the_bird_alone(transfer, night):
    mask = resource("examples", "pictures", "mask", "kingfisher_bird.png")
    content = resource("examples", "pictures", "content", "kingfisher.jpg")
    result = transfer.stylize(content, masks=[(mask, night)], size=96)
    changed = (result - resize(read_image(content).rgb, 96)).abs().mean(1, keepdim=True)
    inside, _ = read_mask(mask, (96, 128))
    assert 0.5 < (inside == 0).float().mean() < 0.9
    assert changed[inside == 0].max() == 0
    assert changed[inside == 1].mean() > 0.1


def test_several_styles_in_one_region_are_blended(transfer, cat, night, road):
    yellow = transfer.encode_style(road, size=0)
    result = transfer.stylize(cat, masks=[(left(), [night, road])], style_size=0)
    expected = transfer.stylize(cat, masks=[(left(), transfer.encode_style([night, yellow]))])
    torch.testing.assert_close(result, expected, rtol=0, atol=1e-4)


def test_each_content_may_have_its_own_mask(transfer, cat, castle, night):
    masks = torch.stack([left(), 1 - left()])
    results = transfer.stylize(torch.cat([cat, castle]), masks=[(masks, night)])
    for result, content, mask in zip(results, (cat, castle), masks, strict=True):
        alone = transfer.stylize(content, masks=[(mask, night)])
        torch.testing.assert_close(result[None], alone, rtol=0, atol=1e-4)


@pytest.mark.parametrize(
    ("mask", "error", "match"),
    [
        (torch.ones(96), ShapeError, r"mask has the shape \(96,\); expected height and width"),
        (torch.ones(0, 128), ShapeError, r"mask has the shape \(0, 128\)"),
        (torch.ones(3, 96, 128), ShapeError, r"mask has the shape \(3, 1, 96, 128\).*one mask for all pictures"),
        (torch.full((96, 128), 255, dtype=torch.uint8), InvalidValueError, r"mask holds uint8.*Divide it"),
        ("nowhere.png", ImageError, r"nowhere\.png does not exist"),
    ],
)
def test_what_is_no_mask_is_refused(transfer, cat, night, mask, error, match):
    with pytest.raises(error, match=match):
        transfer.stylize(cat, masks=[(mask, night)])


@pytest.fixture
def clipping(cat, castle):
    """A photograph whose right half is transparent, and another one with other colours hidden far to the right."""
    shown = torch.cat([cat, castle, cat], dim=3)
    other = shown.clone()
    other[..., 256:] = torch.rand(1, 3, 96, 128)
    alpha = left(384, 1 / 3)[None, None]
    return [Picture(rgb, alpha, 8, (), None) for rgb in (shown, other)]


@pytest.mark.parametrize("where", ["base", "mask", "both"])
def test_hidden_pixels_do_not_count(transfer, night, road, clipping, where):
    masks = {"base": [], "mask": [(left(384, 0.9), night)], "both": [(left(384, 1 / 6), night)]}[where]
    style = None if where == "mask" else road
    one, other = (transfer.stylize(each, style, masks=masks, style_size=0)[..., :100] for each in clipping)
    torch.testing.assert_close(one, other, rtol=0, atol=1e-5)


@pytest.mark.parametrize("masked", [False, True])
def test_what_shines_through_is_stylised_in_full(transfer, cat, night, road, masked):
    veiled = Picture(cat, torch.full((1, 1, 96, 128), 0.3), 8, (), None)
    settings = {"masks": [(left(), road)] * masked, "style_size": 0}
    results = [transfer.stylize(content, night, **settings) for content in (veiled, cat)]
    torch.testing.assert_close(*results, rtol=0, atol=1e-5)


def test_picture_that_is_transparent_throughout_stays_finite(transfer, cat, night):
    clear = Picture(cat, torch.zeros(1, 1, 96, 128), 8, (), None)
    assert transfer.stylize(clear, night).isfinite().all()


def test_border_of_what_is_hidden_is_stylised_in_full(transfer, cat, night):
    """The hidden part repeats the visible one, so that the statistics are those of the whole."""
    content = torch.cat([cat, cat], dim=3)
    alpha = left(256, 132 / 256)[None, None]
    cut, whole = (transfer.stylize(each, night) for each in (Picture(content, alpha, 8, (), None), content))
    assert (cut - whole)[..., 126:132].abs().mean() < 0.02


def test_half_a_mask_is_half_the_style(transfer, cat, night):
    """It fades in the features alone: fading between the pictures too would leave a quarter."""
    mask = torch.full((1, 1, 96, 128), 0.5)
    with torch.no_grad():
        halved = adain_regions(transfer.encode(cat), [Region(mask, night)])
    expected = transfer.decode(halved, (96, 128))
    torch.testing.assert_close(transfer.stylize(cat, masks=[(mask, night)]), expected, rtol=0, atol=1e-5)
