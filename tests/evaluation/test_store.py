import json

import pytest
import torch

from adain_nodes.core.errors import OutputError
from adain_nodes.evaluation.store import Store

KEY = {"method": "lite", "side": 24}


def test_what_was_added_is_found_by_all_that_decided_it(tmp_path):
    store = Store(tmp_path / "deep" / "kept")
    assert store.find(KEY) is None
    store.add(KEY, {"style": 1.5, "levels": [1, 0.5]})
    assert Store(tmp_path / "deep" / "kept").find(dict(reversed(KEY.items()))) == {"style": 1.5, "levels": [1, 0.5]}
    assert store.find({**KEY, "side": 25}) is None
    store.add(KEY, {"style": 2})
    assert store.find(KEY) == {"style": 2}
    (file,) = store.folder.iterdir()
    assert json.loads(file.read_text("utf-8"))["key"] == KEY


def test_pictures_stand_beside(tmp_path):
    store, picture = Store(tmp_path), torch.rand(1, 3, 5, 6)
    store.add(KEY, {"style": 1})
    assert store.picture(KEY) is None
    assert store.find(KEY, pictured=True) is None
    store.add(KEY, {"style": 1}, picture)
    torch.testing.assert_close(store.picture(KEY), picture, rtol=0, atol=0.5 / 255)
    assert store.find(KEY, pictured=True) == {"style": 1}


def test_a_file_that_lost_its_content_counts_for_nothing(tmp_path):
    store = Store(tmp_path)
    store.add(KEY, {"style": 1})
    next(tmp_path.iterdir()).write_bytes(b"")
    assert store.find(KEY) is None
    store.add(KEY, {"style": 1})
    assert store.find(KEY) == {"style": 1}


def test_without_a_folder_nothing_is_kept():
    Store().add(KEY, {"style": 1}, torch.rand(1, 3, 5, 6))
    assert Store().find(KEY) is None
    assert Store().picture(KEY) is None


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"file/kept cannot be made: Not a directory\. Choose another folder"):
        Store(tmp_path / "file" / "kept").add(KEY, {})
