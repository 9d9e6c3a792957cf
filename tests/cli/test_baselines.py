"""`adain gatys`, `swap`, `match` and `texture`, with the embedded networks."""

from __future__ import annotations

import inspect
import os
import signal
from dataclasses import fields
from typing import get_args

import pytest
import torch

from adain_nodes.baselines.gatys import Gatys
from adain_nodes.baselines.optimisation import Schedule
from adain_nodes.baselines.perception import Losses
from adain_nodes.baselines.texture import synthesise_by_adain
from adain_nodes.baselines.transform import SYSTEMS, transform_transfer
from adain_nodes.cli import baselines
from adain_nodes.core import swap
from adain_nodes.core.swap import Patches
from adain_nodes.core.transforms import TRANSFORMS
from adain_nodes.imaging import read_image, read_parameters, write_image
from adain_nodes.pipeline import StyleTransfer

PHOTO, STYLE = "photos/one.png", "styles/warm.png"
SMALL = ("--encoder", "lite", "--device", "cpu", "-n", 3)


@pytest.mark.usefixtures("folder")
def test_gatys_writes_a_picture_with_its_parameters(adain):
    status, out, _ = adain("gatys", PHOTO, "-s", STYLE, "--size", 0, "--optimizer", "adam", *SMALL)
    assert status == 0
    said, place = out.splitlines()
    assert said.startswith("Done after 3 iterations: total ")
    assert place == "results/one_warm_gatys.png"
    assert read_image(place).rgb.shape == (1, 3, 40, 48)
    about = read_parameters(place)
    assert {about["command"], about["photo"], about["style"]} == {"gatys", PHOTO, STYLE}
    assert (about["iterations"], about["iterations_done"], about["optimizer"]) == (3, 3, "adam")
    assert set(about["losses"]) == {"total", "content", "style"}


@pytest.mark.usefixtures("folder")
def test_a_result_that_would_have_no_place_is_not_begun(adain):
    endless = ("--encoder", "lite", "--device", "cpu", "-n", 10**9)
    status, _, said = adain("gatys", PHOTO, "-s", STYLE, "-o", f"{PHOTO}/out.png", *endless)
    assert status == 1
    assert "cannot be made" in said


@pytest.mark.usefixtures("folder")
def test_options_reach_the_method(adain, monkeypatch):
    made = []

    class Watched(Gatys):
        def __init__(self, encoder, losses, schedule, **rest):
            made.append((losses, schedule, rest["start"]))
            super().__init__(encoder, losses, schedule, **rest)

    monkeypatch.setattr("adain_nodes.baselines.gatys.Gatys", Watched)
    weights = ("--style-weight", 2, "--content-weight", 3, "--variation-weight", 4)
    layers = ("--style-layers", "level1,level2:0.5", "--content-layers", "level2")
    further = ("--statistics", "mean-std", "--scales", 2, "--seed", 5, "--learning-rate", 0.1, "--pooling", "average")
    assert adain("gatys", PHOTO, "-s", STYLE, "--start", "styles/cold.png", *weights, *layers, *further, *SMALL)[0] == 0
    ((losses, schedule, start),) = made
    assert losses == Losses({"level2": 1.0}, {"level1": 1.0, "level2": 0.5}, 3, 2, 4, "mean-std", "average")
    assert schedule == Schedule(3, "lbfgs", 0.1, 2, 5)
    assert start.shape == (1, 3, 32, 32)


@pytest.mark.usefixtures("folder")
def test_transparency_stays(adain, tmp_path):
    photo = tmp_path / "photo.png"
    alpha = read_image(PHOTO).rgb[:, :1]
    write_image(photo, read_image(PHOTO).rgb, alpha=alpha)
    assert adain("gatys", photo, "-s", STYLE, "--size", 20, "-o", tmp_path / "made.png", *SMALL)[0] == 0
    made = read_image(tmp_path / "made.png")
    assert made.alpha is not None
    assert made.rgb.shape == (1, 3, 20, 24)


@pytest.mark.usefixtures("folder")
def test_interruption_keeps_the_picture_so_far(adain, monkeypatch):
    judge = Gatys.optimise

    def interrupted(self, *arguments):
        os.kill(os.getpid(), signal.SIGINT)
        return judge(self, *arguments)

    monkeypatch.setattr(Gatys, "optimise", interrupted)
    status, out, err = adain("gatys", PHOTO, "-s", STYLE, *SMALL)
    assert (status, err) == (0, "Stopping …\n")
    assert out.startswith("Stopped after 1 iterations: ")
    assert read_image("results/one_warm_gatys.png").rgb.shape == (1, 3, 512, 614)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("method", ["gatys", "adain"])
def test_textures_have_the_size_asked_for(adain, method):
    further = ("--width", 40, "--height", 24, "--texture-size", 0, "--model", "lite")
    status, out, _ = adain("texture", STYLE, "--method", method, *further, *SMALL)
    assert status == 0
    assert out.splitlines()[-1] == "results/warm_texture.png"
    assert read_image("results/warm_texture.png").rgb.shape == (1, 3, 24, 40)
    assert read_parameters("results/warm_texture.png")["method"] == method


@pytest.mark.usefixtures("folder")
def test_swap_writes_a_picture_and_says_what_takes_long(adain, monkeypatch):
    monkeypatch.setattr(swap, "swap_seconds", lambda content, style, patches: 3725.4)
    further = ("--model", "lite", "--size", 0, "--style-size", 0, "--stride", 3, "--alpha", 0.5, "--device", "cpu")
    status, out, err = adain("swap", PHOTO, "-s", STYLE, *further)
    assert (status, out) == (0, "results/one_warm_swap.png\n")
    assert "This will take about 1:02:05." in err
    assert read_image("results/one_warm_swap.png").rgb.shape == (1, 3, 40, 48)
    assert read_parameters("results/one_warm_swap.png")["stride"] == 3


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize("transform", TRANSFORMS)
def test_match_writes_a_picture_of_each_transform(adain, transform):
    further = ("--model", "lite", "--size", 0, "--style-size", 0, "--device", "cpu", "--dtype", "float32")
    status, out, _ = adain("match", PHOTO, "-s", STYLE, "--transform", transform, *further)
    assert (status, out) == (0, "results/one_warm_match.png\n")
    assert read_parameters("results/one_warm_match.png")["transform"] == transform
    method = SYSTEMS[transform](StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32"))
    expected = method.stylize(PHOTO, method.encode(STYLE, size=0))
    assert (read_image("results/one_warm_match.png").rgb - expected).abs().max() < 0.5 / 255 + 1e-5


@pytest.mark.usefixtures("folder")
def test_match_blends_styles_and_takes_masks_and_levels(adain):
    mask = torch.zeros(1, 1, 40, 48)
    mask[..., :24] = 1
    write_image("mask.png", mask.expand(-1, 3, -1, -1))
    looks = ("-s", f"{STYLE}:3", "-s", "styles/cold.png", "--mask", f"mask.png:{STYLE}", "--levels", "level2, level3")
    further = ("--model", "lite", "--size", 0, "--style-size", 0, "--device", "cpu", "--dtype", "float32", "-a", 0.5)
    status, out, _ = adain("match", PHOTO, *looks, *further)
    assert (status, out) == (0, "results/one_warm_cold_match.png\n")
    assert read_parameters("results/one_warm_cold_match.png")["style"] == [f"{STYLE}:3", "styles/cold.png"]
    transfer = StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32")
    method = transform_transfer(transfer, "wct", ["level2", "level3"])
    warm, cold = (method.encode(name, size=0) for name in (STYLE, "styles/cold.png"))
    expected = method.stylize(PHOTO, [warm, cold], 0.5, weights=[3, 1], masks=[("mask.png", warm)])
    assert (read_image("results/one_warm_cold_match.png").rgb - expected).abs().max() < 0.5 / 255 + 1e-5


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("gatys", PHOTO, "-s", STYLE, "--scales", 9, *SMALL), "px are too few for level3"),
        (("gatys", PHOTO, "-s", STYLE, "--style-layers", "relu1_1", *SMALL), "has no level relu1_1"),
        (("gatys", PHOTO, "-s", STYLE, "--learning-rate", -1, *SMALL), "learning rate is -1"),
        (("texture", STYLE, "--height", 4, *SMALL), "256×4 px are too few for level3"),
        (("match", PHOTO, "--model", "lite"), "There is no style."),
        (("match", PHOTO, "-s", STYLE, "--levels", "relu1_1", "--model", "lite"), "has no level relu1_1"),
        (("match", PHOTO, "--mask", STYLE, "--model", "lite"), "is not a mask file and a style"),
        (("swap", PHOTO, "-s", STYLE, "--stride", 4, "--model", "lite"), "do not cover a map"),
        (("swap", PHOTO, "-s", STYLE, "--patch-size", 9, "--style-size", 32, "--model", "lite"), "a patch 9×9"),
    ],
)
def test_what_cannot_be_done_ends_in_a_sentence(adain, arguments, said):
    status, _, err = adain(*arguments)
    assert status == 1
    assert said in err


def defaults(function):
    return {name: parameter.default for name, parameter in inspect.signature(function).parameters.items()}


@pytest.mark.parametrize("command", [baselines.gatys, baselines.texture])
def test_defaults_are_those_of_the_library(command):
    ours = defaults(command)
    library = {field.name: field.default for kind in (Losses, Schedule) for field in fields(kind)}
    shared = (ours.keys() & library.keys()) - {"content", "style"}
    assert len(shared) >= 7
    assert {name: ours[name] for name in shared} == {name: library[name] for name in shared}


def test_more_defaults_of_the_library():
    assert defaults(baselines.gatys)["start"] == defaults(Gatys.__init__)["start"]
    assert defaults(baselines.texture)["passes"] == defaults(synthesise_by_adain)["passes"]
    ours = defaults(baselines.swap)
    assert get_args(
        get_args(inspect.signature(baselines.match, eval_str=True).parameters["transform"].annotation)[0]
    ) == (*TRANSFORMS,)
    assert (ours["patch_size"], ours["stride"], ours["alpha"]) == (Patches().size, Patches().stride, 1.0)
