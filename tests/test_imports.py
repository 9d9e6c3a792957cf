"""Importing is cheap and silent: each module stands on its own, and nothing heavy comes along unasked."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import adain_nodes

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "adain_nodes").rglob("*.py"))
MODULES = [".".join(f.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for f in FILES]

HOST_FREE = {"adain_nodes.comfy", "adain_nodes.comfy.tensors", "adain_nodes.comfy.types"}
NEEDS = {"comfy": "comfy_api", "app": "gradio", "bot": "telegram"}
"""Parts of the package that need a host or an extra, and what shows that it is there."""

LATE = ("av", "pyvips", "torchvision")
"""Slow to load and rarely needed: imported inside the functions that use them."""

ONE_BY_ONE = """
import importlib, json, sys, traceback
errors = {}
for module in sys.argv[1:]:
    for loaded in [name for name in sys.modules if name.partition(".")[0] == "adain_nodes"]:
        del sys.modules[loaded]
    try:
        importlib.import_module(module)
    except Exception:
        errors[module] = traceback.format_exc()
print(json.dumps([errors, sorted(sys.modules)]))
"""


def python(code: str, *arguments: str) -> str:
    """What a fresh interpreter prints, in which warnings are errors."""
    command = [sys.executable, "-W", "error", "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def present(module: str) -> bool:
    if module in HOST_FREE:
        return True
    needed = NEEDS.get((*module.split("."), "")[1])
    return needed is None or find_spec(needed) is not None


@pytest.fixture(scope="module")
def imported() -> tuple[dict[str, str], list[str]]:
    """Errors by module, each imported as if no other module of the project had been; and all that was loaded."""
    return tuple(json.loads(python(ONE_BY_ONE, *filter(present, MODULES))))


@pytest.mark.parametrize("module", MODULES)
def test_every_module_can_be_imported_alone(imported, module):
    if not present(module):
        pytest.skip(f"NOT TESTED: {module} needs {NEEDS[module.split('.')[1]]}")
    assert module not in imported[0], imported[0].get(module)


def test_slow_packages_are_left_for_later(imported):
    assert not set(LATE) & set(imported[1])


def test_importing_the_package_loads_nothing_else():
    loaded = python("import sys, adain_nodes; print(*sys.modules)").split()
    assert "adain_nodes" in loaded
    assert not {"torch", "numpy", "PIL"} & set(loaded)
    assert [name for name in loaded if name.startswith("adain_nodes.")] == []


def test_public_names_are_loaded_when_they_are_used():
    assert adain_nodes.__all__ == sorted(adain_nodes.__all__)
    for name in adain_nodes.__all__:
        assert getattr(adain_nodes, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'styletransfer'"):
        _ = adain_nodes.styletransfer
