"""Settings of a process that is ours, of its memory and its threads: a guest in another one leaves them alone."""

from __future__ import annotations

import ctypes
import os
import platform

_TRIM_THRESHOLD, _MMAP_MAX = -1, -4
"""The numbers that malloc.h of glibc gives these settings."""

_KEPT = 1 << 30
"""The bytes of freed memory that stay with the process."""

_SPINS = "GOMP_SPINCOUNT"

_keeps_freed_memory = _waits_briefly = False


def keep_freed_memory() -> bool:
    """Have freed blocks serve the next request; returns whether that is so now, which takes glibc.

    By itself it gives back blocks of 32 MB and more at once, and fetches each anew, page by page; the features of a
    tile are that large.
    """
    global _keeps_freed_memory
    if platform.libc_ver()[0] == "glibc":
        library = ctypes.CDLL(None)
        _keeps_freed_memory = bool(library.mallopt(_MMAP_MAX, 0) and library.mallopt(_TRIM_THRESHOLD, _KEPT))
    return _keeps_freed_memory


def keeps_freed_memory() -> bool:
    """Whether ``keep_freed_memory`` was called, and could do so."""
    return _keeps_freed_memory


def wait_briefly() -> None:
    """Have PyTorch's threads that wait for each other give up their core sooner; before PyTorch is loaded.

    GNU's OpenMP looks 300,000 times whether the others are done before it sleeps. Meanwhile nobody else gets on: not
    the thread that packs a large picture. A thirtieth of that costs small pictures nothing that could be measured.
    """
    global _waits_briefly
    if not {_SPINS, "OMP_WAIT_POLICY"} & os.environ.keys():
        os.environ[_SPINS] = "10000"
        _waits_briefly = True


def environment_of_others() -> dict[str, str]:
    """The environment for a process that is not ours: without what ``wait_briefly`` set, should it have."""
    return {name: value for name, value in os.environ.items() if not (_waits_briefly and name == _SPINS)}
