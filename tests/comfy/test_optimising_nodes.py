"""The nodes that optimise pictures, in a real ComfyUI, with the embedded encoder."""

from __future__ import annotations

import inspect
import json
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
import torch
from prompts import error
from safetensors.torch import load_file, save_file

from adain_nodes.baselines.gatys import Gatys
from adain_nodes.baselines.optimisation import Schedule
from adain_nodes.baselines.perception import Losses
from adain_nodes.baselines.texture import synthesise, synthesise_by_adain
from adain_nodes.checkpoints.networks import load_encoder
from adain_nodes.imaging import read_image
from adain_nodes.pipeline import StyleTransfer
from adain_nodes.resources import resource

SCHEDULE = {"iterations": 4, "scales": 1, "optimizer": "adam", "learning_rate": 0.02, "seed": 3}
STYLE = {"statistics": "mean-std", "style_layers": "", "pooling": "max"}


def linked(name: str, inputs: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """A prompt of one node of ours, with small pictures and the embedded networks."""
    return {
        "photo": {"class_type": "LoadImage", "inputs": {"image": "cat.jpg"}},
        "look": {"class_type": "LoadImage", "inputs": {"image": "starry_night.jpg"}},
        "small": scaled("photo", 64),
        "style": scaled("look", 48),
        "encoder": {"class_type": "AdaIN_LoadVGGEncoder", "inputs": {"name": "lite"}},
        "node": {"class_type": f"AdaIN_{name}", "inputs": inputs},
        "shown": {"class_type": "PreviewImage", "inputs": {"images": ["node", 0]}},
    }


def scaled(source: str, side: int) -> dict[str, Any]:
    size = {"width": side, "height": side, "upscale_method": "nearest-exact", "crop": "center"}
    return {"class_type": "ImageScale", "inputs": {"image": [source, 0], **size}}


def gatys(**changes: Any) -> dict[str, dict[str, Any]]:
    inputs = {"image": ["small", 0], "style_image": ["style", 0], "encoder": ["encoder", 0], "start": "content"}
    inputs |= {"style_weight": 0.0, "variation_weight": 0.0, "content_layers": "", "style_size": 0}
    return linked("Gatys", {**inputs, **SCHEDULE, **STYLE, **changes})


def texture(**changes: Any) -> dict[str, dict[str, Any]]:
    inputs = {"image": ["style", 0], "encoder": ["encoder", 0], "method": "optimization", "width": 40, "height": 24}
    return linked("TextureSynthesis", {**inputs, "passes": 1, **SCHEDULE, **STYLE, **changes})


@pytest.fixture
def pictures(host):
    """What the two small pictures are in the host."""
    prompt = gatys()
    prompt["node"] = {"class_type": "PreviewImage", "inputs": {"images": ["small", 0]}}
    prompt["shown"] = {"class_type": "PreviewImage", "inputs": {"images": ["style", 0]}}
    made = {len(each): each for each in host.run(prompt).pictures}
    return [torch.tensor(made[side]).permute(2, 0, 1)[None].float() / 255 for side in (64, 48)]


def close(made: np.ndarray, expected: torch.Tensor) -> None:
    """The host's arithmetic and its rounding differ a little, and iterations carry that on."""
    wanted = expected[0].permute(1, 2, 0).numpy() * 255
    assert made.shape == wanted.shape
    assert np.abs(made - wanted).mean() < 2


def test_the_node_does_what_the_library_does(host, pictures):
    content, style = pictures
    outcome = host.run(gatys(style_weight=300.0, content_layers="level3:0.5", style_layers="level1, level2:2"))
    assert outcome.end == "success", outcome.error
    assert outcome.progress[-1] == (4, 4)
    assert outcome.previews >= 1
    losses = Losses({"level3": 0.5}, {"level1": 1.0, "level2": 2.0}, statistics="mean-std", style_weight=300.0)
    method = Gatys(load_encoder("lite"), losses, Schedule(**SCHEDULE))
    close(outcome.pictures[0], method.stylize(content, method.encode_style(style)))
    assert np.abs(outcome.pictures[0] / 255.0 - content[0].permute(1, 2, 0).numpy()).mean() > 0.01


def test_a_batch_scales_and_another_start(host):
    prompt = gatys(start_image=["style", 0], scales=2, style_size=32)
    prompt["many"] = {"class_type": "RepeatImageBatch", "inputs": {"image": ["small", 0], "amount": 2}}
    prompt["node"]["inputs"]["image"] = ["many", 0]
    outcome = host.run(prompt)
    assert outcome.end == "success", outcome.error
    assert outcome.progress[-1] == (16, 16)
    first, second = outcome.pictures
    assert np.array_equal(first, second)
    assert first.shape == (64, 64, 3)


@pytest.mark.parametrize(("prompt", "prefix"), [(gatys, "gatys"), (texture, "texture")])
def test_cancelling_keeps_the_picture_so_far(host, prompt, prefix):
    def cancel(done: int, of: int) -> None:
        if done == 5:
            host.post("/interrupt")

    outcome = host.run(prompt(iterations=2000), cancel)
    assert outcome.end == "interrupted"
    assert 5 <= outcome.progress[-1][0] < 1000
    (file,) = (host.base / "output").glob(f"{prefix}_*.png")
    assert read_image(file).rgb.std() > 0.02
    file.unlink()
    assert host.run(prompt()).end == "success"


def test_texture_by_optimisation(host, pictures):
    outcome = host.run(texture())
    assert outcome.end == "success", outcome.error
    losses, schedule = Losses(statistics="mean-std"), Schedule(**SCHEDULE)
    expected = synthesise(pictures[1], (24, 40), load_encoder("lite"), losses, schedule)
    close(outcome.pictures[0], expected.picture)


def test_texture_through_adain(host, pictures):
    prompt = texture(method="AdaIN", decoder=["decoder", 0])
    prompt["decoder"] = {"class_type": "AdaIN_LoadDecoder", "inputs": {"name": "lite", "encoder": ["encoder", 0]}}
    outcome = host.run(prompt)
    assert outcome.end == "success", outcome.error
    transfer = StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32")
    close(outcome.pictures[0], synthesise_by_adain(pictures[1], (24, 40), transfer, passes=1, seed=3))


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        (gatys(style_layers="relu1_1"), "The lite encoder has no level relu1_1. It has level1, level2, level3"),
        (gatys(content_layers="level1:much"), "'level1:much' is not a level and a weight"),
        (gatys(scales=6), "2×2 px are too few for level3"),
        (texture(method="AdaIN"), "Texture through AdaIN needs a decoder."),
        (texture(height=16, scales=3), "20×8 px are too few for level3"),
    ],
)
def test_what_cannot_be_done_is_said(host, prompt, said):
    assert said in error(host, prompt)[1]


def test_a_divergence_is_an_error_and_the_next_run_works(host):
    tensors = load_file(resource("weights", "lite.safetensors"))
    tensors["enc.d3.weight"] *= 1e30
    save_file(tensors, host.base / "models" / "adain" / "diverging.safetensors")
    prompt = gatys()
    prompt["encoder"]["inputs"]["name"] = "diverging.safetensors"
    assert "The optimisation diverged at iteration 1" in error(host, prompt)[1]
    assert host.run(gatys(seed=4)).end == "success"


def test_defaults_are_the_library_s(host):
    known = json.loads(host.get("/object_info"))
    library = {field.name: field.default for kind in (Losses, Schedule) for field in fields(kind)}
    for name in ("AdaIN_Gatys", "AdaIN_TextureSynthesis"):
        inputs = known[name]["input"]["required"]
        shared = inputs.keys() & library.keys()
        assert len(shared) >= 7
        assert {each: inputs[each][1]["default"] for each in shared} == {each: library[each] for each in shared}
    passes = inspect.signature(synthesise_by_adain).parameters["passes"].default
    assert known["AdaIN_TextureSynthesis"]["input"]["required"]["passes"][1]["default"] == passes
