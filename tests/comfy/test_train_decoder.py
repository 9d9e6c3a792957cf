"""Training in a real ComfyUI: its result, its files, cancelling, going on, and what is said when it cannot be."""

from __future__ import annotations

import inspect
import json
import shutil
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from adain_nodes.checkpoints.networks import load_decoder, load_networks
from adain_nodes.imaging import read_image
from adain_nodes.pipeline import StyleTransfer
from adain_nodes.training.finetune import finetune_decoder

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "examples" / "pictures"
EXAMPLE = ROOT / "examples" / "api" / "train_decoder.json"

Prompt = dict[str, dict[str, Any]]
Made = Callable[..., Prompt]


@pytest.fixture
def training(request: pytest.FixtureRequest) -> Made:
    """The example without what comes before and after, in a few small steps, with any inputs changed."""

    def make(**changes: Any) -> Prompt:
        prompt: Prompt = json.loads(EXAMPLE.read_text("utf-8"))
        small = {"name": request.node.originalname, "steps": 2, "batch": 1, **changes}
        prompt["5"]["inputs"] |= small
        prompt["5"]["inputs"] = {name: value for name, value in prompt["5"]["inputs"].items() if value is not None}
        return {node: prompt[node] for node in ("1", "2", "3", "4", "5")}

    return make


def files(host: Any, name: str) -> list[Path]:
    """The decoders of this name in the model folder."""
    return sorted((host.base / "models" / "adain").glob(f"{name}_*"))


def runs(host: Any, name: str) -> list[Path]:
    return sorted((host.base / "output" / "adain_training").glob(f"{name}_*"))


def rows(run: Path) -> int:
    return len((run / "history.csv").read_text().splitlines()) - 1


def message(host: Any, prompt: Prompt) -> str:
    """What the trainer says when it fails."""
    outcome = host.run(prompt)
    assert outcome.end == "error"
    assert outcome.error["node_type"] == "AdaIN_TrainDecoder"
    return outcome.error["exception_message"].strip()


NAME = "anew"
"""The name of the example's run here: under its own one, other tests may have brought it to its end."""


def example_prompt() -> Prompt:
    prompt = json.loads(EXAMPLE.read_text("utf-8"))
    prompt["5"]["inputs"]["name"] = NAME
    return prompt


@pytest.fixture(scope="module")
def example(host):
    """The example, executed; and how long the page waited for an answer while it was."""
    waited: list[float] = []

    def ask(done: int, of: int) -> None:
        if of > 1:
            started = time.perf_counter()
            host.get("/system_stats")
            waited.append(time.perf_counter() - started)

    outcome = host.run(example_prompt(), ask)
    assert outcome.end == "success", outcome.error
    return outcome, waited


def test_the_result_is_used_in_the_same_prompt_and_is_what_the_file_holds(host, example):
    outcome, _ = example
    (file,) = files(host, NAME)
    transfer = StyleTransfer.from_pretrained("lite", decoder=file, device="cpu", dtype="float32")
    content, style = (read_image(next(PICTURES.glob(f"*/{name}.jpg"))).rgb for name in ("castle", "starry_night"))
    expected = (transfer.stylize(content, style)[0].permute(1, 2, 0) * 255).byte().numpy()
    (made,) = (picture for picture in outcome.pictures if picture.shape == expected.shape)
    assert np.abs(made.astype(int) - expected).max() <= 1
    plain = StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32").stylize(content, style)
    assert np.abs((plain[0].permute(1, 2, 0) * 255).byte().numpy() - expected.astype(int)).max() > 1


def test_progress_pictures_and_words_are_shown(example):
    outcome, _ = example
    assert [progress for progress in outcome.progress if progress[1] == 20][-1] == (20, 20)
    assert outcome.previews >= 10
    (said,) = outcome.texts
    assert said.startswith("20 steps, too early to tell: total ")
    assert said.endswith(f"Saved as {NAME}_00001_.safetensors.")
    sheet, curve, *outputs = outcome.pictures
    assert any(np.array_equal(curve, picture) for picture in outputs)
    (samples,) = (picture for picture in outputs if picture.shape == sheet.shape)
    assert np.abs(sheet.astype(int) - samples).mean() < 4  # one of them is a JPEG


def test_the_page_answers_meanwhile(example):
    _, waited = example
    assert len(waited) >= 20
    assert statistics.median(waited) < 1


def test_the_run_is_kept_and_the_decoder_listed(host, example):
    (run,) = runs(host, NAME)
    assert rows(run) == 20
    assert {"checkpoint.safetensors", "curve.png", "samples"} <= {path.name for path in run.iterdir()}
    choices = json.loads(host.get("/object_info"))["AdaIN_LoadDecoder"]["input"]["required"]["name"][1]["options"]
    assert f"{NAME}_00001_.safetensors" in choices
    encoder, start = load_networks("lite")
    trained = load_decoder(files(host, NAME)[0])
    trained.check_encoder(encoder)
    changes = [(a - b).abs().max() for a, b in zip(trained.parameters(), start.parameters(), strict=True)]
    assert 0 < max(changes) < 30 * 1e-5  # Adam goes about the rate a step


def test_the_same_inputs_do_not_train_again(host, example):
    prompt = example_prompt()
    assert host.run(prompt).ran == []
    prompt["5"]["inputs"]["steps"] = 15  # fewer than the run has done: there is nothing to do, and nothing new to keep
    again = host.run(prompt)
    assert "AdaIN_TrainDecoder" in again.ran
    assert again.texts == example[0].texts
    assert len(files(host, NAME)) == 1


def test_a_cancelled_run_leaves_a_decoder_and_goes_on(host, training):
    def cancel(done: int, of: int) -> None:
        if done == 3:
            host.post("/interrupt")

    prompt = training(steps=40)
    outcome = host.run(prompt, cancel)
    assert outcome.end == "interrupted"
    name = prompt["5"]["inputs"]["name"]
    (file,), (run,) = files(host, name), runs(host, name)
    done = rows(run)
    assert 3 <= done < 10

    decode = json.loads(EXAMPLE.read_text("utf-8"))
    decode["4"]["inputs"]["name"] = file.name
    decode["11"]["inputs"]["decoder"] = ["4", 0]
    for node in ("5", "6", "7"):
        del decode[node]
    used = host.run(decode)
    assert used.end == "success", used.error
    assert used.pictures[0].std() > 10

    prompt["5"]["inputs"]["steps"] = done + 2
    continued = host.run(prompt)
    assert continued.end == "success", continued.error
    assert continued.progress[0] == (done + 1, done + 2)
    assert rows(run) == done + 2
    assert len(files(host, name)) == 2
    assert len(runs(host, name)) == 1


def test_folders_and_a_picture_more_in_one(host, training, tmp_path):
    styles, contents = tmp_path / "styles", host.base / "input" / "photos"
    for folder in (styles, contents):
        folder.mkdir()
    shutil.copy(PICTURES / "style" / "swirls.jpg", styles)
    shutil.copy(PICTURES / "content" / "cat.jpg", contents)
    name = "mine/decoder"
    prompt = training(
        name=name, content_images=None, style_images=None, content_folder="photos", style_folder=f'"{styles}"'
    )
    assert host.run(prompt).end == "success"
    assert host.run(prompt).ran == []
    shutil.copy(PICTURES / "content" / "coffee.jpg", contents)
    changed = host.run(prompt)
    assert changed.ran == ["AdaIN_TrainDecoder"]
    assert changed.texts[0].endswith(f"Saved as {name}_00002_.safetensors.")
    assert len(runs(host, name)) == 2


def test_pictures_are_missing(host, training, tmp_path):
    said = message(host, training(style_images=None))
    assert said.endswith("Connect style_images, or write a folder into style_folder.")
    assert f"No picture matches '{tmp_path}'" in message(host, training(content_folder=str(tmp_path)))


def test_a_name_is_missing(host, training):
    assert message(host, training(name=" ")).endswith("Write one into the node.")


def test_pictures_that_cannot_be_read_are_named(host, training, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    shutil.copy(PICTURES / "content" / "cat.jpg", tmp_path)
    (said,) = host.run(training(content_images=None, content_folder=str(tmp_path), steps=4)).texts
    assert "1 picture(s) could not be read" in said
    assert "broken.png" in said


def test_a_run_that_diverges_is_an_error_and_the_next_one_works(host, training):
    tensors = load_file(ROOT / "weights" / "lite.safetensors")
    tensors["dec.out.weight"] *= 1e30
    save_file(tensors, host.base / "models" / "adain" / "exploding.safetensors")
    prompt = training()
    prompt["4"]["inputs"]["name"] = "exploding.safetensors"
    assert "The run diverged at step 1: total inf" in message(host, prompt)
    assert host.run(training()).end == "success"


def test_another_network_may_judge(host, training):
    other = host.base / "models" / "adain" / "judge.safetensors"
    tensors = load_file(ROOT / "weights" / "lite.safetensors")
    save_file({name: tensor * 1.01 for name, tensor in tensors.items()}, other)
    own, judged = training(), training(loss_encoder=["judge", 0])
    judged["judge"] = {"class_type": "AdaIN_LoadVGGEncoder", "inputs": {"name": other.name}}
    texts = [host.run(prompt).texts for prompt in (own, judged)]
    assert texts[0] != texts[1]
    assert len(runs(host, own["5"]["inputs"]["name"])) == 2


def test_defaults_are_the_library_s(host):
    library = inspect.signature(finetune_decoder).parameters
    inputs = json.loads(host.get("/object_info"))["AdaIN_TrainDecoder"]["input"]["required"]
    for name in ("steps", "batch", "style_weight", "learning_rate", "crop", "seed"):
        assert inputs[name][1]["default"] == library[name].default
    assert inputs["seed"][1]["control_after_generate"] is False
