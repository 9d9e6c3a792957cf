"""Batches and half precision in a real ComfyUI: how many results there are, progress, and cancelling."""

from __future__ import annotations

import numpy as np
import pytest
from prompts import error, only, passed_through, repeated, workflow


@pytest.mark.parametrize("name", ["basic", "style_transfer", "color", "regions"])
def test_pictures_in_half_precision(host, name):
    """Every picture that goes into one of our nodes; half of the steps of 8 bits are lost near white."""
    plain = host.run(workflow(name)).pictures[0]
    outcome = host.run(passed_through(workflow(name), "HalfPrecision"))
    assert outcome.end == "success", outcome.error
    assert "HalfPrecision" in outcome.ran
    difference = np.abs(outcome.pictures[0].astype(int) - plain)
    assert difference.mean() < 0.5
    assert difference.max() <= 8


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


def test_masks_of_another_batch_are_counted(host):
    prompt = repeated(workflow("regions"), "EncodeContent", 3)
    mask = only(prompt, "MaskedAdaIN")["mask"]
    prompt["as image"] = {"class_type": "MaskToImage", "inputs": {"mask": mask}}
    prompt["twice"] = {"class_type": "RepeatImageBatch", "inputs": {"image": ["as image", 0], "amount": 2}}
    prompt["as mask"] = {"class_type": "ImageToMask", "inputs": {"image": ["twice", 0], "channel": "red"}}
    only(prompt, "MaskedAdaIN")["mask"] = ["as mask", 0]
    node, message = error(host, prompt)
    assert node == "AdaIN_MaskedAdaIN"
    assert "3 in features, 2 in mask_1" in message


@pytest.mark.parametrize("name", ["basic", "style_transfer"])
def test_an_empty_batch_is_refused(host, name):
    _, message = error(host, passed_through(workflow(name), "EmptyBatch"))
    assert "with at least one picture" in message
    assert host.run(workflow(name)).end == "success"
