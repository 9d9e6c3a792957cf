import numpy as np
import pytest
import torch
from PIL import Image

from adain_nodes.core.errors import ImageError
from adain_nodes.evaluation.gallery import Gallery


def save(path, grey, size=(40, 30)):
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(np.full((size[1], size[0], 3), grey, np.uint8)).save(path)


def test_squares_are_read_in_order_and_named(tmp_path):
    for index, grey in enumerate((51, 102, 204)):
        save(tmp_path / f"p{index}.png", grey, (40, 30 + index))
    gallery = Gallery.read([tmp_path / "p2.png", tmp_path], side=24)
    assert gallery.pictures.shape == (3, 3, 24, 24)
    assert [round(picture[0, 0, 0, 0].item(), 5) for picture in gallery] == [0.8, 0.2, 0.4]
    assert gallery.names == ("p2.png", "p0.png", "p1.png")
    assert torch.equal(gallery[1], gallery.pictures[1:2])
    with pytest.raises(ImageError, match="absent"):
        Gallery.read([tmp_path / "absent"])


def test_files_of_one_name_are_told_apart(tmp_path):
    for name in ("a/x.png", "b/x.png", "b/y.png"):
        save(tmp_path / name, 0)
    assert Gallery.read([tmp_path / "a", tmp_path / "b"], 24).names == (
        str(tmp_path / "a" / "x.png"),
        str(tmp_path / "b" / "x.png"),
        "y.png",
    )


def test_digests_tell_pictures_apart(pictures):
    first = Gallery(pictures, tuple("abcdefg")).digests
    assert len(set(first)) == 7
    changed = pictures.clone()
    changed[2, 0, 0, 0] += 1e-6
    second = Gallery(changed, tuple("abcdefg")).digests
    assert [a == b for a, b in zip(first, second, strict=True)] == [True, True, False, True, True, True, True]
    assert Gallery(pictures.mT, tuple("abcdefg")).digests[0] != first[0]
