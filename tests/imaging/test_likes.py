"""Whatever people pass as a picture or a mask."""

import logging

import pytest
import torch
from PIL import Image

from adain_nodes.core.errors import ImageError, InvalidValueError, ShapeError
from adain_nodes.imaging import read_image, write_image
from adain_nodes.imaging.likes import as_mask, as_picture


@pytest.mark.parametrize("shape", [(3, 5, 7), (1, 3, 5, 7), (2, 3, 5, 7)])
def test_a_tensor_becomes_a_batch(shape):
    rgb, opaque = as_picture(torch.rand(shape).half())
    assert rgb.shape == (shape[0] if len(shape) == 4 else 1, 3, 5, 7)
    assert rgb.dtype == torch.float32
    assert opaque is None


def test_files_pillow_images_and_pictures_give_the_same(tmp_path):
    alpha = torch.linspace(0, 1, 30).reshape(1, 1, 5, 6)
    write_image(tmp_path / "a.png", torch.rand(1, 3, 5, 6), alpha=alpha)
    expected = read_image(tmp_path / "a.png")
    for source in (str(tmp_path / "a.png"), Image.open(tmp_path / "a.png"), expected):
        rgb, opaque = as_picture(source)
        assert torch.equal(rgb, expected.rgb)
        assert torch.equal(opaque, expected.alpha)


@pytest.mark.parametrize("wrong", [torch.rand(5, 7), torch.rand(1, 5, 7, 3), torch.rand(0, 3, 5, 7)])
def test_tensors_that_are_no_pictures(wrong):
    with pytest.raises(ShapeError, match="expected B×3×H×W or 3×H×W"):
        as_picture(wrong)


def test_integers_count_to_another_scale():
    with pytest.raises(InvalidValueError, match="picture holds uint8; expected floating point"):
        as_picture(torch.zeros(3, 4, 4, dtype=torch.uint8))
    with pytest.raises(InvalidValueError, match="mask holds int64"):
        as_mask(torch.ones(4, 4, dtype=torch.int64), (4, 4))
    assert as_mask(torch.ones(4, 4, dtype=torch.bool), (4, 4)).dtype == torch.float32


def test_masks_are_brought_to_the_size_and_that_is_said(tmp_path, caplog):
    write_image(tmp_path / "mask.png", torch.ones(1, 3, 8, 4))
    with caplog.at_level(logging.WARNING, "adain_nodes"):
        assert as_mask(tmp_path / "mask.png", (4, 2)).shape == (1, 1, 4, 2)
        assert as_mask(torch.rand(2, 8, 4), (4, 2)).shape == (2, 1, 4, 2)
    assert [record.message for record in caplog.records] == [
        "mask resized from 4×8 to 2×4 px",
        "mask resized from (8, 4) to (4, 2) (height, width)",
    ]
    with pytest.raises(ShapeError, match="height and width as its last axes"):
        as_mask(torch.rand(5), (4, 2))


def test_the_pixel_limit_reaches_the_files(tmp_path):
    write_image(tmp_path / "a.png", torch.rand(1, 3, 5, 6))
    for read in (as_picture, lambda path, limit: as_mask(path, (5, 6), limit)):
        read(tmp_path / "a.png", 30)
        with pytest.raises(ImageError, match="above the limit"):
            read(tmp_path / "a.png", 29)
