"""Freed memory stays with the process of the command line."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from adain_nodes.cli import main

PROGRAM = """
import sys
import psutil, torch
from adain_nodes.allocator import keep_freed_memory

if sys.argv[1] == "keep":
    assert keep_freed_memory()
block = torch.ones(50_000_000)
del block
print(psutil.Process().memory_info().rss)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_freed_blocks_are_kept():
    def resident(how: str) -> int:
        return int(subprocess.run([sys.executable, "-c", PROGRAM, how], check=True, capture_output=True).stdout)

    assert resident("keep") - resident("leave") > 150e6


def test_the_command_line_keeps_freed_memory(monkeypatch):
    called = []
    monkeypatch.setattr(main, "keep_freed_memory", lambda: called.append(True))
    monkeypatch.setattr(sys, "argv", ["adain", "--version"])
    with pytest.raises(SystemExit):
        main.main()
    assert called
