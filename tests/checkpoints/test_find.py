from __future__ import annotations

import sys
from pathlib import Path

import pytest

from adain_nodes.checkpoints import find
from adain_nodes.checkpoints.catalogue import WEIGHTS
from adain_nodes.checkpoints.find import search_folders, user_cache, where
from adain_nodes.core.errors import MissingWeightsError

VGG = WEIGHTS["vgg19-normalised"]
PLACES = {
    "given": "the path that was given",
    "chosen": "ADAIN_WEIGHTS_DIR",
    "host": "the host's model folder",
    "cache": "the user cache",
    "package": "embedded in the package",
}


@pytest.fixture
def places(tmp_path, monkeypatch) -> dict[str, Path]:
    """A VGG in every place that is searched."""
    paths = {name: tmp_path / name / "vgg_normalised.pth" for name in PLACES}
    for path in paths.values():
        path.parent.mkdir()
        path.touch()
    monkeypatch.setenv("ADAIN_WEIGHTS_DIR", str(paths["chosen"].parent))
    monkeypatch.setattr(find, "resource", lambda *parts: paths["package"].parent)
    return paths


def test_the_first_place_in_order_wins(places):
    given, host_folders = places["given"], [places["host"].parent]
    assert where(VGG, given, host_folders).path == given
    for name in list(PLACES)[1:]:
        found = where(VGG, host_folders=host_folders)
        assert (found.path, found.reason) == (places[name], PLACES[name])
        found.path.unlink()
    with pytest.raises(MissingWeightsError):
        where(VGG, host_folders=host_folders)


def test_a_given_path_that_is_no_file_is_an_error_and_not_replaced_by_another(places, tmp_path):
    for path in (tmp_path / "absent.pth", tmp_path):
        with pytest.raises(MissingWeightsError, match=f"no weight file {path}"):
            where(VGG, path)


@pytest.mark.parametrize("filename", ["vgg_normalised.pth", "vgg_normalized.pth", "vgg_normalised_relu4_1.pth"])
def test_other_spellings_are_found(places, filename):
    places["chosen"].rename(places["chosen"].with_name(filename))
    assert where(VGG).path.name == filename


def test_the_official_spelling_comes_first(places):
    places["chosen"].with_name("vgg_normalised_relu4_1.pth").touch()
    assert where(VGG).path == places["chosen"]


def test_a_folder_of_that_name_is_not_a_file(places):
    places["chosen"].unlink()
    places["chosen"].mkdir()
    assert where(VGG).path == places["cache"]


def test_missing_weights_say_how_to_get_them(places):
    for path in places.values():
        path.unlink()
    with pytest.raises(MissingWeightsError) as caught:
        where(VGG)
    text = str(caught.value)
    assert "`adain weights pull vgg19-normalised` (80 MB)" in text
    assert "vgg_normalised.pth or vgg_normalized.pth or vgg_normalised_relu4_1.pth" in text
    assert f"{places['chosen'].parent} (ADAIN_WEIGHTS_DIR), {places['cache'].parent} (the user cache)" in text
    assert str(places["package"].parent) not in text
    with pytest.raises(MissingWeightsError, match="Install the package again"):
        where(WEIGHTS["lite"])


def test_the_user_cache_follows_the_platform(monkeypatch):
    monkeypatch.setenv("ADAIN_CACHE_DIR", "~/mine")
    assert user_cache() == Path.home() / "mine"
    monkeypatch.delenv("ADAIN_CACHE_DIR")
    monkeypatch.delenv("LOCALAPPDATA", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    defaults = {"linux": ".cache", "darwin": "Library/Caches", "win32": "AppData/Local"}
    for platform, folder in defaults.items():
        monkeypatch.setattr(sys, "platform", platform)
        assert user_cache() == Path.home() / folder / "adain-nodes"
    monkeypatch.setenv("LOCALAPPDATA", "/local")
    assert user_cache() == Path("/local/adain-nodes")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert user_cache() == Path("/xdg/adain-nodes")


def test_looking_creates_nothing(places, tmp_path, monkeypatch):
    monkeypatch.setenv("ADAIN_CACHE_DIR", str(tmp_path / "new"))
    assert Path(tmp_path / "new") in [folder.path for folder in search_folders()]
    assert not (tmp_path / "new").exists()
