"""From bytes to bytes."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from adain_nodes.bot.work import LARGEST, Painter
from adain_nodes.core.errors import ImageError, InvalidValueError
from adain_nodes.imaging import read_image


def opened(jpeg):
    image = Image.open(io.BytesIO(jpeg))
    assert image.format == "JPEG"
    return image


def difference(one, other):
    return np.abs(np.asarray(opened(one), float) - np.asarray(opened(other).convert("RGB"), float)).mean()


def test_the_result_is_that_of_the_pipeline(painter, picture):
    photo, style = picture(30, 40, "PNG"), picture(64, 64, "PNG", seed=1)
    wanted = painter._transfer.stylize(read_image(photo), painter._transfer.encode_style(read_image(style)), alpha=0.5)
    shown = np.asarray(opened(painter.paint(photo, style, 50)), np.float32) / 255
    assert np.abs(shown - wanted[0].permute(1, 2, 0).numpy()).mean() < 0.025  # JPEG, of noise (measured 0.021)


@pytest.mark.parametrize(
    ("height", "width", "result"),
    [
        (40, 56, (56, 40)),
        (96, 120, (60, 48)),
        (20, 400, (80, 4)),
        (400, 30, (7, 93)),
        (1, 20, (20, 1)),
        (48, 96, (96, 48)),
    ],
)
def test_sizes(painter, picture, height, width, result):
    found = opened(painter.paint(picture(height, width), "swirls", 100)).size
    assert found == result


def test_presets_are_the_examples_and_make_a_difference(painter, picture):
    assert len(painter.presets) == 9
    one, other = (painter.paint(picture(), name, 100) for name in ("swirls", "engraving"))
    assert difference(one, other) > 5


def test_alpha_goes_from_the_photo_to_the_style(painter, picture):
    results = [painter.paint(picture(), "starry_night", alpha) for alpha in (25, 50, 100)]
    assert difference(results[0], results[2]) > difference(results[1], results[2]) > 0


def test_transparency_is_laid_over_white(painter):
    file = io.BytesIO()
    Image.new("RGBA", (40, 40), (0, 0, 0, 0)).save(file, "PNG")
    assert np.asarray(opened(painter.paint(file.getvalue(), "swirls", 100))).min() > 250


@pytest.mark.parametrize("what", ["photo", "style picture"])
@pytest.mark.parametrize(
    ("size", "problem"), [((1, 21), r"is too narrow, 21×1 px"), ((1001, 1000), r"has 1000×1001 px, above the limit")]
)
def test_pictures_that_are_refused(painter, picture, what, size, problem):
    pair = [picture(), picture()]
    pair[what != "photo"] = picture(*size)
    with pytest.raises(ImageError, match=rf"^The {what} {problem}") as caught:
        painter.paint(*pair, 100)
    assert caught.value.remedy == ""


def test_no_pictures(painter, picture):
    with pytest.raises(ImageError, match=r"^The photo cannot be decoded: it is not a PNG"):
        painter.paint(b"%PDF-1.7", "swirls", 100)
    with pytest.raises(ImageError, match=r"^The style picture cannot be decoded"):
        painter.paint(picture(), b"", 100)


@pytest.mark.parametrize("size", [0, LARGEST + 1])
def test_sizes_that_telegram_does_not_take(painter, size):
    with pytest.raises(InvalidValueError, match=f"A size of {size} px is not possible. Give 1 to 2560."):
        Painter(painter._transfer, size=size)
