"""Colour control: give a picture the colours of another one before stylisation, or its own colours back after it."""

from adain_nodes.core.color.matching import METHODS, Colors, give_colors, match_color, measure_colors

__all__ = ["METHODS", "Colors", "give_colors", "match_color", "measure_colors"]
