"""The nodes in a real ComfyUI, over HTTP and websocket."""

from __future__ import annotations

import copy
import inspect
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor

from adain_nodes.core.color import METHODS
from adain_nodes.core.regions import feather
from adain_nodes.encoding import STYLE_SIZE
from adain_nodes.pipeline import PRESERVE_COLOR, StyleTransfer

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "examples" / "pictures"
WORKFLOWS = ROOT / "examples" / "api"
IDS = {
    f"AdaIN_{name}"
    for name in (
        "AdaIN", "BlendStyles", "ColorMatch", "Decode", "EncodeContent", "EncodeStyle", "LoadDecoder", "LoadStyle",
        "LoadVGGEncoder", "MaskedAdaIN", "SaveStyle", "StyleTransfer", "TrainDecoder",
    )
}  # fmt: skip

Prompt = dict[str, dict[str, Any]]


def workflow(name: str) -> Prompt:
    return json.loads((WORKFLOWS / f"{name}.json").read_text("utf-8"))


def only(prompt: Prompt, kind: str) -> dict[str, Any]:
    """The inputs of the first node of a class."""
    return next(node["inputs"] for node in prompt.values() if node["class_type"] == f"AdaIN_{kind}")


def picture(name: str) -> Tensor:
    with Image.open(next(PICTURES.glob(f"*/{name}"))) as image:
        array = np.asarray(image.convert("RGB"), np.float32) / 255
    return torch.from_numpy(array).permute(2, 0, 1)[None]


def compare(made: np.ndarray, expected: Tensor) -> None:
    """Equal within 1/255, of which the host takes the next lower."""
    wanted = (expected[0].permute(1, 2, 0) * 255).byte().numpy()
    assert made.shape == wanted.shape
    assert np.abs(made.astype(int) - wanted).max() <= 1


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
    assert {file.stem for file in WORKFLOWS.glob("*.json")} == {*EXPECTED, "save_style", "train_decoder"}


@pytest.mark.parametrize("name", EXPECTED)
def test_an_example_makes_what_the_pipeline_makes(host, transfer, name):
    if name == "load_style":
        assert host.run(workflow("save_style")).end == "success"
    outcome = host.run(workflow(name))
    assert outcome.end == "success", outcome.error
    (made,) = outcome.pictures
    compare(made, EXPECTED[name](transfer))
    assert outcome.progress[-1] == (1, 1)


def test_without_a_style_outside_the_photograph_stays_as_in_the_pipeline(host, transfer):
    prompt = workflow("regions")
    del only(prompt, "MaskedAdaIN")["style_outside"]
    outcome = host.run(prompt)
    assert outcome.end == "success", outcome.error
    mask = feather(picture("castle_sky.png")[:, :1], 8)
    expected = transfer.stylize(picture("castle.jpg"), masks=[(mask, picture("starry_night.jpg"))])
    assert torch.equal(expected[..., -40:, :], picture("castle.jpg")[..., -40:, :])
    compare(outcome.pictures[0], expected)


@pytest.mark.parametrize("name", ["basic", "style_transfer", "color", "regions"])
def test_pictures_in_half_precision(host, name):
    """Every picture that goes into one of our nodes; half of the steps of 8 bits are lost near white."""
    prompt = workflow(name)
    plain = host.run(prompt).pictures[0]
    for node in [*prompt.values()]:
        for key, link in node["inputs"].items():
            if isinstance(link, list) and prompt[link[0]]["class_type"] == "LoadImage" and link[1] == 0:
                half = f"half {link[0]}"
                prompt[half] = {"class_type": "HalfPrecision", "inputs": {"image": link}}
                node["inputs"][key] = [half, 0]
    outcome = host.run(prompt)
    assert outcome.end == "success", outcome.error
    assert "HalfPrecision" in outcome.ran
    difference = np.abs(outcome.pictures[0].astype(int) - plain)
    assert difference.mean() < 0.5
    assert difference.max() <= 8


def test_a_change_of_alpha_runs_adain_and_decode_alone(host):
    prompt = workflow("basic")
    host.run(prompt)
    only(prompt, "AdaIN")["alpha"] = 0.31
    assert host.run(prompt).ran == ["AdaIN_AdaIN", "AdaIN_Decode", "SaveImage"]


def test_alpha_out_of_range_is_refused_before_anything_runs(host):
    prompt = workflow("basic")
    only(prompt, "AdaIN")["alpha"] = 1.5
    (refused,) = host.queue(prompt)["node_errors"].values()
    assert refused["class_type"] == "AdaIN_AdaIN"
    assert refused["errors"][0]["type"] == "value_bigger_than_max"


@pytest.fixture(scope="module")
def other_encoder(host) -> Path:
    """A lite model with other weights in the host's model folder."""
    tensors = load_file(ROOT / "weights" / "lite.safetensors")
    file = host.base / "models" / "adain" / "other.safetensors"
    save_file({name: tensor * 1.01 for name, tensor in tensors.items()}, file)
    return file


def error(host, prompt: Prompt) -> tuple[str, str]:
    """The class of the node that failed, and what it said."""
    outcome = host.run(prompt)
    assert outcome.end == "error"
    return outcome.error["node_type"], outcome.error["exception_message"].strip()


def test_a_style_of_another_encoder_is_a_node_error_and_the_next_prompt_works(host, other_encoder):
    prompt = workflow("basic")
    prompt["other"] = {"class_type": "AdaIN_LoadVGGEncoder", "inputs": {"name": other_encoder.name}}
    only(prompt, "EncodeStyle")["encoder"] = ["other", 0]
    node, message = error(host, prompt)
    assert node == "AdaIN_AdaIN"
    assert "was made by the encoder lite:" in message
    assert message.endswith("or load the model that the style was made with.")
    assert host.run(workflow("basic")).end == "success"


def test_a_decoder_of_another_encoder_is_a_node_error(host, other_encoder):
    prompt = workflow("basic")
    only(prompt, "LoadDecoder")["name"] = other_encoder.name
    node, message = error(host, prompt)
    assert node == "AdaIN_LoadDecoder"
    assert "The decoder was trained for" in message


def test_a_replaced_weight_file_is_noticed(host, other_encoder):
    prompt = workflow("basic")
    for kind in ("LoadVGGEncoder", "LoadDecoder"):
        only(prompt, kind)["name"] = other_encoder.name
    assert "AdaIN_LoadVGGEncoder" in host.run(prompt).ran
    assert host.run(prompt).ran == []
    tensors = load_file(other_encoder)
    save_file({name: tensor * 1.01 for name, tensor in tensors.items()}, other_encoder)
    assert "AdaIN_LoadVGGEncoder" in host.run(prompt).ran


def test_the_paper_s_model_is_asked_for_by_name_and_used_once_it_is_there(host, shared):
    prompt = workflow("basic")
    only(prompt, "LoadVGGEncoder")["name"] = "vgg19-normalised"
    only(prompt, "LoadDecoder")["name"] = "adain-decoder"
    only(prompt, "EncodeStyle")["style_size"] = 128
    crop = {"image": only(prompt, "EncodeContent")["image"], "width": 131, "height": 96, "x": 0, "y": 0}
    prompt["crop"] = {"class_type": "ImageCrop", "inputs": crop}
    only(prompt, "EncodeContent")["image"] = ["crop", 0]
    node, message = error(host, prompt)
    assert node == "AdaIN_LoadVGGEncoder"
    assert "adain weights pull vgg19-normalised" in message
    folder = host.base / "models" / "adain"
    assert str(folder) in message

    for file in ("vgg_normalised_relu4_1.pth", "decoder_relu4_1.pth"):
        shutil.copy(shared / "weights" / file, folder)
    (made,) = host.run(prompt).pictures
    vgg19 = StyleTransfer.from_pretrained("vgg19", device="cpu", dtype="float32", host_folders=[folder])
    content, style = picture("castle.jpg")[..., :96, :131], picture("starry_night.jpg")
    compare(made, vgg19.stylize(content, style, alpha=0.8, style_size=128))


def test_weights_that_sum_to_nothing(host):
    prompt = workflow("blend")
    only(prompt, "BlendStyles").update({f"weight_{number}": 0.0 for number in range(1, 5)})
    node, message = error(host, prompt)
    assert node == "AdaIN_BlendStyles"
    assert "sum to 0; the sum must be above 0." in message


def test_a_style_of_which_the_mask_leaves_nothing(host):
    prompt = workflow("basic")
    prompt["black"] = {"class_type": "SolidMask", "inputs": {"value": 0.0, "width": 8, "height": 8}}
    only(prompt, "EncodeStyle")["mask"] = ["black", 0]
    node, message = error(host, prompt)
    assert node == "AdaIN_EncodeStyle"
    assert "its mask is black throughout" in message


def test_a_damaged_style_file(host):
    file = host.base / "models" / "adain_styles" / "damaged.safetensors"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"no style")
    prompt = workflow("load_style")
    only(prompt, "LoadStyle")["name"] = file.name
    node, message = error(host, prompt)
    assert node == "AdaIN_LoadStyle"
    assert "damaged.safetensors cannot be read as a style" in message


def repeated(prompt: Prompt, kind: str, amount: int) -> Prompt:
    """The prompt with the image of a node as a batch."""
    prompt = copy.deepcopy(prompt)
    inputs = only(prompt, kind)
    repeat = {"image": inputs["image"], "amount": amount}
    prompt[f"repeat {kind}"] = {"class_type": "RepeatImageBatch", "inputs": repeat}
    inputs["image"] = [f"repeat {kind}", 0]
    return prompt


def test_one_content_in_many_styles_and_many_contents_in_one(host):
    (single,) = host.run(workflow("basic")).pictures
    for kind in ("EncodeContent", "EncodeStyle"):
        made = host.run(repeated(workflow("basic"), kind, 3)).pictures
        assert len(made) == 3
        assert all(np.abs(each.astype(int) - single).max() <= 1 for each in made)


def test_batches_that_do_not_fit_are_counted(host):
    prompt = repeated(repeated(workflow("basic"), "EncodeContent", 3), "EncodeStyle", 2)
    node, message = error(host, prompt)
    assert node == "AdaIN_AdaIN"
    assert "The batches do not fit together: 3 in features, 2 in styles." in message


def test_a_long_batch_reports_progress_and_can_be_cancelled(host):
    prompt = repeated(workflow("style_transfer"), "StyleTransfer", 40)
    outcome = host.run(prompt, lambda done, of: done > 10 and host.post("/interrupt"))
    assert outcome.end == "interrupted"
    done, of = outcome.progress[-1]
    assert 0 < done < of == 40
    assert outcome.previews >= 1
    assert host.run(workflow("basic")).end == "success"
