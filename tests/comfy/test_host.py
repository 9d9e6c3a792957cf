"""The nodes in a real ComfyUI, over HTTP and websocket."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable

import pytest
import torch
from prompts import WORKFLOWS, compare, only, picture, workflow
from torch import Tensor

from adain_nodes.core.color import METHODS
from adain_nodes.core.regions import feather
from adain_nodes.encoding import STYLE_SIZE
from adain_nodes.pipeline import PRESERVE_COLOR, StyleTransfer

IDS = {
    f"AdaIN_{name}"
    for name in (
        "AdaIN", "BlendFeatures", "BlendStyles", "ColorMatch", "Decode", "EncodeContent", "EncodeStyle", "FeedForward",
        "Gatys", "LoadDecoder", "LoadStyle", "LoadVGGEncoder", "MaskedAdaIN", "MatchFeatures", "SaveStyle", "StyleSwap",
        "StyleTransfer", "StylizeVideo", "TextureSynthesis", "TrainDecoder",
    )
}  # fmt: skip


@pytest.fixture(scope="module")
def transfer() -> StyleTransfer:
    return StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32")


EXPECTED: dict[str, Callable[[StyleTransfer], Tensor]] = {
    "basic": lambda t: t.stylize(picture("castle.jpg"), picture("starry_night.jpg"), alpha=0.8),
    "blend": lambda t: t.stylize(
        picture("castle.jpg"),
        [picture(f"{name}.jpg") for name in ("starry_night", "ink_waves", "rose_window", "swirls")],
        weights=[1, 0.5, 0.5, 0.25],
    ),
    "regions": lambda t: t.stylize(
        picture("castle.jpg"),
        picture("ink_waves.jpg"),
        masks=[(feather(picture("castle_sky.png")[:, :1], 8), picture("starry_night.jpg"))],
    ),
    "color": lambda t: t.stylize(
        picture("kingfisher.jpg"), picture("rose_window.jpg"), preserve_color="luminance"
    ),
    "style_transfer": lambda t: t.stylize(
        picture("coffee.jpg"), picture("sunset_dots.jpg"), alpha=0.7, preserve_color="coral"
    ),
    "load_style": lambda t: t.stylize(picture("cat.jpg"), picture("swirls.jpg"), alpha=0.8),
}  # fmt: skip


def test_the_pack_is_loaded_whatever_its_folder_is_called(host):
    nodes = json.loads(host.get("/object_info"))
    assert {name for name in nodes if name.startswith("AdaIN_")} == IDS
    assert "IMPORT FAILED" not in host.log.read_text()


def test_every_node_and_input_explains_itself(host):
    nodes = json.loads(host.get("/object_info"))
    for name in IDS:
        node = nodes[name]
        assert node["category"] == "AdaIN"
        assert node["description"]
        assert all(node["output_tooltips"]), name
        widgets = [
            (key, *spec) for group in ("required", "optional") for key, spec in node["input"].get(group, {}).items()
        ]
        for key, kind, options in widgets:
            assert options.get("tooltip"), (name, key)
            if kind in ("INT", "FLOAT"):
                assert options["min"] <= options["default"] <= options["max"], (name, key)
                assert options["step"] > 0, (name, key)


def test_defaults_are_the_library_s(host):
    nodes = json.loads(host.get("/object_info"))
    library = {name: p.default for name, p in inspect.signature(StyleTransfer.stylize).parameters.items()}
    one = nodes["AdaIN_StyleTransfer"]["input"]["required"]
    for name in ("alpha", "preserve_color", "style_size"):
        assert one[name][1]["default"] == library[name]
    assert tuple(one["preserve_color"][1]["options"]) == PRESERVE_COLOR
    assert nodes["AdaIN_AdaIN"]["input"]["required"]["alpha"][1]["default"] == library["alpha"]
    assert nodes["AdaIN_EncodeStyle"]["input"]["required"]["style_size"][1]["default"] == STYLE_SIZE
    assert tuple(nodes["AdaIN_ColorMatch"]["input"]["required"]["method"][1]["options"]) == METHODS


def test_all_examples_are_expected_below():
    assert {file.stem for file in WORKFLOWS.glob("*.json")} == {
        *EXPECTED,
        "save_style",
        "train_decoder",
        "batch",
        "stylize_video",
    }


@pytest.mark.parametrize("name", EXPECTED)
def test_an_example_makes_what_the_pipeline_makes(host, transfer, name):
    if name == "load_style":
        assert host.run(workflow("save_style")).end == "success"
    outcome = host.run(workflow(name))
    assert outcome.end == "success", outcome.error
    (made,) = outcome.pictures
    compare(made, EXPECTED[name](transfer))


def test_without_a_style_outside_the_photograph_stays_as_in_the_pipeline(host, transfer):
    prompt = workflow("regions")
    del only(prompt, "MaskedAdaIN")["style_outside"]
    outcome = host.run(prompt)
    assert outcome.end == "success", outcome.error
    mask = feather(picture("castle_sky.png")[:, :1], 8)
    expected = transfer.stylize(picture("castle.jpg"), masks=[(mask, picture("starry_night.jpg"))])
    assert torch.equal(expected[..., -40:, :], picture("castle.jpg")[..., -40:, :])
    compare(outcome.pictures[0], expected)


def test_a_change_of_alpha_runs_adain_and_decode_alone(host):
    prompt = workflow("basic")
    host.run(prompt)
    only(prompt, "AdaIN")["alpha"] = 0.31
    outcome = host.run(prompt)
    assert outcome.ran == ["AdaIN_AdaIN", "AdaIN_Decode", "SaveImage"]
    assert outcome.progress[-1] == (1, 1)
