"""Nothing about a picture that a rater gets says which method made it, but what is to be seen."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
import torch
from PIL import Image

from adain_nodes.core.errors import ImageError, InvalidValueError
from adain_nodes.imaging import read_image, to_array, write_image
from adain_nodes.survey.pictures import Pictures
from adain_nodes.survey.questions import Question, read_survey

CAT = Question("cat_wave", "bold", "calm")


def opened(url):
    """The picture of a data: URL."""
    head, _, data = url.partition(",")
    assert head == "data:image/jpeg;base64"
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_both_pictures_are_the_right_ones_in_the_right_order(make_survey):
    folder = make_survey()
    pictures = Pictures(read_survey(folder))
    for question in (CAT, Question("cat_wave", "calm", "bold")):
        urls = pictures.shown(question)
        for url, method in zip(urls, (question.first, question.second), strict=True):
            original = to_array(read_image(folder / method / "cat_wave.png").rgb)[0].astype(float)
            assert np.abs(np.asarray(opened(url)) - original).mean() < 8  # noise is hard for JPEG
    assert len(pictures.shown(Question("cat_wave", "bold"))) == 1


def test_files_that_differ_in_everything_but_pixels_become_the_same_bytes(make_survey):
    folder = make_survey(("bold", "calm", "deep"))
    picture = read_image(folder / "bold" / "cat_wave.png").rgb
    (folder / "deep" / "cat_wave.png").unlink()
    write_image(folder / "calm" / "cat_wave.png", picture, parameters={"model": "calm", "alpha": 1.0})
    write_image(folder / "deep" / "cat_wave.tiff", picture, parameters={"model": "deep"})
    urls = {Pictures(read_survey(folder)).shown(Question("cat_wave", each))[0] for each in ("bold", "calm", "deep")}
    assert len(urls) == 1
    image = opened(urls.pop())
    assert not image.getexif()
    assert set(image.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}


def test_sizes_are_those_of_the_smallest_and_not_above_the_limit(make_survey):
    folder = make_survey()
    write_image(folder / "calm" / "cat_wave.png", torch.rand(1, 3, 48, 65))
    for method in ("bold", "calm"):
        write_image(folder / method / "dog_wave.png", torch.rand(1, 3, 30, 2048))
    pictures = Pictures(read_survey(folder))
    assert [opened(url).size for url in pictures.shown(CAT)] == [(32, 24)] * 2
    assert [opened(url).size for url in pictures.shown(Question("dog_wave", "bold", "calm"))] == [(1024, 15)] * 2


def test_sources_are_shown_beside(make_survey):
    folder = make_survey(sources=True)
    write_image(folder / "style" / "wave.jpg", torch.zeros(1, 3, 40, 1000))
    beside = Pictures(read_survey(folder)).beside(CAT)
    assert {kind: opened(url).size for kind, url in beside.items()} == {"content": (32, 24), "style": (512, 20)}
    assert Pictures(read_survey(make_survey(("only",)))).beside(Question("cat_wave", "only")).keys() == beside.keys()


def test_what_would_tell_methods_apart_is_said_at_the_start(make_survey):
    folder = make_survey()
    write_image(folder / "calm" / "cat_wave.png", torch.rand(1, 3, 24, 24))
    with pytest.raises(InvalidValueError, match=r"bold/cat_wave\.png has 32×24 px and .*calm/cat_wave\.png 24×24"):
        Pictures(read_survey(folder))


def test_broken_files_are_found_at_the_start(make_survey):
    folder = make_survey()
    (folder / "calm" / "dog_wave.png").write_bytes(b"no picture")
    with pytest.raises(ImageError, match=r"dog_wave\.png cannot be decoded"):
        Pictures(read_survey(folder))
