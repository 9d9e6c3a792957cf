"""libvips, loaded only when a picture needs it."""

import contextlib
import errno
import functools
import os
import traceback
from collections.abc import Iterator
from typing import Any


@contextlib.contextmanager
def libvips() -> Iterator[Any]:
    """Lend pyvips for a block; its errors become OSError, as Pillow's are.

    Raises ImportError or OSError where it is not installed, and OSError in a process that was forked after the first
    use, in which libvips would wait for ever for the threads that it left behind.
    """
    import pyvips

    if _first_user() != os.getpid():
        raise OSError("libvips was in use before this process was forked; start workers with 'spawn' instead")
    try:
        yield pyvips
    except pyvips.Error as error:
        traceback.clear_frames(error.__traceback__)  # they hold the operation, which holds the file that it wrote
        reason = str(error).strip().splitlines()[-1].strip()
        full = os.strerror(errno.ENOSPC) in str(error)
        raise (OSError(errno.ENOSPC, reason) if full else OSError(reason)) from error


@functools.cache
def _first_user() -> int:
    import pyvips

    # Its memory of what was opened would hold files that have been deleted, and show former contents of others.
    pyvips.cache_set_max(0)
    return os.getpid()  # a forked process inherits the answer
