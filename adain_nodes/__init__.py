"""Arbitrary neural style transfer with AdaIN: one core under graph nodes, command line, Python and web page."""

__version__ = "0.1.0"
