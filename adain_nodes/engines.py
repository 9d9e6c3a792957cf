"""What computes the networks: PyTorch as it is, PyTorch's compiler, or OpenVINO."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from io import BytesIO
from typing import Any

import torch
from torch import Tensor

from adain_nodes.backend import Backend
from adain_nodes.checkpoints.onnx import to_onnx
from adain_nodes.core.adain import Features
from adain_nodes.core.errors import AdaINError, InvalidValueError
from adain_nodes.core.windows import Window
from adain_nodes.models.base import Decoder, Encoder

_EXAMPLE = 40
"""The side in pixels of the picture that networks are traced with; they take any other size all the same."""


def set_engine(name: str, encoder: Encoder, decoder: Decoder, backend: Backend) -> None:
    """Let one of ENGINES compute the ``forward`` of two networks, which lie on the backend's device, in its precision.

    "torch" is PyTorch operation by operation. "compile" is its compiler: the first picture of each size takes much
    longer. "openvino", for CPUs alone, takes some seconds once. Nothing but the time and the last bits of the results
    changes. Raises InvalidValueError for an unknown name and a device that the engine does not know, AdaINError
    without the library.
    """
    if name not in ENGINES:
        raise InvalidValueError(f"There is no engine {name!r}.", f"Choose {', '.join(ENGINES)}.", engine=name)
    ENGINES[name](encoder, decoder, backend)


def _torch(encoder: Encoder, decoder: Decoder, backend: Backend) -> None:
    """As they are."""


def _compile(encoder: Encoder, decoder: Decoder, backend: Backend) -> None:
    encoder.compile()
    decoder.compile()


def _openvino(encoder: Encoder, decoder: Decoder, backend: Backend) -> None:
    if backend.device.type != "cpu":
        raise InvalidValueError(
            f"OpenVINO computes on the CPU here, not on {backend.device}.",
            "Choose the device cpu, or the engine torch.",
        )
    image = torch.rand(2, 3, _EXAMPLE, _EXAMPLE + max(encoder.strides))
    with torch.no_grad():
        features = encoder(image)
    # instead of the modules' own: calls go through all that watches a module, as with any other engine
    engines = (
        _WithOpenVINO(encoder, image, ["image"], encoder.levels, backend.dtype),
        _WithOpenVINO(decoder, features, encoder.levels, ["image"], backend.dtype),
    )
    encoder.forward, decoder.forward = engines  # pyright: ignore[reportAttributeAccessIssue]


ENGINES: Mapping[str, Callable[[Encoder, Decoder, Backend], None]] = {
    "torch": _torch,
    "compile": _compile,
    "openvino": _openvino,
}
"""By name, what hands an encoder and a decoder over to each engine."""


class _WithOpenVINO:
    """The ``forward`` of a network, computed by OpenVINO; its inputs and outputs are float32 in any precision."""

    def __init__(
        self,
        network: Encoder | Decoder,
        example: Tensor | Features,
        inputs: Sequence[str],
        outputs: Sequence[str],
        dtype: torch.dtype,
    ) -> None:
        core = _openvino_core()
        # by way of ONNX: OpenVINO's own converter reports its use to a server on the Internet
        model = core.read_model(BytesIO(to_onnx(network, (example,), inputs, outputs)))
        precision = {torch.float32: "f32", torch.bfloat16: "bf16", torch.float16: "f16"}[dtype]
        self._model = core.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": precision})
        self._single = isinstance(network, Decoder)

    def __call__(self, inputs: Tensor | Features, window: Window | None = None) -> Any:
        tensors = inputs if isinstance(inputs, tuple) else (inputs,)
        request = self._model.create_infer_request()  # one for each call: they may come from several threads
        found = request.infer([tensor.float().contiguous().numpy() for tensor in tensors]).to_tuple()
        outputs = tuple(map(torch.from_numpy, found))
        if not self._single:
            return outputs
        return outputs[0] if window is None else window.of(outputs[0])


@lru_cache
def _openvino_core() -> Any:
    """OpenVINO's core, of which the process keeps one.

    When the last of several goes, it leaves the stack on which signals are handled at an address that is no more
    (OpenVINO 2026.4), and the next Ctrl+C would crash.
    """
    try:
        import openvino
    except ImportError as error:
        raise AdaINError(
            "The engine openvino is not installed.", "Run `pip install openvino onnx onnxscript`."
        ) from error
    return openvino.Core()
