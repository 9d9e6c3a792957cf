"""Runs of many results, which lose nothing when one of them fails."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest
import torch
from PIL import Image

from adain_nodes.batch import Task, plan, run
from adain_nodes.imaging import read_image, read_parameters, write_image
from adain_nodes.pipeline import StyleTransfer
from adain_nodes.recipe import Cook, Recipe, recipe_of

OUT = Path("results")


@pytest.fixture(autouse=True)
def pictures(tmp_path, monkeypatch):
    """photos/{a,b,c}.png and styles/{x,y}.png in the working folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("photos/a", "photos/b", "photos/c", "styles/x", "styles/y"):
        Path(name).parent.mkdir(exist_ok=True)
        write_image(f"{name}.png", torch.rand(1, 3, 16, 20))


@pytest.fixture(scope="module")
def cook():
    return Cook(StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32"))


def tasks_of(*photos, style="styles/x.png", out=OUT, suffix=".png", **settings):
    return plan(photos, [style], [], out, suffix, settings={"style_size": 16, **settings})


def test_results_are_written_with_their_recipes(cook):
    seen = []
    tasks = tasks_of("photos", out=Path("new/deeper"))
    report = run(tasks, cook, progress=seen.append)
    assert seen == sorted(seen)
    assert {1, 2, 3} <= set(seen)
    assert seen[-1] == len(tasks) == 3
    assert report.done == [task.out for task in tasks]
    assert (report.skipped, report.failed, report.notes) == ([], [], [])
    for task in tasks:
        expected = cook.make(task.recipe).rgb
        assert (read_image(task.out).rgb - expected).abs().max() <= 0.5 / 255 + 1e-6
        assert recipe_of(read_parameters(task.out), OUT) == task.recipe


def test_one_bad_picture_does_not_stop_the_rest(cook):
    Path("photos/b.png").write_bytes(Path("photos/b.png").read_bytes()[:40])
    Path("photos/bb.png").write_text("not a picture")
    Path("photos/bc.png").touch()
    seen = []
    report = run(tasks_of("photos"), cook, progress=seen.append)
    assert [path.name for path in report.done] == ["a_x.png", "c_x.png"]
    assert [path.name for path, _ in report.failed] == ["b.png", "bb.png", "bc.png"]
    assert seen[-1] == 5
    reasons = [reason for _, reason in report.failed]
    assert all(f"photos/{name}.png" in reason for name, reason in zip(("b", "bb", "bc"), reasons, strict=True))
    assert "is empty, 0 bytes" in reasons[2]
    assert sorted(path.name for path in OUT.iterdir()) == ["a_x.png", "c_x.png"]


def test_bad_style_fails_its_results_only(cook):
    Path("styles/y.png").write_text("not a picture")
    report = run(tasks_of("photos/a.png", style="styles"), cook)
    assert [path.name for path in report.done] == ["a_x.png"]
    ((photo, reason),) = report.failed
    assert photo == Path("photos/a.png")
    assert "styles/y.png cannot be decoded" in reason


def test_results_that_are_there_are_skipped_on_request(cook):
    tasks = tasks_of("photos")
    OUT.mkdir()
    tasks[1].out.write_text("former")
    report = run(tasks, cook, skip_existing=True)
    assert report.skipped == [tasks[1].out]
    assert report.done == [tasks[0].out, tasks[2].out]
    assert tasks[1].out.read_text() == "former"
    assert run(tasks, cook).done[1] == tasks[1].out
    assert read_parameters(tasks[1].out)


def test_file_in_the_way_of_the_folder_is_reported(cook):
    Path("results").write_text("precious")
    for out in (OUT, OUT / "deeper"):
        report = run(tasks_of("photos/a.png", out=out), cook)
        ((photo, reason),) = report.failed
        assert photo == Path("photos/a.png")
        assert reason.startswith(f"The folder {out} cannot be made: ")
    assert Path("results").read_text() == "precious"


def test_full_disk_is_reported_and_leaves_nothing(cook, monkeypatch):
    def full(self, target):
        raise OSError(errno.ENOSPC, "No space left on device")

    tasks = tasks_of("photos")
    monkeypatch.setattr(Path, "replace", full)
    report = run(tasks, cook)
    assert [path.name for path, _ in report.failed] == ["a.png", "b.png", "c.png"]
    assert all("the disk is full. Free some space" in reason for _, reason in report.failed)
    assert list(OUT.iterdir()) == []


@pytest.mark.parametrize("error", [MemoryError("out of memory."), RuntimeError("can't allocate memory.")])
def test_exhausted_memory_is_reported_with_advice(cook, monkeypatch, error):
    def exhausted(recipe, progress):
        raise error

    monkeypatch.setattr(cook, "make", exhausted)
    report = run(tasks_of("photos/a.png"), cook)
    assert report.failed == [(Path("photos/a.png"), f"{error} Try a smaller --size, or another --device.")]


def test_notes_of_reading_and_writing_are_reported(cook):
    frames = [Image.new("RGBA", (16, 16), (9, 9, 9, 100 + i)) for i in (0, 1)]
    frames[0].save("photos/moving.webp", save_all=True, append_images=frames[1:], lossless=True)
    report = run(tasks_of("photos/moving.webp", suffix=".jpg"), cook)
    assert report.notes == [
        (Path("photos/moving.webp"), "animated: frame 1 of 2 used"),
        (Path("photos/moving.webp"), "transparency laid over white"),
    ]


@pytest.mark.parametrize(
    ("suffix", "settings"), [(".png", {"depth": 16}), (".tiff", {"depth": 16}), (".webp", {"lossless": True})]
)
def test_files_are_written_as_the_recipe_says(cook, suffix, settings):
    (task,) = tasks_of("photos/a.png", suffix=suffix, **settings)
    assert not run([task], cook).failed
    written = read_image(task.out)
    assert written.depth == settings.get("depth", 8)
    half_a_step = 0.5 / (2**written.depth - 1)
    assert (written.rgb - cook.make(task.recipe).rgb).abs().max() <= half_a_step + 1e-6


def test_quality_sets_the_size_of_the_file(cook):
    write_image("photos/noise.png", torch.rand(1, 3, 64, 64))
    small, large = (
        Task(
            Recipe(Path("photos/noise.png"), ((Path("photos/noise.png"), 1.0),), style_size=16, quality=quality),
            Path(f"{quality}.jpg"),
        )
        for quality in (20, 95)
    )
    assert not run([small, large], cook).failed
    assert small.out.stat().st_size < 0.5 * large.out.stat().st_size


def test_format_that_cannot_hold_the_depth_is_reported(cook):
    report = run(tasks_of("photos/a.png", suffix=".jpg", depth=16), cook)
    assert "JPEG holds 8 bits per channel, not 16" in report.failed[0][1]


def test_alpha_channel_is_kept_in_the_file(cook):
    Image.new("RGBA", (20, 16), (200, 30, 30, 77)).save("photos/veil.png")
    (task,) = tasks_of("photos/veil.png")
    run([task], cook)
    assert Image.open(task.out).getchannel("A").getextrema() == (77, 77)


def test_missing_photographs_are_reported_and_the_others_made(cook):
    report = run(tasks_of("photos/a.png", "photos/gone.png", "photos/c.png"), cook)
    assert [path.name for path in report.done] == ["a_x.png", "c_x.png"]
    assert report.failed == [
        (Path("photos/gone.png"), "photos/gone.png does not exist. Check the spelling and the folder.")
    ]


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (RuntimeError("not enough memory: you tried to allocate 9 GB."), "9 GB. Try a smaller --size"),
        (MemoryError(), " Try a smaller --size"),
        (RuntimeError("sizes do not match."), "sizes do not match."),
    ],
)
def test_only_memory_errors_advise_a_smaller_size(cook, monkeypatch, error, text):
    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(cook.transfer, "stylize", fail)
    ((_, reason),) = run(tasks_of("photos/a.png"), cook).failed
    assert reason.startswith(text) or text in reason
    assert ("--size" in reason) == ("--size" in text)
