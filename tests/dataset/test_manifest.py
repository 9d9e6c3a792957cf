"""Rows on the disk, and what an interrupted run leaves of them."""

from __future__ import annotations

import json
import os

import pytest

from adain_nodes.core.errors import OutputError
from adain_nodes.dataset.manifest import MANIFEST, opened, read_manifest
from adain_nodes.dataset.plan import Item, row

SETTINGS = {"seed": 0, "alpha": [1.0, 1.0]}


def made(name: str, **fate: str) -> dict:
    return dict(row(Item(name, name, "x.png", 1.0, 1), **(fate or {"sha256": "abc"})))


def write(folder, *names: str) -> None:
    with opened(folder, SETTINGS) as manifest:
        for name in names:
            (folder / name).touch()
            manifest.add(made(name))


def test_rows_are_there_as_soon_as_they_are_added(tmp_path):
    assert read_manifest(tmp_path) == []
    with opened(tmp_path / "out", SETTINGS) as manifest:
        manifest.add(made("ä.png"))
        assert read_manifest(tmp_path / "out") == [made("ä.png")]
        manifest.add(made("b.png", error="Broken."))
        assert manifest.done == {"ä.png"}
    assert read_manifest(tmp_path / "out") == [made("ä.png"), made("b.png", error="Broken.")]


def test_what_is_done_is_kept_and_the_rest_forgotten(tmp_path):
    write(tmp_path, "a.png", "b.png", "c.png")
    (tmp_path / "b.png").unlink()
    with (tmp_path / MANIFEST).open("ab") as file:
        file.write(json.dumps(made("d.png", error="Broken.")).encode() + b"\n")
        file.write(json.dumps(made("e.png")).encode()[:20])  # killed while it was writing
    with opened(tmp_path, SETTINGS) as manifest:
        assert manifest.done == {"a.png", "c.png"}
        assert read_manifest(tmp_path) == [made("a.png"), made("c.png")]
        (tmp_path / "e.png").touch()
        manifest.add(made("e.png"))
    assert [each["out"] for each in read_manifest(tmp_path)] == ["a.png", "c.png", "e.png"]


def test_half_written_results_are_removed(tmp_path):
    write(tmp_path, "a.png")
    (tmp_path / "deep").mkdir()
    leftover, other = tmp_path / "deep" / ".0123456789abcdef.tmp", tmp_path / "deep" / ".mine.tmp"
    leftover.touch()
    other.touch()
    write(tmp_path)
    assert not leftover.exists()
    assert other.exists()


def test_folder_of_another_run_is_refused(tmp_path):
    write(tmp_path, "a.png")
    with (
        pytest.raises(OutputError, match=r"another run: alpha \[1.0, 1.0\] instead of \[0.5, 1.0\]\. Choose another"),
        opened(tmp_path, {**SETTINGS, "alpha": [0.5, 1.0]}),
    ):
        pass
    assert len(read_manifest(tmp_path)) == 1


def test_two_runs_at_once_are_refused(tmp_path):
    with (
        opened(tmp_path, SETTINGS),
        pytest.raises(OutputError, match="Another run is writing"),
        opened(tmp_path, SETTINGS),
    ):
        pass


def test_folder_that_cannot_be_made_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"), opened(tmp_path / "file" / "out", SETTINGS):
        pass


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="NOT TESTED: this system has no /dev/full")  # noqa: PTH110
def test_full_disk_says_how_to_go_on(tmp_path):
    with opened(tmp_path, SETTINGS) as manifest, open("/dev/full", "wb", buffering=0) as full:  # noqa: PTH123
        manifest._file = full
        with pytest.raises(OutputError, match=r"No space left on device\. Free some space, and run the same command"):
            manifest.add(made("a.png"))
        assert manifest.done == set()
