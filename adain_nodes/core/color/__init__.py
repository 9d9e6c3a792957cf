"""Colour control: give a picture the colours of another one before stylisation, or its own colours back after it."""

from adain_nodes.core.color.matching import METHODS, match_color

__all__ = ["METHODS", "match_color"]
