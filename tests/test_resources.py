from __future__ import annotations

import pytest

from adain_nodes import resources
from adain_nodes.core.errors import AdaINError
from adain_nodes.resources import resource


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package folder with a `weights` folder of somebody else beside it."""
    package = tmp_path / "adain_nodes"
    package.mkdir()
    (tmp_path / "weights").mkdir()
    monkeypatch.setattr(resources, "_PACKAGE", package)
    return package


def test_a_checkout_has_the_folders_beside_the_package(package):
    assert resource("weights") == package.parent / "weights"


def test_a_wheel_has_them_inside_and_looks_nowhere_else(package):
    (package / "_resources" / "examples" / "pictures").mkdir(parents=True)
    assert resource("examples", "pictures") == package / "_resources" / "examples" / "pictures"
    with pytest.raises(AdaINError, match=r"weights belongs to adain-nodes and is not there.*Install"):
        resource("weights")


def test_an_absent_file_is_an_error(package):
    with pytest.raises(AdaINError, match=r"absent\.png") as caught:
        resource("weights", "absent.png")
    assert caught.value.facts["path"] == package.parent / "weights" / "absent.png"


@pytest.mark.parametrize("folder", ["weights", "web", "examples"])
def test_this_installation_is_complete(folder):
    assert resource(folder).is_dir()
