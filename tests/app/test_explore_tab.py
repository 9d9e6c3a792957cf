"""The tab Explore: the sheets, and the figures of the model card."""

from __future__ import annotations

import pytest
import torch
from PIL import Image

from adain_nodes.app import explore
from adain_nodes.app.parts import example, examples
from adain_nodes.imaging import read_image
from adain_nodes.resources import resource


@pytest.fixture
def small(monkeypatch):
    """Small pictures."""
    monkeypatch.setattr(explore, "CELL", 32)


def test_trade_off_runs_from_the_photograph_to_the_style():
    (row,) = explore.trade_off("cat", "swirls")
    assert [each.alpha for each in row] == [0, 0.25, 0.5, 0.75, 1]
    assert {(each.content, each.styles) for each in row} == {
        (example("content", "cat"), ((example("style", "swirls"), 1.0),))
    }


def test_every_example_meets_every_style():
    rows = explore.every_pair()
    assert [row[0].content for row in rows] == examples("content")
    assert all([each.styles[0][0] for each in row] == examples("style") for row in rows)
    assert all(each.content == row[0].content and each.model == "lite" for row in rows for each in row)


def test_strip_has_the_photograph_at_its_left_and_the_style_at_its_right(engine, monkeypatch):
    sheets = []

    def sheet(rows, **more):
        sheets.append((rows, more))
        return Image.new("RGB", (8, 8))

    monkeypatch.setattr(explore, "CELL", 32)
    monkeypatch.setattr(explore, "contact_sheet", sheet)
    asked, shares = explore.trade_off("cat", "swirls"), []
    explore.strip(engine, asked, shares.append)
    (((row,), more),) = sheets
    assert shares == [pytest.approx(done / 5) for done in range(1, 6)]
    assert more["column_labels"] == [
        "photograph",
        "alpha 0",
        "alpha 0.25",
        "alpha 0.5",
        "alpha 0.75",
        "alpha 1",
        "style",
    ]
    assert torch.equal(row[0], read_image(asked[0][0].content).rgb)
    assert torch.equal(row[-1], read_image(asked[0][0].styles[0][0]).rgb)
    far = [float((a - row[1]).abs().mean()) for a in row[1:-1]]
    assert far == sorted(set(far))  # further and further from alpha 0


def test_grid_tells_its_progress_and_can_be_stopped(engine, small):
    asked = [row[:2] for row in explore.every_pair()[:2]]
    shares = []
    sheet = read_image(explore.grid(engine, asked, shares.append)).rgb
    assert shares == [0.25, 0.5, 0.75, 1]
    assert 3 * 20 < sheet.shape[2] < 4 * 34

    def stop(share):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        explore.grid(engine, asked, stop)


def test_figures_are_those_of_the_model_card():
    found = explore.figures().split("\n")
    card = resource("weights", "README.md").read_text("utf-8").split("\n")
    (command,) = (line for line in found if line not in card)
    assert command.strip("`") in card
    assert "| method | style ↓ | content ↓ | SSIM ↑ |" in found
    assert any(line.startswith("| **lite** |") for line in found)
    assert not any(line.startswith(("#", "```")) for line in found)


def test_strip_is_drawn_at_once_and_on_a_phone(visit):
    opened = visit(viewport={"width": 390, "height": 844}, is_mobile=True, has_touch=True)
    opened.page.get_by_label("More tabs").click()
    opened.page.get_by_text("Explore", exact=True).locator("visible=true").last.click()
    opened.page.get_by_role("cell", name="the content itself").wait_for()
    strip = opened.page.get_by_alt_text("Strip from photograph to style")
    strip.wait_for(timeout=20_000)
    assert strip.evaluate("async picture => (await picture.decode(), picture.naturalWidth)") > 7 * 150
    assert opened.page.evaluate("window.innerWidth") == 390  # phones zoom out where something is wider
