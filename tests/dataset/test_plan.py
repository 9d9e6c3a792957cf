"""What is drawn for each picture."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adain_nodes.core.errors import ImageError, InvalidValueError
from adain_nodes.dataset.plan import Item, plan, row, styles_of


def test_every_picture_keeps_its_place_and_its_format(job):
    styles = styles_of(job)
    assert sorted(styles) == ["more/z.png", "x.png", "y.png"]
    items = plan(job, styles)
    assert [item.source for item in items] == [item.out for item in items]
    assert sorted(item.out for item in items) == [
        "a.png", "one/b.jpg", "one/c.png", "one/deep/d.webp", "two/e.png", "two/f.png",
    ]  # fmt: skip
    assert {item.style for item in items} <= set(styles)
    assert {item.alpha for item in items} == {1.0}


def test_what_is_drawn_depends_on_the_name_alone(job):
    before = {item.source: item for item in plan(job, styles_of(job))}
    (job.source / "a.png").unlink()
    (job.source / "one").rename(job.source / "zero")
    after = {item.source: item for item in plan(job, styles_of(job))}
    assert after["two/e.png"] == before["two/e.png"]
    assert after["zero/b.jpg"].seed != before["one/b.jpg"].seed


def test_another_seed_draws_others(job):
    drawn = {seed: [item.style for item in plan(replace(job, seed=seed), styles_of(job))] for seed in range(4)}
    assert drawn[0] == [item.style for item in plan(job, styles_of(job))]
    assert len(set(map(tuple, drawn.values()))) > 1


def test_copies_are_numbered_and_drawn_each(job):
    items = plan(replace(job, copies=8, alpha=(0.25, 0.75)), styles_of(job))
    copies = [item for item in items if item.source == "one/b.jpg"]
    assert [item.out for item in copies] == [f"one/b-{n}.jpg" for n in range(1, 9)]
    assert len({item.style for item in copies}) > 1
    assert len({item.alpha for item in copies}) == 8
    assert all(0.25 <= item.alpha <= 0.75 for item in items)


def test_all_styles_are_drawn_about_equally_often(job):
    items = plan(replace(job, copies=100), styles_of(job))
    for style in styles_of(job):
        assert sum(item.style == style for item in items) == pytest.approx(len(items) / 3, rel=0.2)


def test_formats_that_cannot_be_written_become_png(job):
    (job.source / "a.png").rename(job.source / "a.bmp")
    assert "a.png" in [item.out for item in plan(job, styles_of(job))]
    assert {item.out.rpartition(".")[2] for item in plan(replace(job, suffix=".webp"), styles_of(job))} == {"webp"}


def test_two_results_of_one_name_are_an_error(job):
    (job.source / "one" / "b.png").write_bytes((job.source / "a.png").read_bytes())
    plan(job, styles_of(job))  # b.jpg and b.png
    with pytest.raises(InvalidValueError, match=r"one/b.jpg and one/b.png would both become one/b.png"):
        plan(replace(job, suffix=".png"), styles_of(job))


@pytest.mark.parametrize("folder", ["source", "styles"])
def test_empty_folders_are_errors(job, tmp_path, folder):
    (tmp_path / "empty").mkdir()
    with pytest.raises(ImageError, match="No picture matches"):
        plan(replace(job, **{folder: tmp_path / "empty"}), styles_of(replace(job, **{folder: tmp_path / "empty"})))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"copies": 0}, "0 copies"),
        ({"alpha": (0.5, 1.5)}, "alpha is 1.5"),
        ({"alpha": (0.7, 0.3)}, "from 0.7 down to 0.3"),
        ({"suffix": ".gif"}, "'.gif' is no format"),
        ({"preserve_color": "all"}, "no colour preservation 'all'"),
    ],
)
def test_values_out_of_range_are_errors(job, wrong, message):
    with pytest.raises(InvalidValueError, match=message):
        replace(job, **wrong)


def test_settings_tell_jobs_apart_but_not_their_targets(job, tmp_path):
    settings = job.settings(["x.png"])
    assert replace(job, target=tmp_path / "elsewhere").settings(["x.png"]) == settings
    assert job.settings(["x.png", "y.png"]) != settings
    assert replace(job, seed=1).settings(["x.png"]) != settings


def test_row_holds_the_item_and_what_became_of_it():
    item = Item("a.png", "a.png", "x.png", 1.0, 7)
    assert row(item, sha256="abc") == {
        "source": "a.png", "out": "a.png", "style": "x.png", "alpha": 1.0, "seed": 7, "sha256": "abc", "error": None,
    }  # fmt: skip
    assert row(item, error="Why.")["error"] == "Why."
