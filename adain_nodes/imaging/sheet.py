"""Contact sheets: labelled grids of pictures on white."""

from collections.abc import Sequence
from itertools import accumulate

from PIL import Image, ImageDraw, ImageFont, ImageOps
from torch import Tensor

from adain_nodes.core.errors import ShapeError
from adain_nodes.imaging.tensors import to_pil

_INK = (64, 64, 64)


def contact_sheet(
    results: Sequence[Sequence[Tensor]],
    *,
    contents: Sequence[Tensor] = (),
    styles: Sequence[Tensor] = (),
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
    cell: int = 256,
    font: ImageFont.FreeTypeFont | None = None,
) -> Image.Image:
    """Compose rows of pictures (each 1×3×H×W in [0, 1], of any size) into one RGB image.

    ``styles`` become a first row and ``contents`` a first column, a little apart from the results; a single row of
    results makes a strip. Each picture is fitted into ``cell``×``cell`` px with its aspect kept; rows and columns are
    as narrow as their pictures allow. Labels stand above the columns and, turned, before the rows of the results;
    the font inside Pillow draws them, which knows ASCII only: give another ``font`` for other scripts.

    Raises ShapeError when rows differ in length, or when contents, styles or labels do not match them in number.
    """
    _check_counts(results, contents, styles, row_labels, column_labels)
    grid: list[list[Image.Image | None]] = [[_fit(picture, cell) for picture in row] for row in results]
    if contents:
        grid = [[_fit(content, cell), *row] for content, row in zip(contents, grid, strict=True)]
    if styles:
        grid.insert(0, [None] * bool(contents) + [_fit(style, cell) for style in styles])

    gap = max(2, cell // 32)
    font_size = font.size if font else max(11, cell // 14)  # smaller letters cannot be read
    face = font or ImageFont.load_default(font_size)
    label_height = round(1.75 * font_size)
    widths = [max(picture.width for picture in column if picture) for column in zip(*grid, strict=True)]
    heights = [max(picture.height for picture in row if picture) for row in grid]
    lefts = _starts(widths, 2 * gap + label_height * bool(row_labels), gap, bool(contents))
    tops = _starts(heights, 2 * gap + label_height * bool(column_labels), gap, bool(styles))

    sheet = Image.new("RGB", (lefts[-1] + gap, tops[-1] + gap), "white")
    for top, height, row in zip(tops, heights, grid, strict=False):
        for left, width, picture in zip(lefts, widths, row, strict=False):
            if picture:
                sheet.paste(picture, (left + (width - picture.width) // 2, top + (height - picture.height) // 2))
    for text, left, width in zip(column_labels, lefts[bool(contents) :], widths[bool(contents) :], strict=False):
        sheet.paste(_label(text, width, label_height, face), (left, tops[0] - label_height))
    for text, top, height in zip(row_labels, tops[bool(styles) :], heights[bool(styles) :], strict=False):
        turned = _label(text, height, label_height, face).transpose(Image.Transpose.ROTATE_90)
        sheet.paste(turned, (lefts[0] - label_height, top))
    return sheet


def _check_counts(
    results: Sequence[Sequence[Tensor]],
    contents: Sequence[Tensor],
    styles: Sequence[Tensor],
    row_labels: Sequence[str],
    column_labels: Sequence[str],
) -> None:
    rows, columns = len(results), len(results[0]) if results else 0
    if not columns or any(len(row) != columns for row in results):
        raise ShapeError("A sheet takes rows of pictures, all of one length.", lengths=[len(row) for row in results])
    expected = {"contents": rows, "row_labels": rows, "styles": columns, "column_labels": columns}
    given = {"contents": contents, "row_labels": row_labels, "styles": styles, "column_labels": column_labels}
    for name, values in given.items():
        if values and len(values) != expected[name]:
            raise ShapeError(
                f"{len(values)} {name} do not match {rows} rows × {columns} columns of results.",
                f"Give {expected[name]} or none.",
            )


def _fit(picture: Tensor, cell: int) -> Image.Image:
    return ImageOps.contain(to_pil(picture), (cell, cell), Image.Resampling.LANCZOS)


def _starts(sizes: list[int], first: int, gap: int, header: bool) -> list[int]:
    """Where each track starts, and where the last one ends plus a gap; after a header the gap is wider."""
    steps = [size + gap for size in sizes]
    steps[0] += 2 * gap * header
    return list(accumulate(steps, initial=first))


def _label(text: str, width: int, height: int, face: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> Image.Image:
    """``text`` centred on a white strip, cut short with an ellipsis where it is too long."""
    shown = text
    while shown and face.getlength(shown) > width:
        shown = shown.removesuffix("…")[:-1].rstrip() + "…" if shown != "…" else ""
    strip = Image.new("RGB", (width, height), "white")
    ImageDraw.Draw(strip).text((width / 2, height / 2), shown, fill=_INK, font=face, anchor="mm")
    return strip
