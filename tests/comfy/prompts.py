"""The example prompts, and what the tests do with them: change them, run them, compare what they made."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "examples" / "pictures"
WORKFLOWS = ROOT / "examples" / "api"

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


def repeated(prompt: Prompt, kind: str, amount: int) -> Prompt:
    """The prompt with the image of a node as a batch."""
    prompt = copy.deepcopy(prompt)
    inputs = only(prompt, kind)
    repeat = {"image": inputs["image"], "amount": amount}
    prompt[f"repeat {kind}"] = {"class_type": "RepeatImageBatch", "inputs": repeat}
    inputs["image"] = [f"repeat {kind}", 0]
    return prompt


def passed_through(prompt: Prompt, node_class: str) -> Prompt:
    """The prompt with a node of this class behind each LoadImage whose picture goes to a node of ours."""
    prompt = copy.deepcopy(prompt)
    for node in [*prompt.values()]:
        for key, link in node["inputs"].items():
            if isinstance(link, list) and prompt[link[0]]["class_type"] == "LoadImage" and link[1] == 0:
                changed = f"{node_class} {link[0]}"
                prompt[changed] = {"class_type": node_class, "inputs": {"image": link}}
                node["inputs"][key] = [changed, 0]
    return prompt


def error(host, prompt: Prompt) -> tuple[str, str]:
    """The class of the node that failed, and what it said."""
    outcome = host.run(prompt)
    assert outcome.end == "error"
    return outcome.error["node_type"], outcome.error["exception_message"].strip()
