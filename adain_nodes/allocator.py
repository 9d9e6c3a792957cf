"""How the C library hands out memory in a process that is ours."""

from __future__ import annotations

import ctypes
import platform

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""The numbers that malloc.h of glibc gives these settings."""

_KEPT = 1 << 30
"""The bytes of freed memory that stay with the process."""


def keep_freed_memory() -> bool:
    """Have freed blocks serve the next request; returns whether that is so now, which takes glibc.

    By itself it gives back blocks of 32 MB and more at once, and fetches each anew, page by page; the features of a
    tile are that large. It holds for all of the process, so a guest in one leaves it alone.
    """
    if platform.libc_ver()[0] != "glibc":
        return False
    library = ctypes.CDLL(None)
    return bool(library.mallopt(_MMAP_MAX, 0) and library.mallopt(_TRIM_THRESHOLD, _KEPT))
