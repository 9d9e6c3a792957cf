"""Runs, and runs that go on."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.dataset.manifest import read_manifest
from adain_nodes.dataset.plan import row
from adain_nodes.dataset.run import Summary, stylize_dataset


def maker(job, failing=()):
    """Makes empty files, and keeps the names."""
    asked = []

    def make(items):
        for item in items:
            asked.append(item.source)
            (job.target / item.out).parent.mkdir(parents=True, exist_ok=True)
            (job.target / item.out).touch()
            yield row(item, error="Broken.") if item.source in failing else row(item, sha256="0")

    return make, asked


def test_second_run_makes_only_what_is_missing(job):
    make, asked = maker(job, failing=["a.png"])
    seen = []
    summary = stylize_dataset(job, make, progress=lambda *counts: seen.append(counts))
    assert summary == Summary(made=5, failed=[("a.png", "Broken.")])
    assert seen == [(done, 6) for done in range(7)]
    (job.target / "two/e.png").unlink()
    make, asked = maker(job)
    assert stylize_dataset(job, make) == Summary(made=2, kept=4)
    assert sorted(asked) == ["a.png", "two/e.png"]
    rows = read_manifest(job.target)
    assert len(rows) == len({each["out"] for each in rows}) == 6
    assert all(each["error"] is None for each in rows)


def test_nothing_left_to_make_asks_nobody(job):
    stylize_dataset(job, maker(job)[0])
    assert stylize_dataset(job, lambda items: pytest.fail("nothing is missing")) == Summary(kept=6)


def test_run_that_breaks_off_keeps_what_it_has(job):
    def make(items):
        yield from list(maker(job)[0](items[:2]))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stylize_dataset(job, make)
    assert stylize_dataset(job, maker(job)[0]) == Summary(made=4, kept=2)


def test_target_inside_the_source_is_refused(job):
    with pytest.raises(InvalidValueError, match="lies inside"):
        stylize_dataset(replace(job, target=job.source / "out"), maker(job)[0])
