"""Nodes that are bypassed hand on their first input; muted ones are left out."""

from __future__ import annotations

import pytest
from prompts import workflow

MODE = "mode => app.graph.nodes.find(node => node.type === mode[0]).mode = mode[1]"
BYPASSED, MUTED = 4, 2


def edited(open_editor, vue, name, node, mode):
    """The prompt of an example in which one node has another mode."""
    editor = open_editor(vue)
    editor.page.evaluate("([api, name]) => app.loadApiJson(api, name)", [workflow(name), name])
    editor.page.evaluate(MODE, [f"AdaIN_{node}", mode])
    prompt = editor.page.evaluate("async () => (await app.graphToPrompt()).output")
    assert f"AdaIN_{node}" not in {each["class_type"] for each in prompt.values()}
    return editor, prompt


@pytest.mark.parametrize("vue", [False, True], ids=["classic", "vue"])
@pytest.mark.parametrize(
    ("name", "node", "reader", "key", "source"),
    [
        ("style_transfer", "StyleTransfer", "SaveImage", "images", "LoadImage"),
        ("color", "ColorMatch", "SaveImage", "images", "AdaIN_Decode"),
        ("basic", "AdaIN", "AdaIN_Decode", "features", "AdaIN_EncodeContent"),
        ("regions", "MaskedAdaIN", "AdaIN_Decode", "features", "AdaIN_EncodeContent"),
        ("blend", "BlendStyles", "AdaIN_AdaIN", "style", "AdaIN_EncodeStyle"),
    ],
)
def test_a_bypassed_node_hands_on_its_first_input(open_editor, vue, name, node, reader, key, source):
    editor, prompt = edited(open_editor, vue, name, node, BYPASSED)
    (inputs,) = (each["inputs"] for each in prompt.values() if each["class_type"] == reader)
    (first,) = (each["inputs"] for each in workflow(name).values() if each["class_type"] == f"AdaIN_{node}")
    assert inputs[key] == next(iter(link for link in first.values() if isinstance(link, list)))
    assert prompt[inputs[key][0]]["class_type"] == source
    assert editor.host.run(prompt).end == "success"


def test_what_needs_a_muted_node_is_refused_in_words_and_the_rest_runs(open_editor):
    editor, prompt = edited(open_editor, False, "style_transfer", "StyleTransfer", MUTED)
    refusal = editor.host.queue(prompt)
    assert [node["errors"][0]["type"] for node in refusal["node_errors"].values()] == ["required_input_missing"]
    editor, prompt = edited(open_editor, False, "save_style", "SaveStyle", MUTED)
    assert editor.host.queue(prompt)["error"]["type"] == "prompt_no_outputs"
    assert editor.host.run(workflow("basic")).end == "success"
