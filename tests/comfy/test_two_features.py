"""Style swap and the transforms of higher order in a real ComfyUI, with the embedded networks."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from prompts import error, only, repeated, workflow
from safetensors.torch import load_file, save_file

from adain_nodes.baselines.transform import SYSTEMS
from adain_nodes.core.regions import compose
from adain_nodes.core.transforms import transform_levels
from adain_nodes.pipeline import StyleTransfer
from adain_nodes.resources import resource

SETTINGS = {"StyleSwap": {"patch_size": 3, "stride": 1}, "MatchFeatures": {"transform": "wct"}}


def prompt_of(kind):
    """The basic workflow on small pictures, with another node in AdaIN's place."""
    made = workflow("basic")
    for name, encoder, side in (("content", "EncodeContent", 64), ("style", "EncodeStyle", 48)):
        inputs = only(made, encoder)
        size = {"width": side, "height": side, "upscale_method": "nearest-exact", "crop": "center"}
        made[name] = {"class_type": "ImageScale", "inputs": {"image": inputs["image"], **size}}
        inputs["image"] = [name, 0]
    nodes = {node["class_type"].removeprefix("AdaIN_"): number for number, node in made.items()}
    style = made[nodes["EncodeStyle"]]
    style["class_type"] = "AdaIN_EncodeContent"
    style["inputs"] = {name: style["inputs"][name] for name in ("image", "encoder")}
    made[nodes["AdaIN"]]["class_type"] = f"AdaIN_{kind}"
    made[nodes["AdaIN"]]["inputs"] = {
        "features": [nodes["EncodeContent"], 0],
        "style_features": [nodes["EncodeStyle"], 0],
        "alpha": 0.75,
        **SETTINGS[kind],
    }
    return made


@pytest.fixture(scope="module", params=SETTINGS)
def prompt(request):
    """That of each node."""
    return prompt_of(request.param)


@pytest.fixture(scope="module")
def swap():
    """That of Style Swap."""
    return prompt_of("StyleSwap")


@pytest.mark.parametrize(
    ("kind", "more", "system"),
    [
        ("StyleSwap", {}, "swap"),
        ("MatchFeatures", {}, "wct"),
        ("MatchFeatures", {"transform": "transport"}, "transport"),
        ("MatchFeatures", {"transform": "histogram"}, "histogram"),
        ("MatchFeatures", {"transform": "exact-histogram"}, "exact-histogram"),
    ],
)
def test_the_nodes_do_what_the_library_does(host, kind, more, system):
    prompt = prompt_of(kind)
    only(prompt, kind).update(more)
    outcome = host.run(prompt)
    assert outcome.end == "success", outcome.error
    assert f"AdaIN_{kind}" in outcome.ran
    content, style = (pixels(host, prompt, name) for name in ("content", "style"))
    method = SYSTEMS[system](StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32"))
    expected = method.stylize(content, method.encode(style, size=0), 0.75)
    made = outcome.pictures[0]
    assert np.abs(made - expected[0].permute(1, 2, 0).numpy() * 255).mean() < 1
    assert np.abs(made / 255.0 - content[0].permute(1, 2, 0).numpy()).mean() > 0.02


def pixels(host, prompt, name):
    """A picture of the prompt, as the host has it."""
    needed = {number: node for number, node in prompt.items() if node["class_type"] in ("LoadImage", "ImageScale")}
    needed["show"] = {"class_type": "PreviewImage", "inputs": {"images": [name, 0]}}
    (picture,) = host.run(needed).pictures
    return torch.tensor(picture).permute(2, 0, 1)[None].float() / 255


def test_a_batch_of_contents_shares_a_style(host, prompt):
    single = host.run(prompt).pictures[0]
    made = host.run(repeated(prompt, "EncodeContent", 2)).pictures
    assert len(made) == 2
    assert all(np.abs(each.astype(int) - single).max() <= 1 for each in made)


def test_outside_its_mask_match_features_changes_nothing(host):
    prompt = prompt_of("MatchFeatures")
    mask = {"value": 1.0, "width": 32, "height": 64}
    frame = {"value": 0.0, "width": 64, "height": 64}
    prompt["inside"] = {"class_type": "SolidMask", "inputs": mask}
    prompt["nothing"] = {"class_type": "SolidMask", "inputs": frame}
    together = {"destination": ["nothing", 0], "source": ["inside", 0], "x": 0, "y": 0, "operation": "add"}
    prompt["mask"] = {"class_type": "MaskComposite", "inputs": together}
    only(prompt, "MatchFeatures")["mask"] = ["mask", 0]
    (made,) = host.run(prompt).pictures
    content, style = (pixels(host, prompt, name) for name in ("content", "style"))
    transfer = StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32")
    half = torch.zeros(1, 1, 64, 64)
    half[..., :32] = 1
    features = transfer.encode(content)
    changed = transform_levels(features, transfer.encode(style), "wct", 0.75, half)
    expected = transfer.decode(compose(features, [changed], [half]), (64, 64))
    assert np.abs(made - expected[0].permute(1, 2, 0).numpy() * 255).mean() < 1


def blended(share):
    """The prompt of Match Features, blended with what another transform makes."""
    prompt = prompt_of("MatchFeatures")
    (match,) = (number for number, node in prompt.items() if node["class_type"] == "AdaIN_MatchFeatures")
    other = copy.deepcopy(prompt[match])
    other["inputs"]["transform"] = "histogram"
    prompt["other"] = other
    both = {"features": [match, 0], "other_features": ["other", 0], "share": share}
    prompt["blend"] = {"class_type": "AdaIN_BlendFeatures", "inputs": both}
    only(prompt, "Decode")["features"] = ["blend", 0]
    return prompt


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_blend_features_mixes_two_results(host, share):
    prompt = blended(share)
    (made,) = host.run(prompt).pictures
    content, style = (pixels(host, prompt, name) for name in ("content", "style"))
    transfer = StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32")
    features, looks = transfer.encode(content), transfer.encode(style)
    one, other = (transform_levels(features, looks, kind, 0.75) for kind in ("wct", "histogram"))
    mixed = tuple((1 - share) * a + share * b for a, b in zip(one, other, strict=True))
    expected = transfer.decode(mixed, (64, 64))
    assert np.abs(made - expected[0].permute(1, 2, 0).numpy() * 255).mean() < 1


def test_features_of_other_sizes_are_not_blended(host):
    prompt = blended(0.5)
    prompt["large"] = copy.deepcopy(prompt["content"])
    prompt["large"]["inputs"]["width"] = 80
    encoder = only({"": prompt["other"]}, "MatchFeatures")["features"][0]
    prompt["again"] = copy.deepcopy(prompt[encoder])
    prompt["again"]["inputs"]["image"] = ["large", 0]
    prompt["other"]["inputs"]["features"] = ["again", 0]
    assert "The features belong to pictures of 64×64 and 80×64 pixels." in error(host, prompt)[1]


def test_what_cannot_be_done_is_said(host, swap):
    gaps = copy.deepcopy(swap)
    only(gaps, "StyleSwap")["stride"] = 4
    assert "Patches of 3 cells with a stride of 4 do not cover a map." in error(host, gaps)[1]
    large = copy.deepcopy(swap)
    only(large, "StyleSwap")["patch_size"] = 15
    assert "The style has 12×12 cells, a patch 15×15" in error(host, large)[1]


def test_features_of_another_encoder_are_refused(host, prompt):
    tensors = load_file(resource("weights", "lite.safetensors"))
    other = {name: tensor * 1.01 for name, tensor in tensors.items()}
    save_file(other, host.base / "models" / "adain" / "swap_other.safetensors")
    mixed = copy.deepcopy(prompt)
    mixed["other"] = {"class_type": "AdaIN_LoadVGGEncoder", "inputs": {"name": "swap_other.safetensors"}}
    (kind,) = (name for name in SETTINGS if any(node["class_type"] == f"AdaIN_{name}" for node in mixed.values()))
    style, _ = only(mixed, kind)["style_features"]
    mixed[style]["inputs"]["encoder"] = ["other", 0]
    assert "Encode both with the same encoder." in error(host, mixed)[1]
