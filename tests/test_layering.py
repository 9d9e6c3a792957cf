"""Imports point one way: from the shells down to the core."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "adain_nodes"

LIBRARY = {
    "core": set(),
    "resources": {"core"},
    "models": {"core"},
    "checkpoints": {"core", "models", "resources"},
    "imaging": {"core"},
    "examples": {"core", "imaging", "resources"},
    "pipeline": {"core", "models", "checkpoints", "imaging"},
    "survey": {"core", "imaging"},
    "training": {"core", "models", "checkpoints", "imaging", "pipeline"},
    "baselines": {"core", "models", "checkpoints", "imaging", "pipeline"},
    "video": {"core", "models", "checkpoints", "imaging", "pipeline"},
    "dataset": {"core", "models", "checkpoints", "imaging", "pipeline"},
}
LIBRARY["evaluation"] = set(LIBRARY)
LIBRARY["experiments"] = set(LIBRARY)
LIBRARY["adain_nodes"] = set(LIBRARY)  # its __init__.py, which names what is public
ALLOWED = LIBRARY | {shell: set(LIBRARY) for shell in ("comfy", "app", "bot")} | {"cli": {*LIBRARY, "app", "bot"}}
"""What each part may import, besides itself. Nothing stands on a shell, but for the commands that start them."""

PARTS = {
    "backend": "pipeline",
    "engines": "pipeline",
    "tiling": "pipeline",
    "mosaic": "pipeline",
    "encoding": "pipeline",
    "painting": "pipeline",
    "recipe": "pipeline",
    "batch": "pipeline",
    "process": "pipeline",
    "__main__": "cli",
}
"""Modules that belong to a part of another name."""

HOST = {"comfy", "comfy_api", "comfy_execution", "comfy_extras", "execution", "folder_paths", "nodes", "server"}
"""Top-level modules of ComfyUI."""

OUTSIDE_CORE = {"torch", "safetensors"}
"""The only packages of others that the core may import."""


def modules() -> dict[str, Path]:
    files = sorted(PACKAGE.rglob("*.py"))
    names = (".".join(file.relative_to(PACKAGE.parent).with_suffix("").parts) for file in files)
    return {name.removesuffix(".__init__"): file for name, file in zip(names, files, strict=True)}


def part_of(name: str) -> str:
    """The part of the project that a dotted name belongs to; names that the root makes public belong to the root."""
    second = [*name.split("."), "adain_nodes"][1]
    part = PARTS.get(second, second)
    known = part in ALLOWED or (PACKAGE / second).is_dir() or (PACKAGE / f"{second}.py").is_file()
    return part if known else "adain_nodes"


def imported(source: str, package: str) -> Iterator[tuple[int, str]]:
    """Line and absolute name of every import, wherever it stands: in functions and under TYPE_CHECKING too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = resolve_name("." * node.level + (node.module or ""), package)
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)


def wrong_arrows(module: str, source: str, *, is_package: bool = False) -> list[str]:
    """The imports of a module that its part may not have."""
    part, wrong = part_of(module), []
    for line, name in imported(source, module if is_package else module.rpartition(".")[0]):
        top = name.split(".")[0]
        if top == "adain_nodes":
            allowed = name == "adain_nodes.__version__" or part_of(name) in {part, *ALLOWED[part]}
        elif part == "core":
            allowed = top in OUTSIDE_CORE or top in sys.stdlib_module_names
        else:
            allowed = part == "comfy" or top not in HOST
        if not allowed:
            wrong.append(f"{module}:{line} imports {name}")
    return wrong


def test_every_module_has_a_place_in_the_table():
    homeless = [name for name in modules() if part_of(name) not in ALLOWED]
    assert not homeless, "say in ALLOWED or PARTS where these belong"


@pytest.mark.parametrize("part", ALLOWED)
def test_imports_point_down(part):
    wrong = [
        arrow
        for name, file in modules().items()
        if part_of(name) == part
        for arrow in wrong_arrows(name, file.read_text("utf-8"), is_package=file.name == "__init__.py")
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("adain_nodes.core.style", "import adain_nodes.models.vgg"),
        ("adain_nodes.core.style", "from adain_nodes.models import vgg"),
        ("adain_nodes.core.style", "from adain_nodes import pipeline"),
        ("adain_nodes.core.style", "from adain_nodes import StyleTransfer"),
        ("adain_nodes.core.style", "import adain_nodes"),
        ("adain_nodes.core.style", "from ..models.vgg import BLOCKS"),
        ("adain_nodes.core.style", "from .. import imaging"),
        ("adain_nodes.core.style", "import numpy as np"),
        ("adain_nodes.core.style", "def late():\n    from PIL import Image"),
        ("adain_nodes.models.vgg", "if TYPE_CHECKING:\n    from adain_nodes.checkpoints.load import load_state"),
        ("adain_nodes.models.vgg", "try:\n    import comfy.utils\nexcept ImportError:\n    comfy = None"),
        ("adain_nodes.imaging.reading", "from adain_nodes.backend import choose_backend"),
        ("adain_nodes.pipeline", "from adain_nodes.training.loop import train"),
        ("adain_nodes.cli.main", "from adain_nodes.comfy import extension"),
        ("adain_nodes.cli.main", "import folder_paths"),
        ("adain_nodes.app.page", "from adain_nodes.cli.main import main"),
        ("adain_nodes.evaluation.table", "import adain_nodes.comfy.nodes"),
    ],
)
def test_the_walker_sees_a_wrong_arrow(module, source):
    (arrow,) = wrong_arrows(module, f"import os\n{source}\n")
    assert arrow.startswith(f"{module}:")


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("adain_nodes.core.style", "import json, torch.nn\nfrom safetensors.torch import save\nfrom . import errors"),
        ("adain_nodes.core.color", "from adain_nodes.core.color.moments import coral"),
        ("adain_nodes.imaging.writing", "from adain_nodes import __version__\nimport numpy"),
        ("adain_nodes.recipe", "from adain_nodes.pipeline import StyleTransfer"),
        ("adain_nodes.comfy.nodes", "from comfy_api.latest import io\nimport adain_nodes.pipeline"),
        ("adain_nodes.cli.main", "import adain_nodes\nfrom adain_nodes.evaluation import table"),
    ],
)
def test_the_walker_lets_right_arrows_pass(module, source):
    assert wrong_arrows(module, source) == []
