"""Arbitrary neural style transfer with AdaIN: one core under graph nodes, command line, Python and web page."""

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from adain_nodes.core.errors import AdaINError
    from adain_nodes.core.style import Style, blend, interpolate
    from adain_nodes.core.style_file import load_style, save_style
    from adain_nodes.imaging import read_image, write_image
    from adain_nodes.pipeline import StyleTransfer
    from adain_nodes.video import key_frames, stylize_clip

__version__ = "0.1.0"

# Loaded when they are first used: PyTorch takes seconds, and much of what people ask does not need it.
_PUBLIC = {
    "AdaINError": "adain_nodes.core.errors",
    "Style": "adain_nodes.core.style",
    "StyleTransfer": "adain_nodes.pipeline",
    "blend": "adain_nodes.core.style",
    "interpolate": "adain_nodes.core.style",
    "key_frames": "adain_nodes.video",
    "load_style": "adain_nodes.core.style_file",
    "read_image": "adain_nodes.imaging",
    "save_style": "adain_nodes.core.style_file",
    "stylize_clip": "adain_nodes.video",
    "write_image": "adain_nodes.imaging",
}

__all__ = [
    "AdaINError",
    "Style",
    "StyleTransfer",
    "blend",
    "interpolate",
    "key_frames",
    "load_style",
    "read_image",
    "save_style",
    "stylize_clip",
    "write_image",
]


def __getattr__(name: str) -> object:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)
