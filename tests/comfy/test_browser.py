"""Every example workflow in the real front end, in both renderings: opened, unchanged, executed, seen.

``ADAIN_SCREENSHOTS`` names a folder for a picture of each, to be looked at.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
NAMES = sorted((file.stem for file in (EXAMPLES / "api").glob("*.json")), key=lambda name: (name == "load_style", name))
"""In an order in which the style is saved before it is loaded."""

BASIC = [EXAMPLES / "pictures" / name for name in ("content/castle.jpg", "style/starry_night.jpg")]
CLIP = EXAMPLES / "pictures" / "clip" / "castle.mp4"

OPEN = """async ([pack, name]) => {
    const reply = await fetch(`/api/workflow_templates/${encodeURIComponent(pack)}/${name}.json`)
    await app.loadGraphData(await reply.json(), true, true, name)
}"""
PROMPT = "async () => (await app.graphToPrompt()).output"
RED = """() => app.graph.nodes.flatMap(node => [
    ...(node.has_errors ? [node.title] : []),
    ...node.inputs.filter(input => input.hasErrors).map(input => `${node.title}: ${input.name}`),
    ...(node.widgets ?? []).filter(widget => Array.isArray(widget.options?.values)
        && !widget.options.values.includes(widget.value)).map(widget => `${node.title}: ${widget.value}`)])"""
ENDS = "app.graph.nodes.filter(node => node.constructor.nodeData?.output_node)"
FINISHED = f"() => app.lastExecutionError || {ENDS}.every(node => app.nodeOutputs[node.id])"
SEEN = """() => app.graph.nodes.filter(node => node.type === 'SaveImage').every(node => {
    const shown = node.imgs ?? [...document.querySelectorAll(`[data-node-id="${node.id}"] img`)]
    return shown.length && [...shown].every(img => img.naturalWidth > 0)
})"""
SHOW = """() => {
    const node = app.graph.nodes.find(node => node.type === 'SaveImage')
    if (node) app.canvas.centerOnNode(node)
    app.canvas.setDirty(true, true)
}"""


def pack(host) -> str:
    """The name under which the host serves the pack's workflows."""
    (name,) = json.loads(host.get("/workflow_templates"))
    return name


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("vue", [False, True], ids=["classic", "vue"])
def test_a_workflow_opens_unchanged_and_makes_its_picture(open_editor, vue, name):
    editor = open_editor(vue)
    page = editor.page
    page.evaluate(OPEN, [pack(editor.host), name])
    if name == "load_style":
        page.evaluate("() => app.refreshComboInNodes()")  # as the note asks for
    assert page.locator(".p-dialog").count() == 0
    assert page.evaluate(RED) == []
    prompt = page.evaluate(PROMPT)
    for node in prompt.values():
        node["inputs"].pop("video-preview", None)  # the front end's own, there once it shows the clip
    assert prompt == json.loads((EXAMPLES / "api" / f"{name}.json").read_text("utf-8"))

    page.evaluate("() => app.queuePrompt(0)")
    page.wait_for_function(FINISHED, timeout=120_000)
    assert page.evaluate("() => app.lastExecutionError ?? Object.keys(app.lastNodeErrors ?? {})") == []
    if folder := os.environ.get("ADAIN_SCREENSHOTS"):
        page.wait_for_timeout(1000)
        page.screenshot(path=Path(folder) / f"{name}_{'vue' if vue else 'classic'}.png")
    page.evaluate(SHOW)
    page.wait_for_function(SEEN)
    assert editor.troubles == []


@pytest.fixture
def pictures(host) -> Iterator[list[Path]]:
    """The pictures of the workflow basic in the host's input folder, which are put back afterwards."""
    kept = {host.base / "input" / file.name: file.read_bytes() for file in BASIC}
    yield list(kept)
    for file, content in kept.items():
        file.write_bytes(content)


def test_pictures_that_a_new_user_lacks_come_with_the_workflow(open_editor, pictures):
    editor = open_editor(False)
    for picture in pictures:
        picture.unlink()
    editor.page.evaluate(OPEN, [pack(editor.host), "basic"])
    assert editor.page.evaluate(RED) == []
    assert [picture.read_bytes() for picture in pictures] == [picture.read_bytes() for picture in BASIC]


def test_so_does_a_clip(open_editor, host):
    clip = host.base / "input" / CLIP.name
    clip.unlink()
    editor = open_editor(False)
    editor.page.evaluate(OPEN, [pack(editor.host), "stylize_video"])
    assert editor.page.evaluate(RED) == []
    assert clip.read_bytes() == CLIP.read_bytes()


def test_a_picture_of_the_same_name_stays_the_user_s(open_editor, pictures):
    editor = open_editor(False)
    pictures[0].write_bytes(pictures[1].read_bytes())
    files = sorted(pictures[0].parent.iterdir())
    editor.page.evaluate(OPEN, [pack(editor.host), "basic"])
    assert pictures[0].read_bytes() == pictures[1].read_bytes()
    assert sorted(pictures[0].parent.iterdir()) == files
