"""PyAV, and its numbers."""

from __future__ import annotations

import sys
from fractions import Fraction

import av
import pytest

from adain_nodes.core.errors import AdaINError
from adain_nodes.video.library import fraction, library


def test_the_library_is_pyav():
    assert library() is av


def test_where_it_is_missing_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(AdaINError, match=r"PyAV, which is not installed\. Run `pip install av`"):
        library()


@pytest.mark.parametrize(("number", "result"), [(None, None), (Fraction(0), None), (Fraction(24, 1), 24), (0, None)])
def test_what_is_not_known_is_none(number, result):
    assert fraction(number) == result
