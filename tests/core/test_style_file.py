from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from adain_nodes.core.errors import CheckpointError, OutputError
from adain_nodes.core.statistics import CONVENTIONS, ORIGINAL, Convention, Statistics
from adain_nodes.core.style import Style
from adain_nodes.core.style_file import FORMAT, load_style, save_style

NAMES = ("level1", "level2")


def make(convention: Convention = ORIGINAL, batch: int = 1, note: str = "waves") -> Style:
    levels = tuple(Statistics(torch.randn(batch, c), torch.rand(batch, c)) for c in (3, 512))
    return Style(NAMES, levels, "lite:0123456789ab", convention, note)


def write(path: Path, *, leave_out: str = "", tensors: dict[str, torch.Tensor] | None = None, **metadata: str) -> Path:
    """A style file by hand, with what is given in another way."""
    parts = {f"{name}.{kind}": torch.rand(1, 4) for name in NAMES for kind in ("mean", "std")} | (tensors or {})
    usual = {"format": FORMAT, "levels": json.dumps(NAMES), "encoder": "lite:0", "convention": "biased", "note": ""}
    save_file(
        {name: tensor for name, tensor in parts.items() if name != leave_out},
        path,
        {key: value for key, value in (usual | metadata).items() if key != leave_out},
    )
    return path


@pytest.mark.parametrize("convention", CONVENTIONS.values(), ids=CONVENTIONS)
@pytest.mark.parametrize("batch", [1, 3])
def test_what_was_saved_is_what_is_loaded(tmp_path, convention, batch):
    style = make(convention, batch, note="Große Welle, 神奈川沖浪裏 “¼”")
    path = save_style(style, tmp_path / "wave.safetensors")
    assert path == tmp_path / "wave.safetensors"
    loaded = load_style(str(path))
    assert (loaded.names, loaded.encoder, loaded.convention) == (style.names, style.encoder, style.convention)
    assert loaded.note == style.note
    for ours, theirs in zip(loaded.levels, style.levels, strict=True):
        assert ours.mean.dtype == torch.float32
        assert torch.equal(ours.mean, theirs.mean)
        assert torch.equal(ours.std, theirs.std)


def test_a_style_is_a_few_kilobytes_and_self_describing(tmp_path):
    path = save_style(make(), tmp_path / "wave.safetensors")
    assert path.stat().st_size < 6000  # 1,030 numbers and the header
    with safe_open(path, framework="pt") as file:
        assert file.metadata()["format"] == FORMAT == "adain-style-1"
        assert sorted(file.keys()) == ["level1.mean", "level1.std", "level2.mean", "level2.std"]


def test_any_tensor_can_be_saved(tmp_path):
    """Half precision, with a graph behind it, not contiguous: all become plain float32."""
    level = Statistics(torch.rand(4, 2, requires_grad=True).T, torch.rand(2, 4).half())
    loaded = load_style(save_style(Style(("one",), (level,), "test:0", ORIGINAL), tmp_path / "style")).levels[0]
    assert loaded.mean.dtype == loaded.std.dtype == torch.float32
    assert torch.equal(loaded.mean, level.mean)
    assert torch.equal(loaded.std, level.std.float())


def test_saving_replaces_an_older_style_and_leaves_nothing_behind(tmp_path):
    for note in ("first", "second"):
        save_style(make(note=note), tmp_path / "style.safetensors")
    assert load_style(tmp_path / "style.safetensors").note == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["style.safetensors"]


@pytest.mark.parametrize("place", ["absent/style", "file/style", "folder", "x" * 300])
def test_places_that_cannot_be_written(tmp_path, place):
    (tmp_path / "file").write_text("no folder")
    (tmp_path / "folder").mkdir()
    with pytest.raises(OutputError, match="cannot be written"):
        save_style(make(), tmp_path / place)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
    assert not list((tmp_path / "folder").iterdir())


def test_a_missing_file(tmp_path):
    with pytest.raises(CheckpointError, match=r"no style file .*absent\.safetensors"):
        load_style(tmp_path / "absent.safetensors")


def test_a_folder(tmp_path):
    with pytest.raises(CheckpointError, match="cannot be read as a style"):
        load_style(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a style at all", b"\xff" * 64, b"\x08" + b"\0" * 7 + b"{}      "])
def test_other_files(tmp_path, content):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(CheckpointError, match="style"):
        load_style(tmp_path / "file")


def test_other_safetensors_are_no_styles(tmp_path):
    save_file({"weight": torch.rand(2)}, tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match=r"is not a style: its format is 'not given', not 'adain-style-1'"):
        load_style(tmp_path / "model.safetensors")
    with pytest.raises(CheckpointError, match="is not a style: its format is 'pt'"):
        load_style(write(tmp_path / "model.safetensors", format="pt"))


@pytest.mark.parametrize("left", [0.02, 0.5, 0.99])
def test_truncated_files(tmp_path, left):
    path = save_style(make(), tmp_path / "style.safetensors")
    whole = path.read_bytes()
    path.write_bytes(whole[: int(left * len(whole))])
    with pytest.raises(CheckpointError, match=r"cannot be read as a style.*damaged"):
        load_style(path)


@pytest.mark.parametrize(
    "damage",
    [
        {"leave_out": "levels"},
        {"leave_out": "encoder"},
        {"leave_out": "convention"},
        {"leave_out": "note"},
        {"leave_out": "level2.std"},
        {"levels": "level1"},
        {"levels": "3"},
        {"levels": '["level1", "level3"]'},
        {"convention": "none"},
        {"tensors": {"level2.std": torch.zeros(1, 5)}},
        {"tensors": {"level2.std": torch.zeros(2, 4)}},
        {"tensors": {"level2.mean": torch.zeros(4), "level2.std": torch.zeros(4)}},
    ],
    ids=str,
)
def test_damaged_styles(tmp_path, damage):
    with pytest.raises(CheckpointError, match=r"cannot be read as a style.*save the style again"):
        load_style(write(tmp_path / "style.safetensors", **damage))


def test_the_undamaged_file_is_read(tmp_path):
    """So that the damages above are what is refused."""
    assert load_style(write(tmp_path / "style.safetensors")).names == NAMES
