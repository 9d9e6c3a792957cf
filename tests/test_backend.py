"""Where networks run and in which precision."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from adain_nodes.backend import DTYPES, Backend, choose_backend
from adain_nodes.core.errors import InvalidValueError

CPU = torch.device("cpu")


@pytest.fixture
def machine(monkeypatch):
    """Make PyTorch see another machine than this one."""

    def build(gpus=0, capability=(8, 0), mps=False, cpu=()):
        monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
        monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: capability)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: dict.fromkeys(cpu, True), raising=False)

    return build


@pytest.mark.parametrize(
    ("hardware", "device", "dtype"),
    [
        ({}, "cpu", torch.float32),
        ({"cpu": ["avx2", "avx512_f"]}, "cpu", torch.float32),
        ({"cpu": ["avx512_bf16"]}, "cpu", torch.bfloat16),
        ({"cpu": ["amx_bf16"]}, "cpu", torch.bfloat16),
        ({"mps": True}, "mps", torch.float32),
        ({"gpus": 1, "mps": True, "cpu": ["amx_bf16"]}, "cuda", torch.bfloat16),
        ({"gpus": 2, "capability": (9, 0)}, "cuda", torch.bfloat16),
        ({"gpus": 1, "capability": (7, 5)}, "cuda", torch.float16),
    ],
)
def test_automatic_is_the_first_accelerator_and_its_fast_precision(machine, hardware, device, dtype):
    machine(**hardware)
    assert choose_backend() == Backend(torch.device(device), dtype)


def test_pytorch_that_tells_nothing_of_its_processor_gets_float32(machine, monkeypatch):
    machine()
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert choose_backend("cpu").dtype == torch.float32


@pytest.mark.parametrize("name", DTYPES)
def test_dtype_is_taken_as_named(machine, name):
    machine(gpus=1)
    assert choose_backend("cpu", name) == Backend(CPU, getattr(torch, name))
    assert choose_backend("cuda", name).dtype == getattr(torch, name)


@pytest.mark.parametrize("name", ["cpu", "cpu:0", "cuda", "cuda:0", "cuda:1", "mps", "mps:0"])
def test_device_is_taken_as_named(machine, name):
    machine(gpus=2, mps=True)
    assert choose_backend(name).device == torch.device(name)


@pytest.mark.parametrize("name", ["", "gpu", "xpu", "cuda:2", "cuda:", "cuda:x", "cuda:-1", "cpu:1", "mps:1", "CPU"])
def test_device_that_is_not_there_is_refused(machine, name):
    machine(gpus=2, mps=True)
    with pytest.raises(InvalidValueError, match=r"not available to PyTorch.*auto or one of: cuda, mps, cpu") as caught:
        choose_backend(name)
    assert caught.value.facts == {"device": name, "available": ["cuda", "mps", "cpu"]}


@pytest.mark.parametrize("name", ["cuda", "cuda:0", "mps"])
def test_accelerators_are_refused_where_there_is_none(machine, name):
    machine()
    with pytest.raises(InvalidValueError, match=rf"'{name}' is not available.*one of: cpu\."):
        choose_backend(name)


@pytest.mark.parametrize("name", ["half", "float64", ""])
def test_unknown_dtype_is_refused(name):
    with pytest.raises(InvalidValueError, match=rf"no dtype '{name}'\. Choose auto, float32, bfloat16, float16"):
        choose_backend("cpu", name)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.float32])
def test_pictures_are_placed_in_float32_and_channels_last(dtype):
    image = torch.rand(2, 3, 5, 7).to(dtype)
    placed = Backend(CPU, torch.bfloat16).place(image)
    assert placed.dtype == torch.float32
    assert placed.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(placed, image.float())


@pytest.mark.parametrize("dtype", DTYPES.values())
def test_convolutions_run_in_the_precision_and_without_gradients(dtype):
    image, kernel = torch.rand(1, 3, 8, 8), torch.rand(4, 3, 3, 3, requires_grad=True)
    with Backend(CPU, dtype).running():
        result = F.conv2d(image, kernel)
    assert result.dtype == dtype
    assert not result.requires_grad
    assert not result.is_inference()
    assert F.conv2d(image, kernel).dtype == torch.float32
    assert torch.is_grad_enabled()
