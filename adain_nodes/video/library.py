"""PyAV, which holds the libraries of FFmpeg; imported only where clips are."""

from __future__ import annotations

from fractions import Fraction
from types import ModuleType
from typing import Any

from adain_nodes.core.errors import AdaINError


def library() -> ModuleType:
    """PyAV. Raises AdaINError, which says how to install it, where it is missing."""
    try:
        import av
    except ImportError as error:
        raise AdaINError(
            "Clips are read and written by PyAV, which is not installed.",
            "Run `pip install av`.",
        ) from error
    return av


def fraction(value: Any) -> Fraction | None:
    """A number of PyAV's as a fraction; None where it is not known, which some versions write as None, others as 0."""
    return Fraction(value.numerator, value.denominator) if value else None
