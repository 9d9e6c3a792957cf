"""The tab Train: what is asked for, what a run shows and leaves, and training in a real browser."""

from __future__ import annotations

import inspect
import json
import re
import threading
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from adain_nodes.app import finetune, train
from adain_nodes.app.engine import TRAINED, Engine
from adain_nodes.app.finetune import OWN, RUNS, Lesson, fine_tune
from adain_nodes.app.server import lessons
from adain_nodes.checkpoints.networks import load_decoder
from adain_nodes.core.errors import ImageError, InvalidValueError
from adain_nodes.imaging import read_image, read_parameters, write_image
from adain_nodes.recipe import Recipe
from adain_nodes.training.finetune import LOSS_NETWORK, finetune_decoder

SETTINGS = {"batch": 1, "crop": 32, "style_weight": 5.0, "learning_rate": 1e-4}


@pytest.fixture
def engine(tmp_path):
    """One that may train."""
    return Engine(tmp_path / "results", device="cpu", dtype="float32", lessons=lessons([]))


@pytest.fixture
def lesson(files):
    """Two steps on pictures of noise, judged by the model's own encoder."""
    return Lesson((Path(files.photo),), "", (Path(files.style),), "", "lite", OWN, 2, tuple(SETTINGS.items()), ())


@pytest.fixture
def shown():
    return []


@pytest.fixture
def learn(engine, shown):
    """Fine-tune as the page does; what is shown on the way is noted."""
    return lambda asked, stopped=lambda: False: _alone(engine, asked, lambda *now: shown.append(now), stopped)


def _alone(engine, asked, show, stopped):
    with engine.lane.alone():
        return fine_tune(engine, asked, show, stopped)


def test_order_says_all_that_is_set():
    numbers = (2, 32, 5.0, 1e-4)
    asked = train.order(["a.jpg"], "x", ["b.jpg", "c.jpg"], "y", "lite", OWN, 10, *numbers, [("mine", "m")])
    settings = tuple(zip(("batch", "crop", "style_weight", "learning_rate"), numbers, strict=True))
    looks = (Path("b.jpg"), Path("c.jpg"))
    assert asked == Lesson((Path("a.jpg"),), "x", looks, "y", "lite", OWN, 10, settings, (("mine", "m"),))
    assert train.order(None, "x", [], "y", "lite", OWN, 10, *numbers, []).contents == ()
    with pytest.raises(InvalidValueError, match="201 pictures are too many"):
        train.order(["a.jpg"] * 201, "x", None, "y", "lite", OWN, 10, *numbers, [])


def test_run_is_the_same_for_the_same_pictures_and_settings(lesson, files, tmp_path):
    copy = tmp_path / "another name.png"
    copy.write_bytes(Path(files.photo).read_bytes())
    same = replace(lesson, contents=(copy,), steps=7, trained=(("mine", "m"),))
    assert same.key == lesson.key
    others = {
        "contents": lesson.styles,
        "styles": (),
        "content_folder": "x",
        "judge": "b",
        "model": "c",
        "settings": (),
    }
    assert len({lesson.key, *(replace(lesson, **{name: value}).key for name, value in others.items())}) == 7


def test_what_is_trained_can_be_used_at_once(learn, engine, lesson, shown, files):
    said, curve, sheet, file, trained = learn(lesson)
    assert re.fullmatch(r"Done\. 2 steps, too early to tell\. Losses: total .+, content .+, style .+\.", said)
    assert trained == [("lite, trained 2 steps (1)", file)]
    assert read_image(curve).rgb.shape == (1, 3, 540, 960)
    assert read_image(sheet).rgb.shape[0] == 1
    assert [text for text, *_ in shown][:3] == ["Reading the pictures …", shown[1][0], "1 steps done."]
    assert re.match(r"Step 1 of 2, \d+ s left\. Losses: total ", shown[1][0])
    asked = Recipe(Path(files.photo), ((Path(files.other), 1.0),), style_size=32, model=file)
    plain = engine.paint(replace(asked, model="lite"), 512, lambda share: None).after
    assert (engine.paint(asked, 512, lambda share: None).after - plain).abs().max() > 0
    png, _ = engine.result(asked, lambda share: None)
    assert read_parameters(png)["model"] == "lite_trained.safetensors"
    assert str(engine.folder) not in str(read_parameters(png))
    load_decoder(file).check_encoder(engine.cook("lite").transfer.encoder)


def test_stopped_run_goes_on_and_ends_as_if_it_had_not_been(learn, engine, lesson):
    whole = learn(replace(lesson, steps=3))
    (run,) = (engine.folder / "runs").iterdir()
    run.rename(engine.folder / "aside")
    said, *_, file, trained = learn(replace(lesson, steps=3), lambda: True)
    assert said.startswith("Stopped: train again with the same settings to go on. 1 steps")
    again = learn(replace(lesson, steps=3, trained=tuple(trained)))
    assert [label for label, _ in again[4]] == ["lite, trained 1 steps (1)", "lite, trained 3 steps (2)"]
    first, last = load_decoder(whole[3]).state_dict(), load_decoder(again[3]).state_dict()
    assert all(torch.equal(first[name], last[name]) for name in first)
    assert not all(torch.equal(value, last[name]) for name, value in load_decoder(file).state_dict().items())


def test_uploads_that_are_gone_are_asked_for_again(learn, lesson):
    learn(lesson)
    lesson.styles[0].unlink()
    with pytest.raises(InvalidValueError, match="Upload them again"):
        learn(lesson)


def test_others_get_the_lane_after_each_step(engine, lesson):
    came, free = [], threading.Event()

    def visitor():
        with engine.lane.alone():
            came.append("visitor")
        free.set()

    def show(text, *rest):
        if text.startswith("Reading"):
            threading.Thread(target=visitor).start()
        came.append(text.split()[0])

    def stopped():
        assert free.wait(10)
        return False

    _alone(engine, lesson, show, stopped)
    assert came[:3] == ["Reading", "visitor", "Step"]


def test_uploads_are_pictures_of_limited_size_whatever_they_are_called(learn, engine, lesson, tmp_path):
    (tmp_path / "notes.png").write_text("no picture")
    with pytest.raises(ImageError, match="cannot be decoded"):
        learn(replace(lesson, styles=(tmp_path / "notes.png",)))
    engine.max_pixels = 1000
    with pytest.raises(ImageError, match="above the limit"):
        learn(lesson)
    engine.max_pixels = 10_000
    jpeg = tmp_path / "a.jpg"
    write_image(jpeg, torch.rand(1, 3, 32, 32))
    odd = jpeg.rename(tmp_path / "picture.unknown")
    assert learn(replace(lesson, styles=(odd,)))[0].startswith("Done")


def test_only_offered_folders_are_read(learn, engine, lesson, tmp_path):
    for name in ("", str(tmp_path), "/etc"):
        with pytest.raises(InvalidValueError, match="no pictures to train with"):
            learn(replace(lesson, contents=(), content_folder=name))
    folder = tmp_path / "paintings"
    (folder / "inside").mkdir(parents=True)
    write_image(folder / "inside" / "a.png", torch.rand(1, 3, 32, 32))
    engine.lessons = lessons([folder])
    assert learn(replace(lesson, styles=(), style_folder="paintings"))[0].startswith("Done")
    with pytest.raises(ImageError, match="No picture matches"):
        lessons([tmp_path / "nowhere"])
    with pytest.raises(InvalidValueError, match="Two folders to train with are called paintings"):
        lessons([folder, folder])
    with pytest.raises(InvalidValueError, match="no judge 'me'"):
        learn(replace(lesson, judge="me"))


def test_examples_can_be_trained_with():
    assert list(lessons([])) == ["Example photographs", "Example styles"]
    assert all(path.is_dir() for path in lessons([]).values())


def test_runs_and_models_that_are_kept_are_limited(learn, engine, lesson, monkeypatch):
    monkeypatch.setattr(finetune, "RUNS", 2)
    for seed in range(3):
        learn(replace(lesson, steps=1, settings=tuple({**SETTINGS, "learning_rate": 1e-5 * (1 + seed)}.items())))
    assert len(list((engine.folder / "runs").iterdir())) == 2
    assert (RUNS, TRAINED) == (8, 8)
    monkeypatch.setattr("adain_nodes.app.engine.TRAINED", 2)
    *_, file, _ = learn(replace(lesson, steps=2))
    first = next(iter(engine._trained))
    engine.adopt(Path(file))
    with pytest.raises(InvalidValueError, match="no model"):
        engine.cook(first)


def test_vgg_judges_where_it_is(learn, lesson, shared, monkeypatch):
    monkeypatch.setenv("ADAIN_WEIGHTS_DIR", str(shared / "weights"))
    assert [name for _, name in train.judges()] == [LOSS_NETWORK, OWN]
    assert learn(replace(lesson, judge=LOSS_NETWORK, steps=1))[0].startswith("Done. 1 steps")


def test_where_vgg_is_not_the_tab_says_how_to_get_it(monkeypatch, tmp_path):
    monkeypatch.setenv("ADAIN_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("ADAIN_WEIGHTS_DIR", raising=False)
    assert [name for _, name in train.judges()] == [OWN]
    assert "`adain weights pull vgg19`" in train.judge(train.judges()).info


def config(server):
    """What the server tells browsers of the page."""
    with urllib.request.urlopen(f"{server.address}config", timeout=30) as reply:
        return json.load(reply)


def test_defaults_are_those_of_the_trainer(server):
    defaults = {name: each.default for name, each in inspect.signature(finetune_decoder).parameters.items()}
    values = {each["props"].get("label"): each["props"].get("value") for each in config(server)["components"]}
    labels = {"Steps": "steps", "Batch": "batch", "Crop": "crop", "Style weight": "style_weight"}
    labels["Learning rate"] = "learning_rate"
    assert {label: values[label] for label in labels} == {label: defaults[name] for label, name in labels.items()}


def test_no_training_on_a_page_for_others_unless_it_is_allowed(start, server):
    def tabs(page):
        return [each["props"]["label"] for each in page["components"] if each["type"] == "tabitem"]

    def endpoints(page):
        return {each["api_name"] for each in page["dependencies"] if each["api_visibility"] == "public"}

    everything, less = config(server), config(start("--no-train"))
    assert tabs(everything) == [*tabs(less), "Train"]
    assert endpoints(everything) - endpoints(less) == {"train"}


def test_training_in_a_browser(visit, tmp_path):
    opened = visit()
    before = opened.result()
    page = opened.page
    page.get_by_role("tab", name="Train").click()
    write_image(tmp_path / "style.png", torch.rand(1, 3, 96, 96))
    styles = page.locator(".block").filter(has=page.get_by_test_id("block-label").filter(has_text="Styles to learn"))
    styles.locator("input[type=file]").set_input_files(tmp_path / "style.png")
    styles.get_by_text("style", exact=False).first.wait_for()
    page.get_by_role("button", name="How it learns").click()
    page.get_by_label("Judge").click()
    page.get_by_role("option", name="the model's own encoder").click()
    for label, value in (("Crop", "64"), ("Batch", "1"), ("Steps", "40")):
        page.get_by_label(f"number input for {label}").fill(value)
        page.keyboard.press("Tab")
    assert page.get_by_role("button", name="Use it in Stylise").is_disabled()
    page.get_by_role("button", name="Train", exact=True).click()
    page.locator("#training").get_by_text(re.compile("Step .+ of 40")).wait_for(timeout=30_000)
    page.get_by_role("button", name="Stop").locator("visible=true").click()
    page.locator("#training").get_by_text("Stopped").or_(page.locator("#training").get_by_text("Done")).wait_for(
        timeout=60_000
    )
    page.get_by_alt_text("Photographs in styles, by the decoder as it is now").wait_for()
    page.get_by_role("button", name="Use it in Stylise").click()
    opened.wait_for_result(other_than=before)
    assert page.get_by_role("tab", name="Stylise").get_attribute("aria-selected") == "true"
