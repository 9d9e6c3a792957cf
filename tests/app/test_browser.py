"""The page in a real browser. ``ADAIN_SCREENSHOTS`` names a folder for pictures of it, to be looked at."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

import pytest
import torch

from adain_nodes.imaging import read_parameters, write_image

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
LOOKS = {"light": {}, "dark": {"color_scheme": "dark"}, "phone": PHONE}


@pytest.fixture
def photo(tmp_path):
    """A file to upload."""
    write_image(tmp_path / "photo.png", torch.rand(1, 3, 40, 48))
    return tmp_path / "photo.png"


def drop(visit, label, path):
    """Upload a file to the picture of the open tab with this label."""
    exactly = visit.page.get_by_test_id("block-label").filter(has_text=re.compile(rf"^\s*{label}\s*$"))
    picture = visit.page.locator(".block", has=exactly).locator("visible=true")
    picture.get_by_label("Remove Image").click()
    picture.locator("input[type=file]").set_input_files(path)


def alpha(visit):
    """The slider of the tab that is open."""
    return visit.page.get_by_label("range slider for Strength (alpha)").locator("visible=true")


def shoot(visit, name):
    """A picture of the whole page, for people."""
    if folder := os.environ.get("ADAIN_SCREENSHOTS"):
        visit.page.wait_for_timeout(2500)
        visit.page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


@pytest.mark.parametrize("look", LOOKS)
def test_page_opens_with_a_result_and_fits(visit, look):
    """That nothing is asked of another machine, and that no script fails, the fixture tests in each visit."""
    opened = visit(**LOOKS[look])
    asked = opened.page.viewport_size["width"]
    assert opened.page.evaluate("window.innerWidth") == asked  # phones zoom out where something is wider
    assert opened.page.evaluate("document.documentElement.scrollWidth") <= asked
    shoot(opened, f"stylise_{look}")
    opened.page.get_by_role("tab", name="Blend").click()
    opened.wait_for_result("blend")
    assert opened.page.evaluate("window.innerWidth") == asked
    shoot(opened, f"blend_{look}")


def test_upload_alpha_and_download(visit, photo, tmp_path):
    from playwright.sync_api import TimeoutError as Late

    opened = visit()
    before = opened.result()
    drop(opened, "Photograph", photo)
    before = opened.wait_for_result(other_than=before)
    alpha(opened).focus()
    opened.page.keyboard.press("Home")
    opened.wait_for_result(other_than=before)
    parameters = {}
    while parameters.get("content") != "photo.png" or parameters.get("alpha") != 0:  # until the full result is there
        with suppress(Late):
            with opened.page.expect_download(timeout=2000) as download:
                opened.page.get_by_role("button", name="Download PNG").locator("visible=true").click()
            download.value.save_as(tmp_path / "result.png")
            parameters = read_parameters(tmp_path / "result.png")
    assert download.value.suggested_filename == "photo_starry_night.png"


def test_examples_are_chosen_with_the_keyboard_alone(visit):
    opened = visit()
    before = opened.result()
    example = opened.page.get_by_role("button", name="Rose window").locator("visible=true")
    example.focus()
    opened.page.keyboard.press("Enter")
    opened.wait_for_result(other_than=before)
    border = opened.page.get_by_role("separator").locator("visible=true")
    border.focus()
    clip = "document.querySelectorAll('#stylise-result img')[1].style.clipPath"
    middle = opened.page.evaluate(clip)
    opened.page.keyboard.press("ArrowRight")
    opened.page.wait_for_function(f"before => {clip} !== before", arg=middle)


def test_result_becomes_the_photograph(visit):
    opened = visit()
    again = opened.page.get_by_role("button", name="Use as photograph").locator("visible=true")
    shown = opened.page.locator("img[alt=Photograph]").locator("visible=true").last
    opened.page.wait_for_function("document.querySelector('#stylise-result img').src.includes('before')")
    before = opened.result()
    while "castle_starry_night" not in (shown.get_attribute("src") or ""):  # once the full result is there
        again.click()
        opened.page.wait_for_timeout(100)
    opened.wait_for_result(other_than=before)


def test_point_between_the_styles_moves_by_mouse_and_by_keys(visit):
    opened = visit()
    opened.page.get_by_role("tab", name="Blend").click()
    before = opened.wait_for_result("blend")
    square = opened.page.locator("#blend-square .square")
    box = square.bounding_box()
    opened.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    opened.page.mouse.down()
    opened.page.mouse.move(box["x"] - 40, box["y"] - 40, steps=4)
    opened.page.mouse.up()
    first = opened.page.get_by_label("range slider for Weight top left")
    opened.page.wait_for_function("slider => slider.value === '1'", arg=first.element_handle())
    before = opened.wait_for_result("blend", other_than=before)
    opened.page.keyboard.press("Shift+ArrowRight")  # the point has the focus
    opened.page.wait_for_function("slider => slider.value === '0.75'", arg=first.element_handle())
    point = opened.page.get_by_role("slider", name="Point between the four styles")
    assert point.get_attribute("aria-valuetext") == "25 % to the right, 0 % down"
    opened.wait_for_result("blend", other_than=before)


@pytest.mark.parametrize("tab", ["Stylise", "Blend", "Paint regions", "Video", "Explore", "Train"])
def test_everything_has_a_name(visit, tab):
    """Buttons, fields and pictures: what a screen reader says."""
    opened = visit()
    opened.page.get_by_role("tab", name=tab, exact=True).click()
    opened.page.wait_for_timeout(500)
    nameless = opened.page.evaluate("""() => [...document.querySelectorAll('button, input, select, img, [role=slider]')]
        .filter(each => each.offsetParent && each.type !== 'file')
        .filter(each => !(each.ariaLabel || each.alt || each.innerText?.trim() || each.labels?.length || each.title))
        .filter(each => !each.querySelector("img[alt]:not([alt=''])"))
        .map(each => each.outerHTML.slice(0, 200))""")
    assert nameless == []


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"no picture at all", "photo.png cannot be decoded: it is not a PNG, JPEG, WebP, TIFF, GIF or BMP picture"),
        (b"\x89PNG\r\n\x1a\n" + bytes(2 << 20), "exceed the maximum allowed size of 1.0 Mb"),
    ],
)
def test_wrong_files_are_explained(visit, photo, data, said):
    opened = visit()
    photo.write_bytes(data)
    drop(opened, "Photograph", photo)
    message = opened.page.get_by_test_id("toast-body").filter(has_text=said)
    message.wait_for(timeout=10_000)
    assert "Traceback" not in message.inner_text()
    assert str(photo.parent) not in message.inner_text()
