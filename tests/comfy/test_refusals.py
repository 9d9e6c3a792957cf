"""Bad input in a real ComfyUI: an error on the node that says what to do, and a server that goes on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from prompts import ROOT, compare, error, only, picture, workflow
from safetensors.torch import load_file, save_file

from adain_nodes.pipeline import StyleTransfer


def test_alpha_out_of_range_is_refused_before_anything_runs(host):
    prompt = workflow("basic")
    only(prompt, "AdaIN")["alpha"] = 1.5
    (refused,) = host.queue(prompt)["node_errors"].values()
    assert refused["class_type"] == "AdaIN_AdaIN"
    assert refused["errors"][0]["type"] == "value_bigger_than_max"


def test_a_wrong_link_is_refused_before_anything_runs(host):
    prompt = workflow("basic")
    only(prompt, "AdaIN")["style"] = only(prompt, "EncodeContent")["image"]
    (node,) = host.queue(prompt)["node_errors"].values()
    assert (node["class_type"], node["errors"][0]["type"]) == ("AdaIN_AdaIN", "return_type_mismatch")


@pytest.mark.parametrize(("name", "kind"), [("load_style", "LoadStyle"), ("basic", "LoadDecoder")])
def test_a_file_that_is_not_there_is_a_node_error_and_the_next_prompt_works(host, name, kind):
    prompt = workflow(name)
    only(prompt, kind)["name"] = "absent.safetensors"
    node, message = error(host, prompt)
    folder = host.base / "models" / ("adain" if kind == "LoadDecoder" else "adain_styles")
    assert node == f"AdaIN_{kind}"
    assert f"absent.safetensors. Put it into {folder}, or choose another one." in message
    assert host.run(workflow("basic")).end == "success"


@pytest.fixture(scope="module")
def other_encoder(host) -> Path:
    """A lite model with other weights in the host's model folder."""
    tensors = load_file(ROOT / "weights" / "lite.safetensors")
    file = host.base / "models" / "adain" / "other.safetensors"
    save_file({name: tensor * 1.01 for name, tensor in tensors.items()}, file)
    return file


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
    encoder, decoder = (folder / name for name in ("vgg_normalised_relu4_1.pth", "decoder_relu4_1.pth"))
    vgg19 = StyleTransfer.from_pretrained(encoder, decoder=decoder, device="cpu", dtype="float32")
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


@pytest.mark.parametrize("name", ["", " ", "folder/../ /"])
def test_a_style_without_a_name_is_not_saved(host, name):
    prompt = workflow("save_style")
    only(prompt, "SaveStyle")["filename_prefix"] = name
    before = sorted((host.base / "models" / "adain_styles").glob("*"))
    node, message = error(host, prompt)
    assert node == "AdaIN_SaveStyle"
    assert "There is no name to save under. Write one into the node." in message
    assert sorted((host.base / "models" / "adain_styles").glob("*")) == before
