"""`adain figure`, with the embedded networks and small ones."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from adain_nodes.cli import figures
from adain_nodes.evaluation.figures import examples, losses, pictures, speed
from adain_nodes.evaluation.figures.speed import SpeedTable, measure_table
from adain_nodes.evaluation.machine import this_machine
from adain_nodes.evaluation.metrics import LossNetwork
from adain_nodes.evaluation.speed import SpeedRow
from adain_nodes.imaging import read_image
from adain_nodes.models.vgg import STYLE_LEVELS, VGGEncoder
from adain_nodes.pipeline import StyleTransfer


def defaults(function):
    return {name: parameter.default for name, parameter in inspect.signature(function).parameters.items()}


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("name", ["alpha", "regions"])
def test_pictures_are_drawn_into_the_folder(adain, name):
    status, out, _ = adain("figure", name, "-o", "made", "--size", 40, "--model", "lite", "--device", "cpu")
    assert (status, out) == (0, f"made/{name}.jpg\n")
    expected = pictures.PICTURES[name](StyleTransfer.from_pretrained("lite", device="cpu"), 40)
    assert read_image(f"made/{name}.jpg").rgb.shape[2:] == expected.size[::-1]


@pytest.mark.usefixtures("folder")
def test_losses_are_measured_and_kept(adain, monkeypatch):
    encoder, network = VGGEncoder(("relu1_1",)).eval(), LossNetwork(VGGEncoder(STYLE_LEVELS).eval(), device="cpu")
    monkeypatch.setattr("adain_nodes.checkpoints.networks.load_encoder", lambda name: encoder)
    monkeypatch.setattr(LossNetwork, "load", lambda device: network)
    runs = []
    optimised = losses.optimised
    monkeypatch.setattr(losses, "optimised", lambda *rest: runs.append(rest[3]) or optimised(*rest))
    small = ("--side", 24, "--pairs", 2, "--iterations", 10, "--model", "lite", "--device", "cpu")
    status, out, _ = adain("figure", "losses", "--content", "photos", "-s", "styles", "-o", "made", *small)
    assert status == 0
    assert runs == [[5, 10]] * 4
    assert "gatys-in from noise" in out
    assert "Means over 2 pairs at 24×24 px" in out
    assert Path("made/losses.md").read_text("utf-8").strip() == out.partition("\nmade/losses.png")[0].strip()
    assert len(Path("made/losses.csv").read_text("utf-8").splitlines()) == 1 + 2 * (2 + 1 + 2 * 2)
    assert read_image("made/losses.png").rgb.shape == (1, 3, 1080, 960)
    assert adain("figure", "losses", "--content", "photos", "-s", "styles", "-o", "made", *small).out == out
    assert len(runs) == 4


@pytest.mark.usefixtures("folder")
def test_speed_is_tabulated(adain, monkeypatch):
    asked = []

    def measure(models, **settings):
        asked.append((models, settings["sides"], settings["rounds"], settings["iterations"], settings["device"]))
        rows = {32: [SpeedRow("lite float32", 1.0, 2.0)]}
        return SpeedTable(this_machine(), "float32", 1, 500, rows)

    monkeypatch.setattr(speed, "measure_table", measure)
    further = ("--size", 32, "--rounds", 1, "--iterations", 7, "--device", "cpu")
    status, out, _ = adain("figure", "speed", "-o", "made", "--model", "lite", *further)
    assert status == 0
    assert asked == [(["lite"], [32], 1, 7, "cpu")]
    assert "1.000 (2.000)" in out
    assert Path("made/speed.md").read_text("utf-8").strip() == out.strip()
    assert Path("made/speed.csv").read_text("utf-8").endswith("lite float32,32,1.0,2.0\n")


def test_commands_and_defaults_are_those_of_the_library():
    assert figures.PICTURES.keys() == pictures.PICTURES.keys()
    named = {command.callback.__name__: command.callback for command in figures.app.registered_commands}
    assert defaults(named["draw"])["size"] == examples.SIDE
    ours, library = defaults(figures.speed), defaults(measure_table)
    assert (ours["rounds"], ours["iterations"]) == (library["rounds"], library["iterations"])
    assert (tuple(ours["model"]), tuple(ours["size"])) == (speed.MODELS, speed.SIDES)
    assert defaults(figures.losses)["iterations"] == losses.ITERATIONS[-1]
