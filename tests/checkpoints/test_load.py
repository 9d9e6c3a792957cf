from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from adain_nodes.checkpoints.load import load_state
from adain_nodes.core.errors import CheckpointError

STATE = {"0.weight": torch.arange(512.0).reshape(2, 256), "0.bias": torch.tensor([1.0, -1.0])}
FORMATS = {"zip": True, "legacy": False}


def save(content: object, path: Path, form: str = "zip") -> Path:
    torch.save(content, path, _use_new_zipfile_serialization=FORMATS[form])
    return path


def assert_is_state(state: dict[str, torch.Tensor]) -> None:
    assert state.keys() == STATE.keys()
    for key, tensor in STATE.items():
        torch.testing.assert_close(state[key], tensor, rtol=0, atol=0)


class Touch:
    """A pickle that makes a file when it is opened the careless way."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


class Shell:
    """The usual attack."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        import os

        return os.system, (f"echo > {self.path}",)


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("wrapper", [None, "state_dict", "model", "params"])
def test_reads_what_torch_saves(tmp_path, form, wrapper):
    content = {wrapper: STATE, "step": 3} if wrapper else STATE
    state, metadata = load_state(save(content, tmp_path / "a.pth", form))
    assert_is_state(state)
    assert metadata == {}


def test_the_state_dict_of_a_network_loads_back(tmp_path):
    network = torch.nn.Conv2d(3, 4, 3)
    state, _ = load_state(save(network.state_dict(), tmp_path / "a.pt"))
    torch.nn.Conv2d(3, 4, 3).load_state_dict(state)


@pytest.mark.parametrize("metadata", [None, {"family": "lite"}])
def test_reads_safetensors_with_their_metadata(tmp_path, metadata):
    save_file(STATE, tmp_path / "a.safetensors", metadata)
    state, read = load_state(tmp_path / "a.safetensors")
    assert_is_state(state)
    assert read == (metadata or {})


@pytest.mark.parametrize("attack", [Touch, Shell])
@pytest.mark.parametrize("form", FORMATS)
def test_a_malicious_checkpoint_is_refused(tmp_path, attack, form):
    marker = tmp_path / "harm"
    path = save({"0.weight": attack(marker)}, tmp_path / "a.pth", form)
    with pytest.raises(CheckpointError, match=r"asks for .*, which is more than tensors, and was refused"):
        load_state(path)
    assert not marker.exists()
    torch.load(path, weights_only=False)
    assert marker.exists(), "the attack is real"


def test_a_plain_pickle_is_not_opened(tmp_path):
    path, marker = tmp_path / "a.pth", tmp_path / "harm"
    path.write_bytes(pickle.dumps(Touch(marker)))
    with pytest.raises(CheckpointError, match="looks like a plain pickle, which may run code"):
        load_state(path)
    assert not marker.exists()


def test_a_whole_network_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"asks for torch\.nn.*Ask for a state dict") as caught:
        load_state(save(torch.nn.Identity(), tmp_path / "a.pth"))
    assert caught.value.facts["refused"] == "torch.nn.modules.linear.Identity"


def test_torch_load_is_tried_once_and_restricted(tmp_path, monkeypatch):
    calls = []

    def spy(path, **options):
        calls.append(options)
        raise RuntimeError("no")

    path = save(STATE, tmp_path / "a.pth")
    monkeypatch.setattr(torch, "load", spy)
    with pytest.raises(CheckpointError):
        load_state(path)
    assert calls == [{"map_location": "cpu", "weights_only": True}]


@pytest.mark.parametrize("ending", ["pth", "safetensors"])
@pytest.mark.parametrize(
    ("content", "looks", "remedy"),
    [
        (b"", "an empty file", "Fetch it again"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\n", "a Git LFS pointer", "git lfs pull"),
        (b"\n<!DOCTYPE html><html><body>Not found</body></html>", "a web page", "Fetch the file itself"),
        (b"Not found", "no format of weights", "adain weights verify"),
        (bytes(1000), "no format of weights", "adain weights verify"),
    ],
    ids=["empty", "lfs", "page", "text", "zeros"],
)
def test_says_what_a_foreign_file_looks_like(tmp_path, ending, content, looks, remedy):
    path = tmp_path / f"a.{ending}"
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=f"looks like {looks}.*{remedy}"):
        load_state(path)


def test_a_wrong_ending_is_named(tmp_path):
    save_file(STATE, tmp_path / "a.pth")
    with pytest.raises(CheckpointError, match=r"looks like a safetensors file.*Give it the ending \.safetensors"):
        load_state(tmp_path / "a.pth")
    save(STATE, tmp_path / "b.safetensors")
    with pytest.raises(CheckpointError, match=r"looks like a PyTorch checkpoint.*Give it the ending \.pth"):
        load_state(tmp_path / "b.safetensors")


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("share", [0.2, 0.5, 0.95])
def test_a_truncated_checkpoint_is_an_error(tmp_path, form, share):
    path = save(STATE, tmp_path / "a.pth", form)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(CheckpointError):
        load_state(path)


@pytest.mark.parametrize("damage", ["header", "size", "tail"])
def test_damaged_safetensors_are_an_error(tmp_path, damage):
    path = tmp_path / "a.safetensors"
    save_file(STATE, path)
    whole = path.read_bytes()
    path.write_bytes(
        {"header": whole[:9] + b"x" * 20 + whole[29:], "size": b"\xff" * 8 + whole[8:], "tail": whole[:-5]}[damage]
    )
    with pytest.raises(CheckpointError, match=r"is incomplete or damaged.*fetch it again"):
        load_state(path)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({}, "holds no state dict but dict"),
        ([STATE], "holds no state dict but list"),
        (STATE["0.bias"], "holds no state dict but Tensor"),
        ({**STATE, "epoch": 3}, "more than named tensors: epoch"),
        ({0: STATE["0.bias"]}, "more than named tensors: 0"),
    ],
    ids=["empty", "list", "tensor", "number", "key"],
)
def test_only_state_dicts_are_weights(tmp_path, content, text):
    with pytest.raises(CheckpointError, match=f"{text}.*state_dict"):
        load_state(save(content, tmp_path / "a.pth"))


def test_a_missing_file_or_a_folder_is_an_error(tmp_path):
    for path in (tmp_path / "absent.pth", tmp_path):
        with pytest.raises(CheckpointError, match="cannot be read"):
            load_state(path)


@pytest.mark.filterwarnings("ignore::UserWarning")  # torch comments on odd pickles
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), form=st.sampled_from(sorted(FORMATS)))
def test_damage_never_escapes_as_another_error(tmp_path, data, form):
    path = save(STATE, tmp_path / "a.pth", form)
    content = bytearray(path.read_bytes())
    content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        state, _ = load_state(path)
    except CheckpointError:
        return
    assert all(isinstance(tensor, torch.Tensor) for tensor in state.values())


@pytest.mark.parametrize(
    ("filename", "key", "shape"),
    [
        ("vgg_normalised_relu4_1.pth", "29.weight", (512, 256, 3, 3)),
        ("decoder_relu4_1.pth", "28.weight", (3, 64, 3, 3)),
        ("vgg_normalised_conv3_1.pth", "16.weight", (256, 128, 3, 3)),
        ("feature_invertor_conv3_1.pth", "15.weight", (3, 64, 3, 3)),
    ],
)
def test_real_checkpoints_load(shared, filename, key, shape):
    state, _ = load_state(shared / "weights" / filename)
    assert state[key].shape == shape


def test_real_safetensors_load(shared):
    state, metadata = load_state(shared / "weights" / "lite_bootstrap.safetensors")
    assert metadata
    assert all(tensor.isfinite().all() for tensor in state.values())
