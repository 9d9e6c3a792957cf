"""Recipes: what goes into a result's file, and back."""

from __future__ import annotations

import gc
import hashlib
import json
from dataclasses import replace

import pytest
import torch
from PIL import Image

from adain_nodes import __version__
from adain_nodes.core.errors import AdaINError, EncoderMismatchError, ImageError, InvalidValueError
from adain_nodes.core.style_file import save_style
from adain_nodes.imaging import read_image, resize, write_image
from adain_nodes.pipeline import StyleTransfer
from adain_nodes.recipe import Cook, Recipe, recipe_of


@pytest.fixture(scope="module")
def transfer():
    return StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32")


@pytest.fixture
def files(tmp_path):
    """A photograph, two styles and a mask, of noise."""
    for name, side in (("photo", 48), ("red", 32), ("blue", 32)):
        write_image(tmp_path / f"{name}.png", torch.rand(1, 3, side, side + 8))
    mask = Image.new("L", (56, 48))
    mask.paste(255, (0, 0, 28, 48))
    mask.save(tmp_path / "mask.png")
    return tmp_path


@pytest.fixture
def recipe(files):
    return Recipe(
        content=files / "photo.png",
        styles=((files / "red.png", 1.0), (files / "blue.png", 0.5)),
        masks=((files / "mask.png", files / "blue.png"),),
        alpha=0.75,
        preserve_color="coral",
        size=24,
        style_size=16,
        model="lite",
        decoder=None,
        depth=16,
        quality=80,
        lossless=True,
    )


@pytest.fixture
def parameters(recipe, transfer):
    """What a result's file gives back."""
    return json.loads(json.dumps(recipe.parameters(transfer)))


def test_parameters_say_how_the_result_was_made(recipe, files, parameters, transfer):
    photo, red, blue, mask = (str(files / f"{name}.png") for name in ("photo", "red", "blue", "mask"))
    digests = parameters.pop("sha256")
    assert digests == {
        name: hashlib.sha256((files / name).read_bytes()).hexdigest() for name in (photo, red, blue, mask)
    }
    assert parameters == {
        "version": __version__,
        "content": photo,
        "styles": [[red, 1.0], [blue, 0.5]],
        "masks": [[mask, blue]],
        "alpha": 0.75,
        "preserve_color": "coral",
        "size": 24,
        "style_size": 16,
        "model": "lite",
        "decoder": None,
        "depth": 16,
        "quality": 80,
        "lossless": True,
        "encoder": transfer.fingerprint,
        "dtype": "float32",
    }


def test_files_may_have_other_names_in_the_parameters(recipe, transfer, files, parameters):
    short = recipe.parameters(transfer, lambda path: path.name)
    assert (short["content"], short["styles"]) == ("photo.png", [["red.png", 1.0], ["blue.png", 0.5]])
    assert short["masks"] == [["mask.png", "blue.png"]]
    assert short["sha256"] == {name.removeprefix(f"{files}/"): sha for name, sha in parameters["sha256"].items()}
    assert recipe_of(short, files) == recipe


def test_recipe_comes_back_from_its_parameters(recipe, parameters, tmp_path_factory):
    assert recipe_of(parameters, tmp_path_factory.mktemp("elsewhere")) == recipe
    parameters["decoder"] = "decoder.pth"
    assert recipe_of(parameters, tmp_path_factory.mktemp("elsewhere")).decoder == "decoder.pth"


def test_files_that_were_moved_are_found_beside_the_result(recipe, parameters, files, tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    for name in ("photo.png", "blue.png"):
        (files / name).rename(folder / name)
    found = recipe_of(parameters, folder)
    assert found.files == tuple(
        folder / p.name if p.name != "red.png" and p.name != "mask.png" else p for p in recipe.files
    )


def test_file_beside_the_result_stands_in_for_one_that_has_changed(parameters, files, tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    (folder / "photo.png").write_bytes((files / "photo.png").read_bytes())
    write_image(files / "photo.png", torch.rand(1, 3, 8, 8))
    assert recipe_of(parameters, folder).content == folder / "photo.png"


@pytest.mark.parametrize("name", ["photo", "red", "blue", "mask"])
def test_file_that_is_gone_or_has_changed_is_refused(parameters, files, tmp_path_factory, name):
    folder = tmp_path_factory.mktemp("results")
    path = files / f"{name}.png"
    former = path.read_bytes()
    path.write_bytes(former + b"\0")
    with pytest.raises(ImageError, match=rf"{name}\.png has changed since .* Put the former file back"):
        recipe_of(parameters, folder)
    path.unlink()
    with pytest.raises(
        ImageError, match=rf"{name}\.png, which made this result, is not there\. .*beside the result in"
    ):
        recipe_of(parameters, folder)


KEYS = ("content", "styles", "masks", "alpha", "preserve_color", "size", "style_size", "model", "decoder", "sha256")


@pytest.mark.parametrize("name", [*KEYS, "depth", "quality", "lossless"])
def test_incomplete_parameters_are_refused(parameters, tmp_path, name):
    del parameters[name]
    with pytest.raises(AdaINError, match=rf"not a complete recipe \('{name}'\)\. Only results of `adain stylize`"):
        recipe_of(parameters, tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("alpha", "much"),
        ("alpha", 2.0),
        ("alpha", None),
        ("preserve_color", "some"),
        ("size", "large"),
        ("style_size", [3]),
        ("quality", {}),
        ("styles", 3),
        ("styles", [["red.png"]]),
        ("masks", [["mask.png", "red.png", "more"]]),
        ("content", "another.png"),
        ("content", 5),
        ("sha256", 7),
    ],
)
def test_parameters_of_another_kind_are_refused(parameters, tmp_path, name, value):
    parameters[name] = value
    with pytest.raises(AdaINError, match="not a complete recipe"):
        recipe_of(parameters, tmp_path)


@pytest.mark.parametrize(("name", "value"), [("alpha", -0.5), ("alpha", float("nan")), ("preserve_color", "lab")])
def test_recipe_refuses_what_the_pipeline_refuses(name, value, tmp_path):
    with pytest.raises(InvalidValueError):
        Recipe(tmp_path / "photo.png", **{name: value})


def test_cook_makes_what_the_pipeline_makes(transfer, recipe, files):
    result = Cook(transfer).make(recipe)
    photo, red, blue, mask = (files / f"{name}.png" for name in ("photo", "red", "blue", "mask"))
    settings = {"alpha": 0.75, "preserve_color": "coral", "size": 24, "style_size": 16}
    expected = transfer.stylize(photo, [red, blue], weights=[1, 0.5], masks=[(mask, blue)], **settings)
    assert torch.equal(result.rgb, expected)
    assert result.rgb.shape == (1, 3, 24, 28)
    assert result.alpha is None
    assert result.notes == ()


def test_cook_without_base_style_leaves_the_rest(transfer, files):
    Image.new("L", (56, 48), 0).save(files / "mask.png")
    recipe = Recipe(files / "photo.png", masks=((files / "mask.png", files / "red.png"),), style_size=16)
    assert torch.equal(Cook(transfer).make(recipe).rgb, read_image(files / "photo.png").rgb)


def test_transparency_stays_and_is_resized_with_the_picture(transfer, files):
    photo, alpha = torch.rand(1, 3, 48, 48), torch.rand(1, 1, 48, 48)
    write_image(files / "clear.png", photo, alpha=alpha)
    kept = read_image(files / "clear.png").alpha
    for size, expected in ((0, kept), (24, resize(kept, 24))):
        result = Cook(transfer).make(Recipe(files / "clear.png", ((files / "red.png", 1.0),), size=size))
        assert torch.equal(result.alpha, expected)


def test_what_was_converted_is_passed_on(transfer, files):
    frames = [Image.new("RGB", (16, 16), name) for name in ("red", "blue")]
    frames[0].save(files / "moving.gif", save_all=True, append_images=frames[1:])
    result = Cook(transfer).make(Recipe(files / "moving.gif", ((files / "red.png", 1.0),), style_size=16))
    assert result.notes == ("animated: frame 1 of 2 used",)


@pytest.fixture
def encoded(transfer):
    """How many pictures were encoded, contents and styles together."""
    count = []
    handle = transfer.encoder.register_forward_hook(lambda *_: count.append(1))
    yield count
    handle.remove()


def test_style_that_recipes_share_is_encoded_once(transfer, files, encoded):
    cook = Cook(transfer)
    styles = ((files / "red.png", 1.0), (files / "blue.png", 2.0))
    masks = ((files / "mask.png", files / "blue.png"),)
    for alpha in (0.2, 0.5, 0.9):
        cook.make(Recipe(files / "photo.png", styles, masks, alpha, style_size=16))
    assert len(encoded) == 2 + 3
    cook.make(Recipe(files / "photo.png", styles, style_size=24))  # another size is another style
    assert len(encoded) == 5 + 2 + 1
    cook.make(Recipe(files / "photo.png", styles, style_size=24, preserve_color="luminance"))
    assert len(encoded) == 8 + 1
    for _ in range(2):  # recoloured styles belong to one content
        cook.make(Recipe(files / "photo.png", styles, style_size=24, preserve_color="coral"))
    assert len(encoded) == 9 + 2 * 3


@pytest.mark.parametrize("preserve_color", ["coral", "mean-std", "histogram"])
def test_style_in_the_colours_of_a_content_serves_for_every_alpha(transfer, files, encoded, preserve_color):
    cook, content = Cook(transfer), transfer.prepare(files / "photo.png")
    styles = ((files / "red.png", 1.0), (files / "blue.png", 2.0))
    recipe = Recipe(files / "photo.png", styles, preserve_color=preserve_color, style_size=16)
    settings = {"weights": [1, 2], "preserve_color": preserve_color, "style_size": 16}
    for alpha in (0.2, 0.9):
        expected = transfer.stylize(content, [path for path, _ in styles], alpha=alpha, **settings)
        assert torch.equal(cook.paint(replace(recipe, alpha=alpha), content), expected)
    encoded.clear()
    cook.paint(replace(recipe, alpha=0.5), content)
    assert not encoded
    del content
    gc.collect()
    assert not cook._matched  # nothing keeps a content that is gone


@pytest.mark.parametrize(("limit", "refused"), [(48 * 56 - 1, "56×48"), (16 * 16 - 1, "")])
def test_limit_of_pixels_guards_every_file(transfer, files, monkeypatch, limit, refused):
    recipe = Recipe(files / "photo.png", ((files / "red.png", 1.0),), style_size=16)
    Cook(transfer).make(recipe)
    monkeypatch.setattr(transfer, "max_pixels", limit)
    with pytest.raises(ImageError, match=rf"{refused}.* above the limit"):
        Cook(transfer).make(recipe)


def test_saved_style_of_another_encoder_is_refused(transfer, files):
    style = transfer.encode_style(files / "red.png", size=16)
    save_style(type(style)(style.names, style.levels, "lite:other", style.convention), files / "red.safetensors")
    recipe = Recipe(files / "photo.png", ((files / "red.safetensors", 1.0),))
    with pytest.raises(EncoderMismatchError, match="was made by the encoder lite:other"):
        Cook(transfer).make(recipe)
