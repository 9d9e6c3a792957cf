"""What the command line sets in its process."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from adain_nodes.cli import main

PROGRAM = """
import sys
import psutil, torch
from adain_nodes.process import keep_freed_memory, keeps_freed_memory

assert not keeps_freed_memory()
if sys.argv[1] == "keep":
    assert keep_freed_memory()
    assert keeps_freed_memory()
block = torch.ones(50_000_000)
del block
print(psutil.Process().memory_info().rss)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="the C library is not glibc")
def test_freed_blocks_are_kept():
    def resident(how: str) -> int:
        return int(subprocess.run([sys.executable, "-c", PROGRAM, how], check=True, capture_output=True).stdout)

    assert resident("keep") - resident("leave") > 150e6


SPIN = """
import os
from adain_nodes.process import wait_briefly
wait_briefly()
print(os.environ.get("GOMP_SPINCOUNT"))
"""


@pytest.mark.parametrize(
    ("chosen", "count"),
    [({}, "10000"), ({"GOMP_SPINCOUNT": "7"}, "7"), ({"OMP_WAIT_POLICY": "active"}, "None")],
)
def test_threads_wait_briefly_unless_somebody_chose_otherwise(monkeypatch, chosen, count):
    for name in ("GOMP_SPINCOUNT", "OMP_WAIT_POLICY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in chosen.items():
        monkeypatch.setenv(name, value)
    done = subprocess.run([sys.executable, "-c", SPIN], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == count


OTHERS = """
import os
from adain_nodes.process import environment_of_others, wait_briefly
os.environ.pop("GOMP_SPINCOUNT", None)
if CHOSEN:
    os.environ["GOMP_SPINCOUNT"] = "7"
wait_briefly()
print(environment_of_others().get("GOMP_SPINCOUNT"), "PATH" in environment_of_others())
"""


@pytest.mark.parametrize(("chosen", "count"), [(True, "7"), (False, "None")])
def test_other_processes_get_the_environment_as_it_was(monkeypatch, chosen, count):
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    program = OTHERS.replace("CHOSEN", str(chosen))
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert done.stdout.split() == [count, "True"]


def test_the_command_line_sets_both_before_pytorch_is_loaded(monkeypatch):
    called = []
    for name in ("keep_freed_memory", "wait_briefly"):
        monkeypatch.setattr(main, name, lambda name=name: called.append(name))
    monkeypatch.setattr(sys, "argv", ["adain", "--version"])
    with pytest.raises(SystemExit):
        main.main()
    assert called == ["keep_freed_memory", "wait_briefly"]
    imports = "import sys, adain_nodes.cli.main; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", imports], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"
