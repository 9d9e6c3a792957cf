"""The JavaScript of the pack in a real browser, in both renderings of nodes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

WORKFLOWS = Path(__file__).parents[2] / "examples" / "api"
DISABLED = {"Comfy.Extension.Disabled": ["AdaIN.BlendWeights", "AdaIN.Compare"]}
"""What a user does who wants none of it."""

BLEND = "app.graph._nodes.find(node => node.comfyClass === 'AdaIN_BlendStyles')"
STYLE = "app.graph._nodes.find(node => node.comfyClass === 'AdaIN_EncodeStyle')"
RESULT = "app.graph._nodes.find(node => node.comfyClass === 'SaveImage')"

both = pytest.mark.parametrize("vue", [False, True], ids=["classic", "vue"])


@pytest.fixture
def load(open_editor):
    """A function that opens an example of the API format in the editor."""

    def load(name: str, vue: bool, **settings: object) -> Any:
        editor = open_editor(vue, **settings)
        prompt = json.loads((WORKFLOWS / f"{name}.json").read_text("utf-8"))
        editor.page.evaluate("prompt => app.loadApiJson(prompt, 'example')", prompt)
        return editor

    return load


def prompt(editor: Any) -> dict[str, Any]:
    return editor.page.evaluate("async () => (await app.graphToPrompt()).output")


def values(editor: Any) -> dict[str, list[Any]]:
    """What a saved workflow keeps of the widgets of each node."""
    nodes = editor.page.evaluate("app.graph.serialize()")["nodes"]
    return {str(node["id"]): node.get("widgets_values") or [] for node in nodes}


def weights(editor: Any) -> list[str]:
    """The weights that Blend Styles shows."""
    return editor.page.evaluate(f"{BLEND}.widgets.filter(widget => !widget.hidden).map(widget => widget.name)")


@both
def test_weights_are_those_of_the_connected_styles(load, vue):
    editor = load("blend", vue)
    assert weights(editor) == ["weight_1", "weight_2", "weight_3", "weight_4"]
    editor.page.evaluate(f"{BLEND}.disconnectInput(1)")
    assert weights(editor) == ["weight_1", "weight_3", "weight_4"]
    editor.page.evaluate(f"{STYLE}.connect(0, {BLEND}, 7)")
    assert weights(editor) == ["weight_1", "weight_3", "weight_4", "weight_8"]
    if vue:  # the canvas has no text to look for
        assert all(editor.page.get_by_text(name, exact=True).is_visible() for name in weights(editor))
    assert not editor.troubles


def test_the_node_is_as_high_as_what_it_shows(load):
    editor = load("blend", False)
    places = f"{BLEND}.widgets.filter(widget => !widget.hidden).map(widget => widget.y)"
    editor.page.evaluate(f"{BLEND}.disconnectInput(1)")
    editor.page.wait_for_timeout(200)  # the canvas arranges widgets when it draws
    first, second, third = editor.page.evaluate(places)
    assert second - first == third - second > 0
    height = editor.page.evaluate(f"{BLEND}.size[1]")
    assert third < height < third + 50


@both
def test_prompts_and_saved_values_are_the_same_without_it(load, vue):
    with_it, without = load("blend", vue), load("blend", False, **DISABLED)
    assert len(weights(without)) == 8
    assert prompt(with_it) == prompt(without)
    assert values(with_it) == values(without)


@both
def test_a_workflow_keeps_its_values_when_it_is_opened_again(load, vue):
    editor = load("blend", vue)
    editor.page.evaluate(f"{BLEND}.widgets.forEach((widget, i) => widget.value = i / 10)")
    before, kept = prompt(editor), values(editor)
    editor.page.evaluate("app.loadGraphData(app.graph.serialize())")
    assert weights(editor) == ["weight_1", "weight_2", "weight_3", "weight_4"]
    assert (prompt(editor), values(editor)) == (before, kept)
    assert before["13"]["inputs"]["weight_8"] == 0.7


@both
def test_before_and_after(load, vue):
    editor = load("basic", vue)
    page = editor.page
    page.evaluate("app.queuePrompt(0, 1)")
    page.wait_for_function(f"app.nodeOutputs[{RESULT}.id]?.images")
    page.evaluate(f"app.canvas.selectNode({RESULT})")
    page.evaluate(f"app.canvas.centerOnNode({RESULT})")
    page.locator(".selection-toolbox button:has(.pi-arrows-h)").click()
    dialog = page.locator("dialog[open]")
    assert "filename=castle.jpg" in dialog.locator(".before").get_attribute("src")
    assert "filename=adain_basic" in dialog.locator(".after").get_attribute("src")
    page.wait_for_function("picture => picture.complete", arg=dialog.locator(".after").element_handle())
    frame = dialog.locator(".after").bounding_box()
    page.mouse.move(frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2)
    page.mouse.down()
    page.mouse.move(frame["x"] + frame["width"] / 4, frame["y"] + frame["height"] / 2)
    page.mouse.up()
    divider = dialog.locator("hr").bounding_box()
    assert abs(divider["x"] - frame["x"] - frame["width"] / 4) < frame["width"] / 50
    page.keyboard.press("Escape")
    assert dialog.count() == 0
    assert not editor.troubles


@both
def test_nothing_to_compare_is_said(load, vue):
    editor = load("basic", vue)
    editor.page.evaluate("app.extensionManager.command.execute('AdaIN.Compare')")
    assert editor.page.get_by_text("Nothing to compare yet").is_visible()
