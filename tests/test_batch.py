"""Plans: what a command line asks for, and the names of its results."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from adain_nodes.batch import plan, weighted
from adain_nodes.core.errors import ImageError, InvalidValueError

OUT = Path("results")


@pytest.fixture(autouse=True)
def pictures(tmp_path, monkeypatch):
    """photos/{a,b,c}.png, styles/{x,y}.png and mask.png in the working folder."""
    monkeypatch.chdir(tmp_path)
    for name, color in (
        ("photos/a", "red"),
        ("photos/b", "lime"),
        ("photos/c", "blue"),
        ("styles/x", "teal"),
        ("styles/y", "gold"),
    ):
        Path(name).parent.mkdir(exist_ok=True)
        Image.new("RGB", (20, 16), color).save(f"{name}.png")
    Image.new("L", (20, 16), 255).save("mask.png")


def make(photos, styles, masks=(), out=OUT, suffix=".png", **options):
    return plan([photos] if isinstance(photos, str) else photos, styles, masks, out, suffix, **options)


def names(tasks):
    return [task.out.name for task in tasks]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x.jpg", ("x.jpg", 1.0)),
        ("x.jpg:0.3", ("x.jpg", 0.3)),
        ("x.jpg:-1", ("x.jpg", -1.0)),
        ("x.jpg:1e-2", ("x.jpg", 0.01)),
        ("styles/*.jpg:2", ("styles/*.jpg", 2.0)),
        ("a:b.jpg", ("a:b.jpg", 1.0)),
        ("a:b.jpg:0.5", ("a:b.jpg", 0.5)),
        (r"C:\pictures\x.jpg", (r"C:\pictures\x.jpg", 1.0)),
        (r"C:\pictures\x.jpg:0.3", (r"C:\pictures\x.jpg", 0.3)),
        ("x.jpg:", ("x.jpg:", 1.0)),
        (":0.3", (":0.3", 1.0)),
    ],
)
def test_weight_stands_behind_the_last_colon(text, expected):
    assert weighted(text) == expected


def test_file_of_that_very_name_has_no_weight():
    Path("shot-12:30").touch()
    assert weighted("shot-12:30") == ("shot-12:30", 1.0)
    assert weighted("shot-12:30:0.5") == ("shot-12:30", 0.5)


def test_mask_stands_before_its_style():
    Path("dir:1").mkdir()
    Path("mask.png").rename("dir:1/m:2.png")
    for style in ("styles/x.png", r"C:\x.png", "later.safetensors"):
        (task,) = make("photos/a.png", [], [f"dir:1/m:2.png:{style}"])
        assert task.recipe.masks == ((Path("dir:1/m:2.png"), Path(style)),)


@pytest.mark.parametrize("text", ["mask.png", "mask.png:", "absent.png:styles/x.png", "styles:styles/x.png", ""])
def test_what_is_no_mask_with_a_style_is_refused(text):
    with pytest.raises(InvalidValueError, match=r"not a mask file and a style\. Write --mask MASK\.png:STYLE\.jpg"):
        make("photos/a.png", [], [text])


# Plans


def test_every_photograph_meets_every_style():
    tasks = make("photos", ["styles"])
    assert [(t.recipe.content.stem, [p.stem for p, _ in t.recipe.styles]) for t in tasks] == [
        (photo, [style]) for photo in "abc" for style in "xy"
    ]
    assert names(tasks) == ["a_x.png", "a_y.png", "b_x.png", "b_y.png", "c_x.png", "c_y.png"]
    assert {task.out.parent for task in tasks} == {OUT}


def test_several_styles_are_blended_with_their_weights():
    (task,) = make("photos/a.png", ["styles/x.png", "styles/y.png:0.3"])
    assert task.recipe.styles == ((Path("styles/x.png"), 1.0), (Path("styles/y.png"), 0.3))
    assert names([task]) == ["a_x+y.png"]


def test_each_picture_of_a_glob_is_blended_in_turn():
    tasks = make(["photos/[ab].png"], ["styles/x.png:2", "styles/*.png:0.5"])
    assert [[(p.stem, w) for p, w in t.recipe.styles] for t in tasks] == 2 * [
        [("x", 2.0), ("x", 0.5)],
        [("x", 2.0), ("y", 0.5)],
    ]
    assert names(tasks) == ["a_x+x.png", "a_x+y.png", "b_x+x.png", "b_x+y.png"]


def test_saved_styles_are_taken_as_named():
    (task,) = make("photos/a.png", ["kept/night.safetensors:0.4"])
    assert task.recipe.styles == ((Path("kept/night.safetensors"), 0.4),)
    assert names([task]) == ["a_night.png"]


def test_masks_and_settings_go_to_every_result():
    tasks = make("photos", ["styles/x.png"], ["mask.png:styles/y.png"], settings={"alpha": 0.5, "quality": 70})
    assert len(tasks) == 3
    for task in tasks:
        assert task.recipe.masks == ((Path("mask.png"), Path("styles/y.png")),)
        assert (task.recipe.alpha, task.recipe.quality) == (0.5, 70)
    assert names(make("photos/a.png", [], ["mask.png:styles/y.png"])) == ["a_y.png"]


def test_folders_are_entered_on_request():
    Path("photos/more").mkdir()
    Image.new("RGB", (4, 4)).save("photos/more/d.png")
    assert names(make("photos", ["styles/x.png"])) == ["a_x.png", "b_x.png", "c_x.png"]
    assert names(make("photos", ["styles/x.png"], recursive=True)) == ["a_x.png", "b_x.png", "c_x.png", "d_x.png"]
    assert len(make("photos/a.png", ["."])) == 1  # mask.png
    assert len(make("photos/a.png", ["."], recursive=True)) == 7


def test_names_that_would_meet_are_numbered():
    for folder in ("p", "q"):
        Path(folder).mkdir()
        Image.new("RGB", (4, 4)).save(f"{folder}/a.png")
    Image.new("RGB", (4, 4)).save("q/A.png")
    assert names(make(["p", "q"], ["styles/x.png"])) == ["a_x.png", "A_x-2.png", "a_x-3.png"]  # case may not count


def test_number_is_left_out_where_it_is_a_name_already():
    Image.new("RGB", (4, 4)).save("styles/x-2.png")
    Path("p").mkdir()
    Image.new("RGB", (4, 4)).save("p/a.png")
    assert names(make(["photos/a.png", "p/a.png"], ["styles/x*.png"])) == [
        *("a_x-2.png", "a_x.png"),
        *("a_x-2-2.png", "a_x-3.png"),
    ]


def test_single_result_may_name_its_file():
    (task,) = make("photos/a.png", ["styles/x.png"], out=Path("new/portrait.webp"))
    assert task.out == Path("new/portrait.webp")
    (task,) = make("photos/a.png", ["styles/x.png"], out=Path("folder"), suffix=".tiff")
    assert task.out == Path("folder/a_x.tiff")
    Path("v1.2").mkdir()
    (task,) = make("photos/a.png", ["styles/x.png"], out=Path("v1.2"))
    assert task.out == Path("v1.2/a_x.png")


def test_several_results_do_not_fit_one_file():
    with pytest.raises(InvalidValueError, match=r"3 results for the one file all\.png\. Name a folder"):
        make("photos", ["styles/x.png"], out=Path("all.png"))
    assert make([], ["styles/x.png"], out=Path("all.png")) == []


def test_there_must_be_a_style():
    with pytest.raises(InvalidValueError, match=r"There is no style\. Add --style PICTURE, or --mask MASK:STYLE"):
        make("photos", [])


@pytest.mark.parametrize(
    ("photo", "style"), [("absent*.png", "styles/x.png"), ("photos", "absent.png"), ("photos", "absent.png:0.5")]
)
def test_pictures_must_exist(photo, style):
    with pytest.raises(ImageError, match=r"No picture matches 'absent\*?\.png'"):
        make(photo, [style])


def test_settings_out_of_range_are_refused_before_the_work():
    with pytest.raises(InvalidValueError, match=r"alpha is 1\.5"):
        make("photos", ["styles/x.png"], settings={"alpha": 1.5})
