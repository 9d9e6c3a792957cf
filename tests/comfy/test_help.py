"""The nodes' help pages: complete, with a picture each, and served by a real host."""

from __future__ import annotations

import json
import re
from pathlib import Path
from urllib.parse import quote

import pytest
from PIL import Image

DOCS = Path(__file__).parents[2] / "web" / "comfyui" / "docs"
PAGES = sorted(page.stem for page in DOCS.glob("*.md"))
BYTES_A_PICTURE, BYTES = 42_000, 600_000


def text(page: str) -> str:
    return (DOCS / f"{page}.md").read_text("utf-8")


def pictures(page: str) -> list[str]:
    return re.findall(r"!\[[^]]+\]\(([^)]+)\)", text(page))


@pytest.fixture(scope="module")
def nodes(host):
    known = json.loads(host.get("/object_info"))
    return {name: node for name, node in known.items() if name.startswith("AdaIN_")}


def test_every_node_has_a_page_and_no_other(nodes):
    assert sorted(nodes) == PAGES


@pytest.mark.parametrize("page", PAGES)
def test_a_page_names_its_node_with_all_inputs_and_outputs(nodes, page):
    node, written = nodes[page], text(page)
    assert written.startswith(f"# {node['display_name']}\n")
    rows = "".join(re.findall(r"^\|(.*?)\|", written, re.MULTILINE))
    inputs = [name for group in ("required", "optional") for name in node["input"].get(group, {})]
    assert sorted(re.findall(r"\*\*(\w+)\*\*", rows)) == sorted(inputs)
    said = re.findall(r"\*\*(\w+)\*\*", re.sub(r"^\|.*$", "", written, flags=re.MULTILINE))
    assert said == node["output_name"]


@pytest.mark.parametrize("page", PAGES)
def test_choices_of_a_page_exist(nodes, page):
    """What a table says of a list's entries is about entries that there are, and leaves none out that is fixed."""
    for name, spec in nodes[page]["input"].get("required", {}).items():
        if spec[0] == "COMBO" and name in ("method", "preserve_color", "model"):
            (row,) = re.findall(rf"^\| \*\*{name}\*\* \|(.*)\|$", text(page), re.MULTILINE)
            assert sorted(re.findall(r"`([^`]+)`", row)) == sorted(spec[1]["options"])


@pytest.mark.parametrize("page", PAGES)
def test_a_page_is_short_and_helps(page):
    assert 15 < len(text(page).splitlines()) < 60
    assert "\n## Tips\n" in text(page)
    assert "\n## When something goes wrong\n" in text(page)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_a_picture_of_its_own(page):
    assert pictures(page) == [f"{page}.jpg"]
    with Image.open(DOCS / f"{page}.jpg") as picture:
        picture.load()
        assert picture.format == "JPEG"
        assert 300 <= picture.width <= 500


def test_pictures_are_small_and_all_in_use():
    files = {file.name: file.stat().st_size for file in DOCS.iterdir() if file.suffix != ".md"}
    assert sorted(files) == sorted(name for page in PAGES for name in pictures(page))
    assert max(files.values()) <= BYTES_A_PICTURE
    assert sum(files.values()) <= BYTES


def test_the_host_serves_pages_and_pictures(host, nodes):
    for name, node in nodes.items():
        folder = f"/extensions/{quote(node['python_module'].removeprefix('custom_nodes.'))}/docs"
        assert host.get(f"{folder}/{name}.md") == (DOCS / f"{name}.md").read_bytes()
        for picture in pictures(name):
            assert host.get(f"{folder}/{picture}") == (DOCS / picture).read_bytes()
