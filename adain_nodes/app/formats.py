"""What a clip is, by its first bytes: FFmpeg reads much that is no clip, and some of that names other files."""

from __future__ import annotations

import re
from pathlib import Path

from adain_nodes.core.errors import VideoError

_SIGNATURES = {
    "mov": rb".{4}(?:ftyp|moov|mdat|free|skip|wide)",
    "matroska": rb"\x1a\x45\xdf\xa3",
    "avi": rb"RIFF.{4}AVI ",
    "mpegts": rb"\x47.{187}\x47",
    "mpeg": rb"\x00\x00\x01\xba",
    "ogg": rb"OggS",
    "gif": rb"GIF8[79]a",
}
"""How files begin, by FFmpeg's name of their format."""


def format_of(path: Path) -> str:
    """FFmpeg's name for the format of a file. Raises VideoError for another one than the page takes."""
    with path.open("rb") as file:
        head = file.read(256)
    for name, pattern in _SIGNATURES.items():
        if re.match(pattern, head, re.DOTALL):
            return name
    raise VideoError(
        f"{path.name} is no clip: not MP4, MOV, WebM, Matroska, AVI, MPEG, Ogg or GIF.",
        "Choose another file, or save it again as MP4.",
        path=path,
    )
