"""One result after the other."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
import torch

from adain_nodes.core.errors import OutputError
from adain_nodes.dataset import stylist as module
from adain_nodes.dataset.plan import plan, styles_of
from adain_nodes.dataset.stylist import Stylist
from adain_nodes.imaging import read_image, write_image
from adain_nodes.pipeline import StyleTransfer


@pytest.fixture
def items(job):
    return plan(job, styles_of(job))


@pytest.mark.parametrize("preserve_color", ["none", "coral"])
def test_result_is_the_pipeline_s(job, items, preserve_color, tmp_path):
    job = replace(job, preserve_color=preserve_color, alpha=(0.5, 0.5))
    item = replace(items[0], alpha=0.5)
    row = Stylist(job, dtype="float32")(item)
    data = (job.target / item.out).read_bytes()
    assert row == {**vars(item), "sha256": hashlib.sha256(data).hexdigest(), "error": None}
    transfer = StyleTransfer.from_pretrained("lite", dtype="float32")
    expected = transfer.stylize(
        job.source / item.source, job.styles / item.style, alpha=0.5, preserve_color=preserve_color, style_size=0
    )
    write_image(tmp_path / "expected.png", expected)
    assert data == (tmp_path / "expected.png").read_bytes()


def test_transparency_and_size_are_kept(job, items, tmp_path):
    write_image(job.source / "a.png", torch.rand(1, 3, 20, 30), alpha=torch.rand(1, 1, 20, 30).round())
    item = next(each for each in items if each.source == "a.png")
    stylist = Stylist(replace(job, size=40), dtype="float32")
    assert stylist(item)["error"] is None
    picture = read_image(job.target / "a.png")
    assert picture.rgb.shape == (1, 3, 40, 60)
    assert picture.alpha is not None


def test_picture_that_cannot_be_read_is_a_row(job, items):
    (job.source / items[1].source).write_bytes(b"no picture")
    row = Stylist(job)(items[1])
    assert row["sha256"] is None
    assert items[1].source in row["error"]
    assert not (job.target / items[1].out).exists()


def test_full_disk_ends_the_run(job, items, monkeypatch):
    def full(path, *_, **__):
        raise OutputError(f"{path} cannot be written: the disk is full.", errno=28)

    monkeypatch.setattr(module, "write_image", full)
    with pytest.raises(OutputError, match="disk is full"):
        Stylist(job)(items[0])


def test_result_that_cannot_be_written_is_a_row(job, items):
    job.target.mkdir()
    (job.target / "one").touch()  # where a folder should be
    item = next(each for each in items if each.source == "one/b.jpg")
    assert "cannot be made" in Stylist(job)(item)["error"]
