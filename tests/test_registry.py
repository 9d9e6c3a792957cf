"""What the ComfyUI registry asks of a package: its description, its pictures, what its code may not do."""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import adain_nodes

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[1]
CODE = [ROOT / "__init__.py", *sorted((ROOT / "adain_nodes").rglob("*.py"))]


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def test_the_description_keeps_to_the_specification(description):
    project, comfy = description["project"], description["tool"]["comfy"]
    assert re.fullmatch(r"[A-Za-z](?:[._-]?[A-Za-z0-9])*", project["name"])
    assert re.fullmatch(r"[a-z0-9-]+", comfy["PublisherId"])
    assert comfy["DisplayName"] == "AdaIN Nodes"
    assert re.fullmatch(r">=\d+\.\d+\.\d+", comfy["requires-comfyui"])
    for name in ("Icon", "Banner"):
        assert comfy.get(name, "https://").startswith("https://")


def test_the_version_is_where_the_registry_reads_it(description):
    text = (ROOT / description["tool"]["comfy"]["version"]["path"]).read_text("utf-8")
    (version,) = re.findall(r'^__version__ = "(\d+\.\d+\.\d+)"$', text, re.MULTILINE)
    assert version == adain_nodes.__version__


def test_nothing_is_installed_over_what_the_host_brings(description):
    """The host's manager would install what stands in any of these places."""
    assert "dependencies" in description["project"]["dynamic"]
    assert not [name for name in ("requirements.txt", "install.py") if (ROOT / name).exists()]


def shape(name: str) -> tuple[float, float]:
    svg = ElementTree.parse(ROOT / "web" / name).getroot()
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    width, height = (float(svg.attrib[side]) for side in ("width", "height"))
    assert svg.attrib["viewBox"].split() == ["0", "0", svg.attrib["width"], svg.attrib["height"]]
    return width, height


def test_icon_and_banner_have_the_asked_shapes():
    width, height = shape("icon.svg")
    assert width == height <= 400
    width, height = shape("banner.svg")
    assert width / height == 21 / 9


def forbidden(tree: ast.Module) -> list[str]:
    """Calls that run text as code, and words that would have pip install something."""
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    names = [call.id for call in calls if isinstance(call, ast.Name) and call.id in ("eval", "exec", "__import__")]
    words = [node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and node.value in ("pip", "uv")]
    return [*names, *words]


def test_no_code_runs_text_or_installs_packages():
    found = {str(file): forbidden(ast.parse(file.read_text("utf-8"))) for file in CODE}
    assert not {file: names for file, names in found.items() if names}


def test_what_is_forbidden_is_seen():
    assert forbidden(ast.parse("network.eval()\nre.compile('pip install')")) == []
    assert forbidden(ast.parse("eval(x)\nrun([sys.executable, '-m', 'pip'])")) == ["eval", "pip"]


def test_comfy_cli_has_nothing_to_say(comfy_cli):
    said = comfy_cli("node", "validate")
    assert "All validation checks passed successfully" in said
    assert "arning" not in said


def test_the_package_holds_the_pack_and_no_more(registry_package):
    assert {path.name for path in registry_package.iterdir()} == {
        "LICENSE", "README.md", "__init__.py", "adain_nodes", "dependencies.txt", "examples", "locales",
        "pyproject.toml", "web", "weights",
    }  # fmt: skip
    files = [path for path in registry_package.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 12_000_000
    assert {"lite.safetensors", "basic.json", "basic.jpg", "castle.jpg"} <= {path.name for path in files}
