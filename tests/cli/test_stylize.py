"""`adain stylize`: what is made, where it goes, and what is said."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from adain_nodes.core.style_file import save_style
from adain_nodes.imaging import find_images, read_image, read_parameters, write_image
from adain_nodes.pipeline import StyleTransfer

FAST = ("--style-size", 16, "--device", "cpu", "--dtype", "float32")


@pytest.fixture(scope="module")
def transfer():
    return StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32")


@pytest.fixture
def stylize(adain, folder):
    """Run `adain stylize` with small styles."""
    return lambda *arguments: adain("stylize", *arguments, *FAST)


@pytest.fixture
def mask(folder):
    """Its left half is white."""
    picture = torch.zeros(1, 3, 40, 48)
    picture[..., :24] = 1
    write_image("mask.png", picture)
    return "mask.png"


def made(path):
    return read_image(path).rgb


def same(path, expected):
    """Whether a file of 8 bits holds a picture."""
    return bool((made(path) - expected).abs().max() <= 0.5 / 255 + 1e-6)


def test_picture_is_made(stylize, transfer):
    assert stylize("photos/one.png", "-s", "styles/warm.png") == (0, "1 made: results/one_warm.png\n", "")
    assert same("results/one_warm.png", transfer.stylize("photos/one.png", "styles/warm.png", style_size=16))


def test_settings_reach_the_pipeline_and_the_file(stylize, transfer, mask):
    arguments = ("--style", "styles/warm.png:2", "--style", "styles/cold.png", "--alpha", 0.75)
    more = ("--size", 20, "--preserve-color", "coral", "--mask", f"{mask}:styles/cold.png")
    assert stylize("photos/one.png", *arguments, *more).status == 0
    settings = {"alpha": 0.75, "size": 20, "preserve_color": "coral", "style_size": 16}
    expected = transfer.stylize(
        "photos/one.png",
        ["styles/warm.png", "styles/cold.png"],
        weights=[2, 1],
        masks=[(mask, "styles/cold.png")],
        **settings,
    )
    assert same("results/one_warm+cold.png", expected)
    parameters = read_parameters("results/one_warm+cold.png")
    assert {name: parameters[name] for name in settings} == settings
    assert parameters["styles"] == [["styles/warm.png", 2.0], ["styles/cold.png", 1.0]]
    assert parameters["masks"] == [[mask, "styles/cold.png"]]
    assert (parameters["encoder"], parameters["dtype"]) == (transfer.fingerprint, "float32")


@pytest.mark.parametrize(("photos", "styles"), [("photos", "styles"), ("photos/*.png", "styles/[cw]*.png")])
def test_every_photograph_meets_every_style(stylize, photos, styles):
    status, out, _ = stylize(photos, "-s", styles)
    assert (status, out) == (0, "4 made: results\n")
    names = [path.name for path in find_images(["results"])]
    assert names == ["one_cold.png", "one_warm.png", "two_cold.png", "two_warm.png"]


def test_mask_without_base_style_leaves_the_rest(stylize, mask):
    assert stylize("photos/one.png", "--mask", f"{mask}:styles/warm.png").status == 0
    result, photo = made("results/one_warm.png"), made("photos/one.png")
    assert torch.equal(result[..., 24:], photo[..., 24:])
    assert (result - photo)[..., :24].abs().mean() > 0.05


def test_mask_of_another_size_is_resized_and_said(stylize):
    Image.new("L", (20, 10), 255).save("small.png")
    status, out, err = stylize("photos/one.png", "--mask", "small.png:styles/warm.png")
    assert (status, out) == (0, "1 made: results/one_warm.png\n")
    assert "mask resized from 20×10 to 48×40 px" in err


def test_conversions_are_said(stylize):
    frames = [Image.new("RGB", (16, 16), name) for name in ("red", "blue")]
    frames[0].save("photos/[b]moving.gif", save_all=True, append_images=frames[1:])
    status, out, err = stylize("photos/[b]moving.gif", "-s", "styles/warm.png")
    assert (status, out) == (0, "1 made: results/[b]moving_warm.png\n")
    assert "photos/[b]moving.gif: animated: frame 1 of 2 used" in err


@pytest.mark.parametrize(
    ("arguments", "suffix", "kind", "depth"),
    [
        ((), "png", "PNG", 8),
        (("--format", "jpg", "--quality", 50), "jpg", "JPEG", 8),
        (("--format", "webp", "--lossless"), "webp", "WEBP", 8),
        (("--format", "tiff"), "tiff", "TIFF", 8),
        (("--depth", 16), "png", "PNG", 16),
        (("--format", "tiff", "--depth", 16), "tiff", "TIFF", 16),
    ],
)
def test_formats_and_depths(stylize, transfer, arguments, suffix, kind, depth):
    assert stylize("photos/one.png", "-s", "styles/warm.png", *arguments).status == 0
    path = Path(f"results/one_warm.{suffix}")
    with Image.open(path) as image:
        assert (image.format, image.size) == (kind, (48, 40))
    assert read_image(path).depth == depth
    expected = transfer.stylize("photos/one.png", "styles/warm.png", style_size=16)
    assert (made(path) - expected).abs().max() <= (0.5 / (2**depth - 1) + 1e-6 if kind != "JPEG" else 0.5)
    assert read_parameters(path)["depth"] == depth


def test_format_that_cannot_hold_the_depth_fails(stylize):
    status, out, err = stylize("photos/one.png", "-s", "styles/warm.png", "--format", "jpg", "--depth", 16)
    assert (status, out) == (1, "0 made, 1 failed\n")
    assert "JPEG holds 8 bits per channel, not 16" in err


def test_quality_of_a_single_file(stylize):
    sizes = []
    for quality in (5, 95):
        assert stylize("photos/one.png", "-s", "styles/warm.png", "-o", "out.jpg", "--quality", quality).status == 0
        sizes.append(Path("out.jpg").stat().st_size)
    assert sizes[0] < sizes[1]


def test_out_is_a_file_or_a_folder(stylize):
    assert stylize("photos/one.png", "-s", "styles/warm.png", "--out", "new/a.tif").out == "1 made: new/a.tif\n"
    assert stylize("photos", "-s", "styles/warm.png", "--out", "new").out == "2 made: new\n"
    status, _, err = stylize("photos", "-s", "styles/warm.png", "--out", "all.png")
    assert (status, err) == (1, "Error: There are 2 results for the one file all.png. Name a folder instead.\n")


def test_existing_results_are_left_on_request(stylize):
    Path("results").mkdir()
    Path("results/one_warm.png").write_text("former")
    status, out, _ = stylize("photos", "-s", "styles/warm.png", "--skip-existing")
    assert (status, out) == (0, "1 made, 1 there already: results/two_warm.png\n")
    assert Path("results/one_warm.png").read_text() == "former"


def test_folders_are_entered_on_request(stylize):
    Path("photos/more").mkdir()
    write_image("photos/more/three.png", torch.rand(1, 3, 9, 9))
    assert stylize("photos", "-s", "styles/warm.png", "--recursive").out == "3 made: results\n"


def test_unreadable_pictures_are_named_and_the_rest_is_made(stylize):
    Path("photos/bad[red].png").write_text("not a picture")
    status, out, err = stylize("photos", "-s", "styles/warm.png")
    assert (status, out) == (1, "2 made, 1 failed: results\n")
    assert "Failed: photos/bad[red].png cannot be decoded: it is not a PNG" in err
    assert [path.name for path in find_images(["results"])] == ["one_warm.png", "two_warm.png"]


def test_failures_of_a_style_name_the_photograph_too(stylize):
    Path("styles/bad.png").write_text("not a picture")
    status, out, err = stylize("photos/one.png", "-s", "styles/bad.png")
    assert (status, out) == (1, "0 made, 1 failed\n")
    assert "Failed: photos/one.png: styles/bad.png cannot be decoded" in err


def test_larger_pictures_than_allowed_are_refused(stylize):
    status, _, err = stylize("photos", "-s", "styles/warm.png", "--max-pixels", 40 * 48 - 1)
    assert status == 1
    assert err.count("48×40 px, above the limit of 0.001919 megapixels") == 2


def test_what_takes_more_memory_than_allowed_is_made_in_parts(stylize):
    write_image("photos/large.png", torch.rand(1, 3, 300, 420))
    arguments = ("photos/large.png", "-s", "styles/warm.png", "--depth", 16, "--out")
    assert stylize(*arguments, "whole.png").status == 0
    assert stylize(*arguments, "new/parts.png", "--max-memory", "90MB").out == "1 made: new/parts.png\n"
    assert (made("new/parts.png") - made("whole.png")).abs().max() <= 1.01 / 65535
    assert read_parameters("new/parts.png") == read_parameters("whole.png")
    status, _, err = stylize(*arguments, "less.png", "--max-memory", "20MB")
    assert status == 1
    assert "photos/large.png: 20 MB are too little memory for the smallest tile. Allow 80 MB or more" in err
    assert stylize(*arguments, "less.png", "--max-memory", "some").status == 2


def test_file_in_the_way_of_the_folder(stylize):
    Path("results").write_text("precious")
    status, out, err = stylize("photos/one.png", "-s", "styles/warm.png")
    assert (status, out) == (1, "0 made, 1 failed\n")
    assert "Failed: photos/one.png: The folder results cannot be made: File exists." in err
    assert Path("results").read_text() == "precious"


def test_weights_that_sum_to_zero(stylize):
    status, _, err = stylize("photos/one.png", "-s", "styles/warm.png:1", "-s", "styles/cold.png:-1")
    assert status == 1
    assert "The style weights 1, -1 sum to 0; " in err


def test_transparency_is_kept(stylize):
    write_image("clear.png", torch.rand(1, 3, 8, 8), alpha=torch.full((1, 1, 8, 8), 0.4))
    assert stylize("clear.png", "-s", "styles/warm.png").status == 0
    assert torch.equal(read_image("results/clear_warm.png").alpha, torch.full((1, 1, 8, 8), 0.4))


def test_saved_styles_are_taken(stylize, transfer):
    style = transfer.encode_style("styles/warm.png", size=16)
    save_style(style, "kept.safetensors")
    assert stylize("photos/one.png", "-s", "kept.safetensors").out == "1 made: results/one_kept.png\n"
    assert same("results/one_kept.png", transfer.stylize("photos/one.png", style))
    status, _, err = stylize("photos/one.png", "-s", "kept.safetensors", "--preserve-color", "coral")
    assert status == 1
    assert "is statistics already" in err


def test_saved_style_of_another_encoder_is_refused(stylize, transfer):
    style = transfer.encode_style("styles/warm.png", size=16)
    save_style(replace(style, encoder="vgg19-normalised:0123"), "kept.safetensors")
    status, out, err = stylize("photos/one.png", "-s", "kept.safetensors")
    assert (status, out) == (1, "0 made, 1 failed\n")
    assert re.search(r"was made by the encoder vgg19-normalised:0123 .*; the encoder in use is lite:", err)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["photos/one.png"], "There is no style. Add --style PICTURE, or --mask MASK:STYLE."),
        (["photos/gone*.png", "-s", "styles"], "No picture matches 'photos/gone*.png'."),
        (["photos", "-s", "gone.png:0.5"], "No picture matches 'gone.png'."),
        (
            ["photos", "--mask", "gone.png:styles/warm.png"],
            "'gone.png:styles/warm.png' is not a mask file and a style.",
        ),
        (["photos", "-s", "styles", "--alpha", 1.5], "alpha is 1.5; it must lie between 0 (the content) and 1"),
        (["photos", "-s", "styles", "--alpha", "nan"], "alpha is nan; it must lie between"),
        (["photos", "-s", "styles", "-m", "litte"], "Known: lite (embedded), vgg19 (a download of 94 MB)."),
        (["photos", "-s", "styles", "-m", "vgg19"], "Run `adain weights pull vgg19-normalised` (80 MB)"),
        (["photos", "-s", "styles", "--decoder", "gone.pth"], "Nothing is known of the weights 'gone.pth'."),
    ],
)
def test_errors_come_before_the_work(stylize, arguments, error):
    status, out, err = stylize(*arguments)
    assert (status, out) == (1, "")
    assert err.lstrip().startswith("Error: ")
    assert error in err
    assert not Path("results").exists()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--device", "gpu"], "The device 'gpu' is not available"),
        (["--dtype", "half"], "There is no dtype 'half'. Choose auto, float32, bfloat16, float16."),
    ],
)
def test_backends_that_are_not_there(adain, folder, arguments, error):
    status, _, err = adain("stylize", "photos", "-s", "styles", *arguments)
    assert status == 1
    assert error in err


@pytest.mark.parametrize(
    ("arguments", "choices"),
    [
        (["--preserve-color", "lab"], "'none', 'coral', 'mean-std', 'histogram', 'luminance'"),
        (["--format", "bmp"], "'png', 'jpg', 'webp', 'tiff'"),
        (["--depth", "12"], "'8', '16'"),
    ],
)
def test_choices_are_listed(stylize, arguments, choices):
    status, _, err = stylize("photos", "-s", "styles", *arguments)
    assert status == 2
    assert choices in " ".join(err.replace("│", " ").split())


def test_decoder_of_another_encoder_is_refused(stylize, shared):
    status, out, err = stylize("photos", "-s", "styles", "--decoder", shared / "weights" / "decoder_relu4_1.pth")
    assert (status, out) == (1, "")
    assert "The decoder was trained for vgg19-normalised at relu4_1; the encoder in use is lite:" in err


def test_the_paper_s_model_is_chosen_by_name(stylize, shared, monkeypatch):
    monkeypatch.setenv("ADAIN_WEIGHTS_DIR", str(shared / "weights"))
    assert stylize("photos/one.png", "-s", "styles/warm.png", "-m", "vgg19").status == 0
    assert str(read_parameters("results/one_warm.png")["encoder"]).startswith("vgg19-normalised:")
    assert made("results/one_warm.png").shape == (1, 3, 40, 48)
