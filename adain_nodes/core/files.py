"""Files that are written: in one step, so that whoever looks sees the old one or the new one, and never a part."""

import contextlib
import errno
import secrets
from collections.abc import Generator
from pathlib import Path

from adain_nodes.core.errors import OutputError

_CAUSES = {
    errno.ENOSPC: ("the disk is full", "Free some space or write to another disk."),
    errno.EDQUOT: ("your disk quota is used up", "Free some space or write to another disk."),
    errno.ENOENT: ("its folder does not exist", "Create the folder or choose another one."),
    errno.ENOTDIR: ("its folder is a file", "Choose another folder."),
    errno.EISDIR: ("it is a folder", "Choose a file name inside it."),
    errno.EACCES: ("its folder may not be written to", "Choose another folder or change its permissions."),
    errno.EPERM: ("its folder may not be written to", "Choose another folder or change its permissions."),
    errno.EROFS: ("its disk is read-only", "Choose another folder."),
}


LONGEST = 200
"""Bytes of a file's name before its number and suffix."""

_DIGITS = 16
"""In the names of files that are being written."""


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, unless it is there. Raises OutputError where that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            f"The folder {folder} cannot be made: {error.strerror}.",
            "Choose another folder.",
            path=folder,
            errno=error.errno,
        ) from error


def shortened(stem: str) -> str:
    """The beginning of a file's name: file systems take 255 bytes, and a number and a suffix shall follow."""
    return stem.encode()[:LONGEST].decode(errors="ignore")


def replace_file(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` in one step: beside it first, then in its place.

    Raises OutputError when that fails; an older file is then still there, and no partial one.
    """
    with replacing(path) as temporary, temporary.open("xb") as file:
        file.write(data)


@contextlib.contextmanager
def replacing(path: Path) -> Generator[Path]:
    """Lend a path beside ``path``; what was written there takes its place when the block ends without an error.

    Raises OutputError as ``replace_file``, for every OSError in the block too.
    """
    target = path.resolve()  # through a link, as plain writing would go
    temporary = target.with_name(f".{secrets.token_hex(_DIGITS // 2)}.tmp")
    try:
        yield temporary
        temporary.replace(target)
    except OSError as error:
        cause, remedy = _CAUSES.get(error.errno or 0, (error.strerror or error, "Choose another file name or folder."))
        raise OutputError(f"{path} cannot be written: {cause}.", remedy, path=path, errno=error.errno) from error
    finally:
        with contextlib.suppress(OSError):  # what stopped the writing may stop this too, and is reported above
            temporary.unlink(missing_ok=True)


def remove_leftovers(folder: Path) -> None:
    """Delete what ``replacing`` left below a folder, in all folders in it, when its process was killed.

    Nobody may be writing there.
    """
    for path in folder.rglob(f".{'[0-9a-f]' * _DIGITS}.tmp"):
        path.unlink(missing_ok=True)
