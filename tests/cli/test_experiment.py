"""`adain experiment`, at the smallest size there is."""

from __future__ import annotations

import inspect
import os
import signal
from dataclasses import fields
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from adain_nodes.checkpoints.save import save_networks
from adain_nodes.cli import experiment
from adain_nodes.experiments.catalogue import EXPERIMENTS
from adain_nodes.experiments.lab import Lab
from adain_nodes.experiments.settings import Settings
from adain_nodes.models.vgg import VGGEncoder

SOURCES = ("--content", "photos", "--style", "styles/warm.png")
SMALL = (
    *("--steps", 2, "--batch", 1, "--size", 32, "--crop", 32, "--width", 2, "--level", "relu1_1"),
    *("--loss-network", "vgg.safetensors", "--device", "cpu", "-o", "made"),
)


@pytest.fixture(autouse=True)
def judge(folder: Path) -> None:
    save_networks(folder / "vgg.safetensors", VGGEncoder(("relu1_1",)))


def test_an_experiment_goes_on(adain):
    status, out, err = adain("experiment", "single-style", *SOURCES, *SMALL)
    assert (status, out.strip()) == (0, "made/README.md")
    assert "IN_original: step 2 of 2, total" in err
    assert "BN_original: step 2 of 2, total" in err
    longer = [3 if option == 2 else option for option in SMALL[:2]]
    status, _, err = adain("experiment", "single-style", *SOURCES, *SMALL, *longer, "--width", 2)
    assert status == 0
    assert "step 3 of 3" in err
    assert "step 2 of 3" not in err


def test_ctrl_c_saves_and_the_same_command_goes_on(adain, monkeypatch):
    asked = Lab.train

    def interrupted(self, name, networks, **changes):
        os.kill(os.getpid(), signal.SIGINT)
        return asked(self, name, networks, **changes)

    monkeypatch.setattr(Lab, "train", interrupted)
    status, _, err = adain("experiment", "single-style", *SOURCES, *SMALL)
    assert status == 1
    assert "Saving the run …" in err
    assert "Stopped in the run IN_original after 1 steps. The same command goes on." in err


def test_defaults_are_the_library_s():
    parameters = inspect.signature(experiment.experiment).parameters
    assert {field.name: parameters[field.name].default for field in fields(Settings)} == {
        field.name: field.default for field in fields(Settings)
    }
    hints = get_type_hints(experiment.experiment, include_extras=True)
    assert set(get_args(get_args(hints["name"])[0])) == set(EXPERIMENTS)
