"""The example workflows: each in two formats, with a note and a thumbnail, listed by the host and executed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from adain_nodes import StyleTransfer

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
NAMES = sorted(file.stem for file in (EXAMPLES / "api").glob("*.json"))


def nodes(name: str) -> list[dict[str, Any]]:
    return json.loads((EXAMPLES / f"{name}.json").read_text("utf-8"))["nodes"]


def test_each_workflow_is_there_for_the_editor_too():
    assert sorted(file.stem for file in EXAMPLES.glob("*.json")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_note_says_what_it_shows(name):
    (note,) = [node for node in nodes(name) if node["type"] == "MarkdownNote"]
    (text,) = note["widgets_values"]
    heading, sentence, *tries = text.splitlines()
    assert heading.startswith("# ")
    assert sentence.endswith(".")
    assert all(line.startswith("- ") for line in tries)
    assert len(tries) >= 2


@pytest.mark.parametrize("name", NAMES)
def test_a_thumbnail_is_small_and_square(name):
    file = EXAMPLES / f"{name}.jpg"
    with Image.open(file) as picture:
        assert (picture.format, picture.size) == ("JPEG", (400, 400))
    assert file.stat().st_size < 40_000


@pytest.mark.parametrize("name", NAMES)
def test_a_host_without_the_pack_or_the_pictures_learns_where_they_are(name):
    for node in nodes(name):
        properties = node["properties"]
        if node["type"].startswith("AdaIN_"):
            assert properties["cnr_id"] == "adain-nodes"
        if node["type"].startswith(("LoadImage", "LoadVideo")):
            picture = EXAMPLES / "pictures" / properties["adain_example"]
            assert picture.is_file()
            assert picture.name == node["widgets_values"][0]


def test_the_template_browser_shows_these_and_no_others(host):
    ((folder, listed),) = json.loads(host.get("/workflow_templates")).items()
    assert sorted(listed) == NAMES
    assert host.get(f"/api/workflow_templates/{folder.replace(' ', '%20')}/basic.jpg").startswith(b"\xff\xd8")


def test_a_batch_becomes_what_its_pictures_become_alone(host):
    prompt = json.loads((EXAMPLES / "api" / "batch.json").read_text("utf-8"))
    made = host.run(prompt).pictures
    assert [len(made), *{picture.shape for picture in made}] == [3, (512, 683, 3)]
    transfer = StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32")
    for picture, name in zip(made, ("kingfisher", "cat"), strict=False):  # the third was cropped by the host
        pictures = EXAMPLES / "pictures"
        wanted = transfer.stylize(pictures / "content" / f"{name}.jpg", pictures / "style" / "ink_waves.jpg")
        assert np.abs(picture.astype(int) - (wanted[0].permute(1, 2, 0) * 255).byte().numpy()).max() <= 1


def test_comfy_cli_finds_the_workflows_valid(host, comfy_cli, tmp_path):
    known = tmp_path / "object_info.json"
    known.write_bytes(host.get("/object_info"))
    for name in NAMES:
        file = EXAMPLES / "api" / f"{name}.json"
        said = comfy_cli("--json", "workflow", "validate", "--workflow", str(file), "--input", str(known))
        assert '"valid": true' in said
        assert '"warning_count": 0' in said
