"""`adain styles`: styles as small files."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from adain_nodes.core.style_file import load_style, save_style
from adain_nodes.imaging import read_image
from adain_nodes.pipeline import StyleTransfer

FAST = ("--style-size", 16, "--device", "cpu")


@pytest.fixture(scope="module")
def transfer():
    return StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32")


def assert_same(style, expected):
    assert style.encoder == expected.encoder
    for one, other in zip(style.levels, expected.levels, strict=True):
        torch.testing.assert_close(one.mean, other.mean)
        torch.testing.assert_close(one.std, other.std)


def test_picture_is_saved_as_a_style(adain, folder, transfer):
    status, out, err = adain("styles", "save", "styles/warm.png", "-o", "warm.safetensors", *FAST)
    size = Path("warm.safetensors").stat().st_size
    assert (status, out, err) == (0, f"warm.safetensors ({size / 1000:.1f} kB)\n", "")
    assert size < 5000
    assert_same(load_style("warm.safetensors"), transfer.encode_style("styles/warm.png", size=16))


def test_pictures_are_blended_by_their_weights(adain, folder, transfer):
    pictures = ("styles/warm.png:3", "styles/cold.png")
    assert adain("styles", "save", *pictures, "-o", "both.safetensors", *FAST).status == 0
    style = load_style("both.safetensors")
    expected = transfer.encode_style(["styles/warm.png", "styles/cold.png"], weights=[3, 1], size=16)
    assert_same(style, expected)
    assert style.note == "0.75 warm + 0.25 cold"


def test_mask_marks_the_part_that_is_the_style(adain, folder, transfer):
    mask = Image.new("L", (32, 32))
    mask.paste(255, (0, 0, 16, 32))
    mask.save("mask.png")
    save = ("styles", "save", "styles/warm.png", "-o", "part.safetensors")
    assert adain(*save, "--mask", "mask.png", *FAST).status == 0
    assert_same(load_style("part.safetensors"), transfer.encode_style("styles/warm.png", mask="mask.png", size=16))
    mask.resize((8, 8)).save("mask.png")
    assert "mask resized from 8×8 to 32×32 px" in adain(*save, "--mask", "mask.png", *FAST).err
    Image.new("L", (32, 32)).save("mask.png")
    status, _, err = adain(*save, "--mask", "mask.png", *FAST)
    assert status == 1
    assert "Nothing is left of a style picture" in err


def test_saved_style_does_for_its_picture(adain, folder):
    adain("styles", "save", "styles/warm.png", "-o", "warm.safetensors", *FAST)
    for style in ("styles/warm.png", "warm.safetensors"):
        arguments = ("photos/one.png", "-s", style, "-o", f"{Path(style).suffix[1:]}.png", "--dtype", "float32")
        assert adain("stylize", *arguments, *FAST).status == 0
    assert torch.equal(read_image("png.png").rgb, read_image("safetensors.png").rgb)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["gone.png", "-o", "a.safetensors"], "gone.png does not exist"),
        (
            ["styles/warm.png", "-o", "none/a.safetensors"],
            "none/a.safetensors cannot be written",
        ),
        (["styles/warm.png:0", "-o", "a.safetensors"], "The style weights 0 sum to 0"),
        (["styles/warm.png", "-o", "a.safetensors", "-m", "litte"], "Known: lite (embedded), vgg19"),
    ],
)
def test_errors_leave_no_file(adain, folder, arguments, error):
    status, out, err = adain("styles", "save", *arguments, *FAST)
    assert (status, out) == (1, "")
    assert error in err
    assert not list(folder.rglob("*.safetensors"))


def test_show_prints_what_a_style_is(adain, folder, transfer):
    style = transfer.encode_style("styles/warm.png", size=16)
    save_style(style, "warm.safetensors")
    save_style(replace(style, note=""), "nameless.safetensors")
    status, out, _ = adain("styles", "show", "warm.safetensors", "nameless.safetensors")
    assert status == 0
    assert "warm.safetensors: warm" in out
    assert "nameless.safetensors: no note" in out
    assert f"{transfer.fingerprint}, biased variance" in out
    row = f"│ level2 │       64 │ {style.levels[1].mean.mean():>17.3f} │ {style.levels[1].std.mean():>22.3f} │"
    assert out.count(row) == 2


def test_names_and_notes_are_no_markup(adain, folder, transfer):
    style = replace(transfer.encode_style("styles/warm.png", size=16), note="warm [/]and[red]", encoder="lite:[/b]")
    save_style(style, "[b]warm.safetensors")
    status, out, _ = adain("styles", "show", "[b]warm.safetensors")
    assert status == 0
    assert "[b]warm.safetensors: warm [/]and[red]" in out
    assert "lite:[/b], biased variance" in out
    answer = adain("styles", "save", "styles/warm.png", "-o", "[b]cold.safetensors", *FAST)
    assert answer.out.startswith("[b]cold.safetensors (")


@pytest.mark.parametrize("name", ["gone.safetensors", "styles/warm.png"])
def test_what_is_no_style_is_refused(adain, folder, name):
    status, out, err = adain("styles", "show", name)
    assert (status, out) == (1, "")
    assert name in err
