"""The tab Paint regions: what is ordered, what a painting means, and painting itself in a real browser."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from adain_nodes.app import regions
from adain_nodes.app.errors import IncompleteError
from adain_nodes.core.errors import ImageError, InvalidValueError
from adain_nodes.imaging import read_image, read_mask
from adain_nodes.recipe import Recipe

SETTINGS = (0.5, "luminance", 256, 128, "lite")
MEANT = {"alpha": 0.5, "preserve_color": "luminance", "size": 256, "style_size": 128, "model": "lite"}
A, B, C = ("a.png", "a.jpg"), ("b.png", "b.jpg"), ("c.png", "c.jpg")
MASKS = tuple((Path(mask), Path(style)) for mask, style in (A, B, C))


def url(pixels):
    """A painting: H×W×3 or H×W×4 bytes as the page sends them."""
    buffer = io.BytesIO()
    Image.fromarray(np.asarray(pixels, np.uint8)).save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"


@pytest.fixture
def painting():
    """60×90 pixels: a stripe of each colour with a fully transparent third below."""
    pixels = np.zeros((60, 90, 4))
    for index, color in enumerate(regions.COLORS.values()):
        pixels[:40, 30 * index : 30 * index + 30] = [*bytes.fromhex(color[1:]), 255]
    return pixels


@pytest.mark.parametrize("rest", [None, "rest.jpg"])
def test_every_mask_gets_its_style(rest):
    asked = regions.order("photo.jpg", *A, *B, *C, rest, *SETTINGS)
    assert asked == Recipe(Path("photo.jpg"), ((Path("rest.jpg"), 1.0),) if rest else (), MASKS, **MEANT)


def test_styles_without_masks_are_left_out():
    assert regions.order("photo.jpg", *A, None, "b.jpg", None, None, None, *SETTINGS).masks == MASKS[:1]


@pytest.mark.parametrize("photo", [None, "photo.jpg"])
def test_photograph_and_painting_are_waited_for(photo):
    with pytest.raises(IncompleteError, match="Nothing is painted" if photo else "no photograph"):
        regions.order(photo, *((None, "a.jpg") if photo else A), None, None, None, None, None, *SETTINGS)


def test_painted_colour_needs_a_style():
    with pytest.raises(InvalidValueError, match=r"^What is painted yellow has no style\. Choose a style for yellow\.$"):
        regions.order("photo.jpg", *A, "b.png", None, None, None, "rest.jpg", *SETTINGS)


def test_masks_are_where_their_colours_are(engine, painting):
    files = regions.masks(engine, url(painting), 0)
    for index, file in enumerate(files):
        mask, _ = read_mask(file)
        expected = np.zeros((60, 90))
        expected[:40, 30 * index : 30 * index + 30] = 1
        assert np.array_equal(mask[0, 0].numpy(), expected)


def test_colour_that_is_not_painted_has_no_mask(engine, painting):
    painting[:, 30:60, 3] = 0
    assert [file is None for file in regions.masks(engine, url(painting), 0)] == [False, True, False]
    assert regions.masks(engine, url(np.zeros((8, 8, 4))), 2) == [None] * 3
    with pytest.raises(IncompleteError, match="Nothing is painted"):
        regions.masks(engine, "", 2)


def test_half_a_colour_is_half_a_mask_and_no_transparency_a_whole_one(engine, painting):
    painting[:40, :30, 3] = 128
    half, _ = read_mask(regions.masks(engine, url(painting), 0)[0])
    assert half[0, 0, 20, 15] == pytest.approx(128 / 255)
    opaque, _ = read_mask(regions.masks(engine, url(np.full((8, 8, 3), [230, 30, 70])), 0)[0])
    assert opaque.min() == 1


def test_feather_is_in_percent_of_the_short_side(engine, painting):
    red, _ = read_mask(regions.masks(engine, url(painting), 10)[0])  # 6 of 60 pixels
    edge = red[0, 0, 5]
    assert edge[:18].min() == pytest.approx(1)
    assert edge[42:].max() == 0
    assert edge[29:31].mean() == pytest.approx(0.5, abs=0.01)
    assert torch.all(edge[:-1] >= edge[1:])


@pytest.mark.parametrize(
    "wrong",
    ["/etc/passwd", "https://example.com/a.png", "data:image/png;base64,§", f"data:image/png;base64,{'A' * 4_000_004}"],
)
def test_painting_is_a_small_png_in_a_url(engine, wrong):
    with pytest.raises(InvalidValueError, match="no data: URL of a small PNG"):
        regions.masks(engine, wrong, 2)


def test_painting_is_a_picture_of_few_pixels(engine):
    with pytest.raises(ImageError, match="cannot be decoded"):
        regions.masks(engine, "data:image/png;base64,AAAA", 2)
    with pytest.raises(ImageError, match="above the limit of 1 megapixels"):
        regions.masks(engine, url(np.zeros((1001, 1000, 4))), 2)


def test_photograph_stays_where_nothing_is_painted(engine, files, painting):
    mask = regions.masks(engine, url(painting), 0)[0]
    asked = regions.order(files.photo, mask, files.style, None, None, None, None, None, 1, "none", 0, 32, "lite")
    painted = engine.paint(asked, 512, lambda share: None)
    changed = (painted.after - painted.before).abs().amax((0, 1))
    assert changed[:24, :14].mean() > 0.05
    assert changed[:, 24:].max() == changed[30:].max() == 0


def test_opening_styles_and_brushes():
    assert regions.STYLES.keys() == regions.COLORS.keys()


def test_painting_in_a_browser(visit):
    opened = visit()
    opened.page.get_by_role("tab", name="Paint regions").click()
    opened.page.wait_for_timeout(1500)  # the first tab's full result
    asked = opened.asked
    asked.clear()
    board = opened.page.get_by_role("application", name="Painting on the photograph")
    box = board.bounding_box()
    opened.page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.2 * box["height"])
    opened.page.mouse.down()
    opened.page.mouse.move(box["x"] + 0.8 * box["width"], box["y"] + 0.2 * box["height"], steps=4)
    opened.page.mouse.up()
    before = opened.wait_for_result("regions")
    opened.page.wait_for_timeout(1000)
    assert len(asked) == len(set(asked)) <= 3  # the masks, one preview, one full result
    opened.page.get_by_role("group", name="Brush").get_by_role("radio", name="blue").check()
    board.focus()  # and with the keyboard alone
    opened.page.keyboard.down(" ")
    for _ in range(3):
        opened.page.keyboard.press("Shift+ArrowDown")
    opened.page.keyboard.up(" ")
    opened.wait_for_result("regions", other_than=before)
    opened.page.get_by_role("button", name="Masks").click()
    found = {}
    for color in ("red", "blue"):
        shown = opened.page.get_by_alt_text(f"Mask {color}")
        shown.wait_for()
        found[color] = read_image(opened.page.request.get(shown.get_attribute("src")).body()).rgb[0, 0]
    height, width = found["red"].shape
    across, down = int(0.5 * width), int(0.8 * width)
    assert found["red"][int(0.2 * height), across] > 0.95
    assert found["blue"][int(0.4 * height), down] > 0.95
    assert found["red"][int(0.4 * height), down] == found["blue"][int(0.2 * height), across] == 0
