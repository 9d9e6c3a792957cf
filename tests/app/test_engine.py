"""The engine: what is encoded when, what comes out, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from adain_nodes.app.engine import CONTENTS, RESULTS, TILE, Engine, names, present_models
from adain_nodes.checkpoints.catalogue import MODELS
from adain_nodes.core.errors import ImageError, InvalidValueError, MissingWeightsError
from adain_nodes.core.sizing import size_of
from adain_nodes.imaging import read_image, read_parameters, write_image
from adain_nodes.recipe import Recipe, recipe_of


def quiet(share):
    """A report that goes nowhere."""


@pytest.fixture
def recipe(files):
    return Recipe(Path(files.photo), ((Path(files.style), 1.0),), style_size=32)


@pytest.fixture
def encoded(engine):
    """How many pictures were encoded, contents and styles together, and how many decoded."""
    counts = {"encoder": 0, "decoder": 0}
    transfer = engine.cook("lite").transfer

    def count(name):
        counts[name] += 1

    for name in counts:
        getattr(transfer, name).register_forward_hook(lambda *_, name=name: count(name))
    return counts


def test_moving_alpha_costs_one_decoding_and_no_encoding(engine, recipe, encoded):
    engine.preview(recipe, quiet)
    assert encoded == {"encoder": 2, "decoder": 1}
    for alpha in (0.2, 0.5):
        engine.preview(Recipe(recipe.content, recipe.styles, alpha=alpha, style_size=32), quiet)
    assert encoded == {"encoder": 2, "decoder": 3}


def test_a_small_photograph_is_not_painted_twice(engine, recipe, encoded):
    engine.preview(recipe, quiet)
    engine.result(recipe, quiet)
    assert encoded == {"encoder": 2, "decoder": 1}


def test_a_large_photograph_is_painted_in_full_after_its_preview(engine, recipe, encoded, monkeypatch):
    monkeypatch.setattr("adain_nodes.app.engine.PREVIEW", 20)
    shown = engine.preview(recipe, quiet)
    png, shown_in_full = engine.result(recipe, quiet)
    sides = [read_image(file).rgb.shape[2:] for file in (*shown, png, *shown_in_full)]
    assert sides == [(20, 24)] * 2 + [(40, 48)] * 3
    assert encoded == {"encoder": 3, "decoder": 2}


def test_what_does_not_fit_into_memory_is_written_in_parts(engine, recipe, tmp_path, monkeypatch):
    write_image(tmp_path / "photo.png", torch.rand(1, 3, 300, 200))
    expected = engine.cook("lite").make(recipe).rgb
    monkeypatch.setattr(engine.cook("lite").transfer, "max_memory", 90_000_000)
    monkeypatch.setattr(engine.cook("lite").transfer, "tile", 128)
    monkeypatch.setattr(engine.cook("lite"), "fits", lambda recipe: False)
    monkeypatch.setattr("adain_nodes.app.engine.PREVIEW", 40)
    shares = []
    png, shown = engine.result(recipe, shares.append)
    assert (read_image(png).rgb - expected).abs().max() <= 1.01 / 255
    assert read_parameters(png)["content"] == "photo.png"
    assert read_image(shown.after).rgb.shape[2:] == (60, 40)
    assert shares[-1] == 1


def test_results_that_are_kept_are_limited(engine, recipe):
    for step in range(RESULTS + 2):
        engine.preview(Recipe(recipe.content, recipe.styles, alpha=step / 20, style_size=32), quiet)
    assert len(engine._painted) == RESULTS


def test_preview_and_result_are_what_the_pipeline_makes(engine, recipe, close):
    transfer = engine.cook("lite").transfer
    expected = transfer.stylize(recipe.content, recipe.styles[0][0], style_size=32)
    close(engine.paint(recipe, 512, quiet).after, expected)
    png, shown = engine.result(recipe, quiet)
    assert (read_image(png).rgb - expected).abs().max() <= 0.5 / 255 + 1e-6
    assert (read_image(shown.after).rgb - expected).abs().mean() < 0.05  # JPEG
    assert (read_image(shown.before).rgb - read_image(recipe.content).rgb).abs().mean() < 0.1


@pytest.mark.parametrize(
    ("sides", "size", "limit", "expected"),
    [
        ((40, 48), 0, 512, (40, 48)),  # never enlarged
        ((40, 48), 20, 512, (20, 24)),
        ((40, 48), 80, 512, (80, 96)),  # unless it is wished
        ((40, 48), 0, 30, (30, 36)),
        ((8, 4 * TILE), 0, 512, (2, TILE)),  # a panorama goes into one tile, too
    ],
)
def test_size_of_a_preview(engine, recipe, tmp_path, sides, size, limit, expected):
    write_image(tmp_path / "photo.png", torch.rand(1, 3, *sides))
    painted = engine.paint(Recipe(recipe.content, recipe.styles, size=size, style_size=32), limit, quiet)
    assert size_of(painted.before) == size_of(painted.after) == expected


def test_result_carries_a_recipe_that_makes_it_again(engine, recipe, tmp_path):
    png, _ = engine.result(recipe, quiet)
    parameters = read_parameters(png)
    assert parameters["content"] == "photo.png"
    assert str(tmp_path) not in str(parameters)
    again = recipe_of(parameters, tmp_path)
    assert again == recipe
    assert torch.equal(engine.cook("lite").make(again).rgb, engine.cook("lite").make(recipe).rgb)


def test_transparency_is_in_the_result(engine, recipe, tmp_path):
    write_image(tmp_path / "photo.png", torch.rand(1, 3, 40, 48), alpha=torch.rand(1, 1, 40, 48))
    png, _ = engine.result(recipe, quiet)
    assert torch.equal(read_image(png).alpha, read_image(tmp_path / "photo.png").alpha)


def test_long_names_have_results(engine, tmp_path):
    paths = [tmp_path / (letter * 150 + ".png") for letter in "abc"]
    for path in paths:
        write_image(path, torch.rand(1, 3, 24, 24))
    png, _ = engine.result(Recipe(paths[0], ((paths[1], 1.0), (paths[2], 1.0))), quiet)
    assert Path(png).name.startswith("a" * 150 + "_bb")
    assert read_parameters(png)["content"] == paths[0].name


def test_files_of_the_same_name_are_told_apart():
    a, b, c = Path("x/image.jpg"), Path("y/image.jpg"), Path("z/image-2.jpg")
    found = names(Recipe(a, ((b, 1.0), (c, 0.5), (a, 0.5))))
    assert found[a] == "image.jpg"
    assert len(set(found.values())) == len(found) == 3


def test_every_file_has_a_folder_that_cannot_be_guessed(engine):
    first, second = engine.file("result.png"), engine.file("result.png")
    assert first.name == second.name == "result.png"
    assert len({first.parent.name, second.parent.name}) == 2
    assert min(len(path.parent.name) for path in (first, second)) == 32


def test_models_that_are_here_are_offered_and_no_others(engine, monkeypatch, tmp_path):
    monkeypatch.setenv("ADAIN_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("ADAIN_WEIGHTS_DIR", raising=False)
    assert present_models() == ("lite",)
    for part in (MODELS["vgg19"].encoder, MODELS["vgg19"].decoder):
        (tmp_path / part.filename).touch()
    assert present_models() == ("lite", "vgg19")
    (tmp_path / "mine.safetensors").touch()
    mine = str(tmp_path / "mine.safetensors")
    assert Engine(tmp_path, model=mine).models == (mine, "lite", "vgg19")
    with pytest.raises(InvalidValueError, match="no model '/etc/passwd' here"):
        engine.cook("/etc/passwd")


@pytest.mark.parametrize(
    ("settings", "error", "match"),
    [
        ({"model": "vgg19"}, MissingWeightsError, "not on this machine. Run `adain weights pull"),
        ({"model": "nowhere.pth"}, MissingWeightsError, "Nothing is known of the model 'nowhere.pth'"),
        ({"device": "cuda:77"}, InvalidValueError, "device 'cuda:77' is not available"),
    ],
)
def test_what_is_not_here_is_said_at_the_start(tmp_path, monkeypatch, settings, error, match):
    monkeypatch.setenv("ADAIN_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("ADAIN_WEIGHTS_DIR", raising=False)
    with pytest.raises(error, match=match):
        Engine(tmp_path, **settings)


def test_networks_are_loaded_once(engine):
    assert engine.cook("lite") is engine.cook("lite")


def test_limit_of_pixels_holds_for_files_and_for_what_they_are_enlarged_to(tmp_path, files):
    engine = Engine(tmp_path, device="cpu", max_pixels=2000)
    recipe = Recipe(Path(files.photo), ((Path(files.style), 1.0),), style_size=32)
    engine.preview(recipe, quiet)
    for wrong in ({"size": 400}, {"style_size": 400}):
        with pytest.raises(InvalidValueError, match=r"above the limit of 0\.002 megapixels"):
            engine.result(Recipe(recipe.content, recipe.styles, **{"style_size": 32} | wrong), quiet)
    write_image(tmp_path / "large.png", torch.rand(1, 3, 50, 50))
    with pytest.raises(ImageError, match="above the limit"):
        engine.preview(Recipe(tmp_path / "large.png", recipe.styles), quiet)


def test_photographs_that_are_kept_are_limited(engine):
    assert engine._photo.cache_info().maxsize == CONTENTS


def test_progress_can_end_the_work_between_tiles(engine, recipe, tmp_path, monkeypatch):
    monkeypatch.setattr(engine.cook("lite").transfer, "tile", 128)
    monkeypatch.setattr("adain_nodes.app.engine.PREVIEW", 64)
    write_image(tmp_path / "photo.png", torch.rand(1, 3, 300, 300))
    shares = []

    def stop(share):
        shares.append(share)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        engine.result(recipe, stop)
    assert shares == [pytest.approx(128 * 128 / (2 * 300 * 300))]
    assert not engine.folder.exists()
