"""What computes the networks: PyTorch as it is, or PyTorch's compiler."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.models.base import Decoder, Encoder


def set_engine(name: str, encoder: Encoder, decoder: Decoder) -> None:
    """Let one of ENGINES compute the ``forward`` of two networks.

    "torch" is PyTorch operation by operation. "compile" is its compiler: the first picture of each size takes much
    longer. Nothing but the time and the last bits of the results changes. Raises InvalidValueError for an unknown name.
    """
    if name not in ENGINES:
        raise InvalidValueError(f"There is no engine {name!r}.", f"Choose {', '.join(ENGINES)}.", engine=name)
    ENGINES[name](encoder, decoder)


def _torch(encoder: Encoder, decoder: Decoder) -> None:
    """As they are."""


def _compile(encoder: Encoder, decoder: Decoder) -> None:
    encoder.compile()
    decoder.compile()


ENGINES: Mapping[str, Callable[[Encoder, Decoder], None]] = {"torch": _torch, "compile": _compile}
"""By name, what hands an encoder and a decoder over to each engine."""
