"""Whether a file is the one that the catalogue means."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from adain_nodes.checkpoints.catalogue import WeightFile
from adain_nodes.core.errors import CheckpointError

_BLOCK = 1 << 20


class Verdict(Enum):
    """What a comparison with the catalogue can find; the values are the words for it."""

    OK = "ok"
    VARIANT = "a different variant"
    CORRUPT = "incomplete or corrupt"
    UNPUBLISHED = "no published checksum"


@dataclass(frozen=True)
class Verification:
    """The verdict on a file, with its size in bytes and its SHA-256 in hexadecimal."""

    path: Path
    verdict: Verdict
    bytes: int
    sha256: str


def verify(path: Path, weight: WeightFile) -> Verification:
    """Compare size and SHA-256 of a file with the catalogue's; the file is read once and left as it is.

    Raises CheckpointError when it cannot be read.
    """
    sha256 = hashlib.sha256()
    size = 0
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                sha256.update(block)
                size += len(block)
    except OSError as error:
        raise CheckpointError(f"{path} cannot be read: {error.strerror}.", "Check the path.", path=path) from error
    digest = sha256.hexdigest()
    return Verification(path, _verdict(path.name, size, digest, weight), size, digest)


def _verdict(filename: str, size: int, sha256: str, weight: WeightFile) -> Verdict:
    if weight.published is None:
        return Verdict.UNPUBLISHED
    if sha256 == weight.published.sha256:
        return Verdict.OK
    if filename in weight.repacks:
        return Verdict.UNPUBLISHED
    return Verdict.VARIANT if size == weight.published.bytes else Verdict.CORRUPT
