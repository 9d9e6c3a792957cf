"""What the README tells people to type works as it stands there."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path

import pytest
import torch

from adain_nodes.imaging import read_image, write_image
from adain_nodes.resources import resource

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
STYLIZE = re.findall(r"^adain (stylize .+)$", README, re.MULTILINE)
DATASET = [line for line in re.findall(r"^adain (dataset .+)$", README, re.MULTILINE) if "--ray" not in line]
PYTHON, CLIENT = re.findall(r"```python\n(.+?)```", README, re.DOTALL)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the files that the README's examples name, small."""
    names = (
        "photo.jpg",
        "wave.jpg",
        "mosaic.jpg",
        "sky.png",
        "stars.jpg",
        "scan.tiff",
        "holiday/a.jpg",
        "paintings/b.jpg",
    )
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        write_image(tmp_path / name, torch.rand(1, 3, 24, 32))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("line", STYLIZE)
def test_the_lines_for_the_shell(adain, desk, line):
    status, out, err = adain(*shlex.split(line, comments=True), "--device", "cpu", "--style-size", 24)
    assert (status, err.count("Failed")) == (0, 0)
    assert out.startswith("1 made: results")


def test_there_are_lines_for_the_shell():
    assert len(STYLIZE) >= 7
    assert len(DATASET) == 2


@pytest.mark.parametrize("line", DATASET)
def test_the_lines_for_data_sets(adain, desk, line):
    (desk / "holiday").rename(desk / "photos")
    status, out, _ = adain(*shlex.split(line, comments=True), "--device", "cpu", "--style-size", 24, "--workers", 1)
    assert status == 0
    assert out.startswith(("1 made, 0 there already", "3 made, 0 there already"))


def test_the_five_lines_of_python(desk):
    assert len(PYTHON.split("\n")) - PYTHON.split("\n").count("") == 5
    exec(compile(PYTHON, "README.md", "exec"), {})
    assert read_image(desk / "result.png").rgb.shape == (1, 3, 24, 32)


def test_the_lines_for_the_page_are_those_that_its_own_tests_run():
    text = resource("web", "app", "api.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.+?)```", text, re.DOTALL)
    assert ast.unparse(ast.parse(code)).startswith(ast.unparse(ast.parse(CLIENT)))


def test_readme_and_model_card_give_the_same_figures():
    card = (Path(__file__).parents[2] / "weights" / "README.md").read_text("utf-8")
    rows = [re.search(r"^\| \**lite\** \|([\d.* |]+)\|$", text, re.MULTILINE) for text in (README, card)]
    figures = [re.findall(r"[\d.]+", row[1]) for row in rows if row]
    assert len(figures) == 2
    assert figures[0] == figures[1]
