"""`adain demo`: the first thing that a new user sees."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from adain_nodes import imaging
from adain_nodes.imaging import find_images, read_image, read_parameters, to_tensor
from adain_nodes.resources import resource

SHEET = Image.new("RGB", (8, 4), "teal")
FAST = ("--size", 24, "--device", "cpu", "--dtype", "float32")


@pytest.fixture
def few(monkeypatch, tmp_path):
    """Three examples instead of all, small: the time is the styles'."""
    for kind, names in (("content", ("cat", "castle")), ("style", ("starry_night", "swirls", "rose_window"))):
        for name in names:
            target = tmp_path / "pictures" / kind / f"{name}.jpg"
            target.parent.mkdir(parents=True, exist_ok=True)
            with Image.open(resource("examples", "pictures", kind, f"{name}.jpg")) as picture:
                picture.reduce(8).save(target)
    found = lambda *parts: tmp_path / Path(*parts[1:]) if parts[0] == "examples" else resource(*parts)  # noqa: E731
    monkeypatch.setattr("adain_nodes.examples.resource", found)
    return tmp_path


def test_every_example_meets_every_style_on_one_sheet(adain, few, monkeypatch):
    monkeypatch.chdir(few)
    status, out, _ = adain("demo", *FAST)
    assert status == 0
    assert out == "6 made: results/demo\nContact sheet: results/demo/contact_sheet.png\n"
    names = {path.name for path in find_images(["results/demo"])}
    styles = ("rose_window", "starry_night", "swirls")
    assert names == {f"{c}_{s}.png" for c in ("castle", "cat") for s in styles} | {"contact_sheet.png"}
    with Image.open("results/demo/cat_swirls.png") as picture:
        assert min(picture.size) == 24
    with Image.open("results/demo/contact_sheet.png") as sheet:
        assert sheet.width > 4 * 240  # contents and three styles
        assert sheet.height > 3 * 190


def test_sheet_shows_each_result_in_its_place(adain, few, monkeypatch):
    sheets = []
    monkeypatch.setattr(imaging, "contact_sheet", lambda rows, **around: sheets.append((rows, around)) or SHEET)
    assert adain("demo", *FAST, "-o", few / "out").status == 0
    ((rows, around),) = sheets
    contents, styles = ("castle", "cat"), ("rose_window", "starry_night", "swirls")
    for content, row in zip(contents, rows, strict=True):
        for style, cell in zip(styles, row, strict=True):
            assert torch.equal(cell, read_image(few / "out" / f"{content}_{style}.png").rgb)
    for kind, names, pictures in (("content", contents, "contents"), ("style", styles, "styles")):
        for name, picture in zip(names, around[pictures], strict=True):
            assert torch.equal(picture, read_image(few / "pictures" / kind / f"{name}.jpg").rgb)
    assert around["column_labels"] == ["Rose window", "Starry night", "Swirls"]
    assert torch.equal(read_image(few / "out" / "contact_sheet.png").rgb, to_tensor(np.asarray(SHEET)))


def test_settings_go_to_the_results(adain, few):
    assert adain("demo", *FAST, "--alpha", 0.5, "-o", few / "out").status == 0
    parameters = read_parameters(few / "out" / "cat_swirls.png")
    assert (parameters["alpha"], parameters["size"], parameters["model"]) == (0.5, 24, "lite")
    assert adain("repeat", few / "out" / "cat_swirls.png").status == 0
    assert (few / "out" / "cat_swirls-repeat.png").read_bytes() == (few / "out" / "cat_swirls.png").read_bytes()


def test_demo_that_cannot_write_fails(adain, few):
    (few / "out").write_text("precious")
    status, out, err = adain("demo", *FAST, "-o", few / "out")
    assert (status, out) == (1, "0 made, 6 failed\n")
    assert err.count("cannot be made: File exists.") == 6


def test_examples_are_there_and_the_default_model_needs_no_download():
    for kind in ("content", "style"):
        assert len(find_images([resource("examples", "pictures", kind)])) >= 6
    assert resource("weights", "lite.safetensors").is_file()
