"""Contact sheets: where the pictures stand, and what stands beside them."""

import numpy as np
import pytest
import torch
from PIL import Image, ImageFont

from adain_nodes.core.errors import ShapeError
from adain_nodes.imaging import contact_sheet


def plain(colour: tuple[float, float, float], height: int = 64, width: int = 64) -> torch.Tensor:
    return torch.tensor(colour).reshape(1, 3, 1, 1).expand(1, 3, height, width)


RED, GREEN, BLUE = plain((1, 0, 0)), plain((0, 1, 0)), plain((0, 0, 1))
CYAN, GREY = plain((0, 1, 1)), plain((0.5, 0.5, 0.5))


def box(sheet: Image.Image, colour: tuple[int, int, int]) -> tuple[int, int, int, int]:
    """Left, top, right and bottom of all pixels of a colour, which have to fill that box."""
    where = (np.asarray(sheet) == colour).all(axis=2)
    rows, columns = np.flatnonzero(where.any(axis=1)), np.flatnonzero(where.any(axis=0))
    left, top, right, bottom = int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
    assert where[top:bottom, left:right].all()
    return left, top, right, bottom


def test_grid_has_even_margins_and_gaps() -> None:
    sheet = contact_sheet([[RED, GREEN], [BLUE, CYAN]], cell=64)
    assert sheet.mode == "RGB"
    assert sheet.size == (4 + 64 + 2 + 64 + 4, 4 + 64 + 2 + 64 + 4)
    assert box(sheet, (255, 0, 0)) == (4, 4, 68, 68)
    assert box(sheet, (0, 255, 0)) == (70, 4, 134, 68)
    assert box(sheet, (0, 0, 255)) == (4, 70, 68, 134)
    assert box(sheet, (0, 255, 255)) == (70, 70, 134, 134)


def test_contents_and_styles_stand_apart_before_the_results() -> None:
    sheet = contact_sheet([[RED]], contents=[GREEN], styles=[BLUE], cell=64)
    assert box(sheet, (0, 255, 0)) == (4, 74, 68, 138)
    assert box(sheet, (0, 0, 255)) == (74, 4, 138, 68)
    assert box(sheet, (255, 0, 0)) == (74, 74, 138, 138)
    assert sheet.size == (142, 142)
    assert np.all(np.asarray(sheet)[4:68, 4:68] == 255)  # the corner stays white


def test_pictures_keep_their_aspect_in_rows_and_columns_as_narrow_as_possible() -> None:
    wide, tall = plain((1, 0, 0), 20, 40), plain((0, 1, 0), 300, 150)
    sheet = contact_sheet([[wide, tall]], cell=64)
    left, top, right, bottom = box(sheet, (255, 0, 0))
    assert (right - left, bottom - top) == (64, 32)
    assert top - 4 == 68 - bottom  # in the middle of its row
    left, top, right, bottom = box(sheet, (0, 255, 0))
    assert (right - left, bottom - top) == (32, 64)
    assert sheet.size == (4 + 64 + 2 + 32 + 4, 72)


def ink(sheet: Image.Image) -> np.ndarray:
    """Where the sheet is neither white nor of a strong colour."""
    pixels = np.asarray(sheet).astype(int)
    return (pixels.max(axis=2) < 200) & (np.ptp(pixels, axis=2) == 0)


def test_labels_stand_centred_above_the_columns_and_turned_before_the_rows() -> None:
    options = {"contents": [GREEN, GREEN], "styles": [BLUE, BLUE], "cell": 64}
    bare = contact_sheet([[RED, RED], [RED, RED]], **options)
    sheet = contact_sheet([[RED, RED], [RED, RED]], row_labels=["one", "two"], column_labels=["three", ""], **options)
    assert sheet.width - bare.width == sheet.height - bare.height == 19
    rows, columns = np.nonzero(ink(sheet))
    above = rows < box_top(sheet)
    assert above.any()
    style_left = columns[above].min(), columns[above].max()
    left, _, right, _ = box(
        contact_sheet([[RED]], contents=[GREEN], styles=[BLUE], row_labels=["x"], cell=64), (0, 0, 255)
    )
    assert left < style_left[0] < style_left[1] < right
    assert abs(sum(style_left) / 2 - (left + right) / 2) <= 2
    beside = ~above
    assert columns[beside].max() < 4 + 19
    heights = rows[beside]
    assert heights.min() > box_top(sheet) + 64  # labels of results only, not of the row of styles
    assert np.ptp(heights) > 64  # in both rows


def box_top(sheet: Image.Image) -> int:
    return int(np.flatnonzero((np.asarray(sheet) == (0, 0, 255)).all(axis=2).any(axis=1))[0])


def test_long_label_is_cut_to_its_column() -> None:
    label = "a label that is much longer than its picture"
    sheet = contact_sheet([[RED, RED]], column_labels=["", label], cell=64)
    columns = np.flatnonzero(ink(sheet).any(axis=0))
    assert columns.min() >= 70
    assert columns.max() < 134
    cuts = [label[:end] + "…" for end in range(1, len(label))]
    same = [cut for cut in cuts if contact_sheet([[RED, RED]], column_labels=["", cut], cell=64) == sheet]
    assert same
    assert len(same[0]) < 16  # not merely clipped on both sides
    assert contact_sheet([[RED]], column_labels=["W" * 99], cell=2).size == (10, 29)  # no room for any letter


def test_another_font_can_be_given() -> None:
    given = ImageFont.load_default(30)
    assert isinstance(given, ImageFont.FreeTypeFont)
    sheets = [contact_sheet([[RED]], column_labels=["label"], cell=64, font=font) for font in (None, given)]
    heights = [np.ptp(np.flatnonzero(ink(sheet).any(axis=1))) for sheet in sheets]
    assert heights[1] > 2 * heights[0]


def test_counts_have_to_match() -> None:
    for rows in ([], [[]], [[RED], [RED, RED]]):
        with pytest.raises(ShapeError, match="all of one length"):
            contact_sheet(rows)
    for name in ("contents", "styles"):
        with pytest.raises(ShapeError, match=f"3 {name} do not match 2 rows × 1 columns"):
            contact_sheet([[RED], [RED]], **{name: [GREY, GREY, GREY]})
    for name in ("row_labels", "column_labels"):
        with pytest.raises(ShapeError, match=f"3 {name} do not match"):
            contact_sheet([[RED], [RED]], **{name: ["a", "b", "c"]})
