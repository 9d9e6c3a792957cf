"""`adain dataset`."""

from __future__ import annotations

import json

import pytest
import torch

from adain_nodes.imaging import write_image


@pytest.fixture
def tree(tmp_path):
    """Two pictures, one of them broken, and a style."""
    for name in ("pictures/cats/a.png", "styles/x.png"):
        (tmp_path / name).parent.mkdir(parents=True)
        write_image(tmp_path / name, torch.rand(1, 3, 20, 24))
    (tmp_path / "pictures" / "b.jpg").write_bytes(b"no picture")
    return tmp_path


def test_what_failed_is_named_and_tried_again(adain, tree):
    arguments = ["dataset", tree / "pictures", tree / "out", "--styles", tree / "styles", "--alpha", "0.5:1"]
    arguments = [*map(str, arguments), "--format", "png", "--workers", "1"]
    status, out, err = adain(*arguments)
    assert status == 1
    assert out.startswith("1 made, 0 there already, 1 failed: ")
    assert "b.jpg" in err
    rows = [json.loads(line) for line in (tree / "out" / "manifest.jsonl").read_text().splitlines()]
    assert {row["out"]: row["error"] is None for row in rows} == {"cats/a.png": True, "b.png": False}
    assert 0.5 <= rows[0]["alpha"] <= 1
    write_image(tree / "pictures" / "b.jpg", torch.rand(1, 3, 20, 24))
    status, out, err = adain(*arguments)
    assert (status, err) == (0, "")
    assert out.startswith("1 made, 1 there already, 0 failed: ")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--alpha", "much"], "'much' is no alpha"),
        (["--alpha", "0.5:2"], "alpha is 2"),
        (["--styles", "nowhere"], "No picture matches"),
        (["--ray", "127.0.0.1:1"], "No Ray cluster answers"),
    ],
)
def test_wrong_arguments_are_one_sentence(adain, tree, more, message):
    status, _, err = adain(
        "dataset", str(tree / "pictures"), str(tree / "out"), "--styles", str(tree / "styles"), *more
    )
    assert status == 1
    assert message in err
