"""Stop, and a closed page: in a real browser, what was begun ends, and others get the networks."""

from __future__ import annotations

import re
import time

import pytest
import torch
from gradio_client import handle_file

from adain_nodes.imaging import resize, write_image
from adain_nodes.resources import resource

CASTLE = resource("examples", "pictures", "content", "castle.jpg")
SWIRLS = resource("examples", "pictures", "style", "swirls.jpg")
BORDER = 700
"""Pixels: previews are narrower and the full result wider."""


@pytest.fixture
def large(tmp_path):
    """A photograph whose full result takes seconds, in a small file."""
    write_image(tmp_path / "large.jpg", resize(torch.rand(1, 3, 16, 24), 1600), quality=60)
    return tmp_path / "large.jpg"


def width(opened):
    return opened.page.evaluate("document.querySelectorAll('#stylise-result img')[1]?.naturalWidth ?? 0")


def wait_for_width(opened, condition):
    shown = f"() => document.querySelectorAll('#stylise-result img')[1]?.naturalWidth {condition}"
    opened.page.wait_for_function(shown, timeout=60_000)


def begin(opened, large):
    """Upload the photograph; returns the seconds that its full result takes after the preview."""
    photo = opened.page.get_by_test_id("block-label").filter(has_text=re.compile(r"^\s*Photograph\s*$"))
    picture = opened.page.locator(".block", has=photo).locator("visible=true")
    picture.get_by_label("Remove Image").click()
    before = opened.result()
    picture.locator("input[type=file]").set_input_files(large)
    opened.wait_for_result(other_than=before)
    started = time.perf_counter()
    wait_for_width(opened, f"> {BORDER + 200}")
    return time.perf_counter() - started


def again(opened):
    """Ask for another strength, and wait until the full result of that has been asked for, too."""
    opened.asked.clear()
    opened.page.get_by_label("range slider for Strength (alpha)").locator("visible=true").focus()
    opened.page.keyboard.press("Home")
    while len(set(opened.asked)) < 2:  # the preview, and after it the rest
        opened.page.wait_for_timeout(20)


def time_of_another(visitor):
    """The seconds after which another visitor has a small preview."""
    started = time.perf_counter()
    small = {"photo": handle_file(CASTLE), "style": handle_file(SWIRLS), "size": 64, "style_size": 64}
    visitor.predict(**small, api_name="/preview")
    return time.perf_counter() - started


def test_stop_ends_the_work_and_keeps_the_preview(visit, large):
    opened = visit()
    whole = begin(opened, large)
    again(opened)
    opened.page.get_by_role("button", name="Stop").locator("visible=true").click()
    preview = width(opened)
    assert preview < 1600
    opened.page.wait_for_timeout(1500 * whole)
    assert width(opened) == preview


SLOW = """const send = window.fetch
window.fetch = async (where, how) => {
    const answer = await send(where, how)
    if (String(where).includes('queue/join')) await new Promise(resolve => setTimeout(resolve, 400))
    return answer
}"""
"""A network on which an order's answer takes its time, so that the page can cancel what it does not know by name."""


def test_stop_ends_the_work_that_is_not_confirmed_yet(visit, large, connect, server):
    opened, refused = visit(), []
    opened.page.add_init_script(SLOW)
    opened.page.reload()
    opened.wait_for_result()
    whole = begin(opened, large)
    opened.page.on("response", lambda answer: refused.append(answer.url) if answer.status >= 400 else None)
    again(opened)
    opened.page.get_by_role("button", name="Stop").locator("visible=true").click()
    preview = width(opened)
    opened.page.wait_for_timeout(600)
    assert time_of_another(connect(server.address)) < 0.8 * whole + 1
    opened.page.wait_for_timeout(1500 * whole)
    assert (refused, width(opened)) == ([], preview)
    assert preview < 1600


def test_closing_the_page_ends_the_work(visit, large, connect, server):
    opened = visit()
    whole = begin(opened, large)
    again(opened)
    opened.page.close()
    assert time_of_another(connect(server.address)) < 0.8 * whole + 1
