"""`adain repeat`: the same picture again, or a clear word why not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from adain_nodes.imaging import read_image, read_parameters, write_image
from adain_nodes.resources import resource

FAST = ("--style-size", 16, "--device", "cpu")


@pytest.fixture
def make(adain, folder):
    """Make one result with the given arguments, and give its path."""

    def run(*arguments):
        answer = adain("stylize", "photos/one.png", "-s", "styles/warm.png", *arguments, *FAST)
        assert answer.status == 0, answer.err
        return Path(answer.out.removeprefix("1 made: ").strip())

    return run


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--dtype", "float32", "--alpha", 0.6, "--size", 24, "--preserve-color", "histogram"),
        ("--dtype", "bfloat16", "--style", "styles/cold.png:0.3", "--mask", "mask.png:styles/cold.png"),
        ("--depth", 16),
        ("--format", "tiff", "--depth", 16),
        ("--format", "jpg", "--quality", 40),
        ("--format", "webp", "--quality", 30),
        ("--format", "webp", "--lossless"),
    ],
)
def test_file_is_the_same_to_the_bit(adain, make, arguments):
    Image.new("L", (48, 40), 128).save("mask.png")
    result = make(*arguments)
    again = result.with_name(f"{result.stem}-repeat{result.suffix}")
    assert adain("repeat", result, "--device", "cpu") == (0, f"1 made: {again}\n", "")
    assert again.read_bytes() == result.read_bytes()


def test_result_goes_where_it_is_asked_to(adain, make):
    result = make()
    assert adain("repeat", result, "-o", "copies/again.tiff").out == "1 made: copies/again.tiff\n"
    assert torch.equal(read_image("copies/again.tiff").rgb, read_image(result).rgb)


def test_repetition_can_be_repeated(adain, make):
    result = make()
    adain("repeat", result)
    assert adain("repeat", "results/one_warm-repeat.png").status == 0
    assert Path("results/one_warm-repeat-repeat.png").read_bytes() == result.read_bytes()


def test_files_are_found_beside_the_result(adain, make, tmp_path, monkeypatch):
    result = make()
    parcel = tmp_path / "parcel"
    parcel.mkdir()
    for path in (result, Path("photos/one.png"), Path("styles/warm.png")):
        path.rename(parcel / path.name)
    monkeypatch.chdir(tmp_path)
    assert adain("repeat", "parcel/one_warm.png").status == 0
    again = read_image(parcel / "one_warm-repeat.png")
    assert torch.equal(again.rgb, read_image(parcel / "one_warm.png").rgb)
    assert read_parameters(parcel / "one_warm-repeat.png")["content"] == "parcel/one.png"


@pytest.mark.parametrize("name", ["photos/one.png", "styles/warm.png"])
def test_file_that_has_changed_or_is_gone_is_refused(adain, make, name):
    result = make()
    write_image(name, torch.rand(1, 3, 9, 9))
    status, out, err = adain("repeat", result)
    assert (status, out) == (1, "")
    assert f"Error: {name} has changed since this result was made. Put the former file back." in err
    Path(name).unlink()
    status, out, err = adain("repeat", result)
    assert (status, out) == (1, "")
    assert f"Error: {name}, which made this result, is not there. Put it back, or beside the result in results." in err
    assert not Path("results/one_warm-repeat.png").exists()


def test_networks_are_those_of_the_result(adain, make):
    weights = load_file(resource("weights", "lite.safetensors"))
    for part in ("enc", "dec"):
        save_file({name: t for name, t in weights.items() if name.startswith(part)}, f"{part}.safetensors")
    result = make("--model", "enc.safetensors", "--decoder", "dec.safetensors")
    assert adain("repeat", result, "--device", "cpu").status == 0
    assert Path("results/one_warm-repeat.png").read_bytes() == result.read_bytes()


def test_model_that_has_changed_is_said(adain, make, folder):
    weights = load_file(resource("weights", "lite.safetensors"))
    save_file(weights, "model.safetensors")
    result = make("--model", "model.safetensors")
    weights["enc.stem.bias"] = weights["enc.stem.bias"] + 0.1
    save_file(weights, "model.safetensors")
    status, _, err = adain("repeat", result)
    assert status == 0
    before, after = (read_parameters(f"results/one_warm{end}.png")["encoder"] for end in ("", "-repeat"))
    assert before != after
    assert f"The model has changed: the result was made with {before}, this is {after}; expect a different" in err


@pytest.mark.parametrize(
    ("prepare", "error"),
    [
        (lambda path: None, "photo.png does not exist"),
        (lambda path: path.write_text("not a picture"), "photo.png cannot be decoded"),
        (lambda path: write_image(path, torch.rand(1, 3, 8, 8)), "photo.png carries no parameters of AdaIN Nodes"),
        (
            lambda path: write_image(path, torch.rand(1, 3, 8, 8), parameters={"alpha": 1}),
            "not a complete recipe ('sha256'). Only results of `adain stylize` can be repeated.",
        ),
    ],
)
def test_what_is_no_result_is_refused(adain, folder, prepare, error):
    prepare(Path("photo.png"))
    status, out, err = adain("repeat", "photo.png")
    assert (status, out) == (1, "")
    assert error in err
