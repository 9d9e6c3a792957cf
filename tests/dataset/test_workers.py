"""Processes that share the work, and die."""

from __future__ import annotations

import hashlib
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import psutil
import pytest
from pebble import ProcessExpired

from adain_nodes.core.errors import AdaINError, MissingWeightsError
from adain_nodes.dataset.manifest import MANIFEST, read_manifest
from adain_nodes.dataset.plan import Job, plan, row, styles_of
from adain_nodes.dataset.workers import _rows, in_processes


def hashes(folder: Path) -> dict[str, str]:
    """The digests of all results, which must be those of the manifest, a row each."""
    rows = read_manifest(folder)
    found = {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in (MANIFEST, "manifest.json", ".manifest.lock")
    }
    assert len(rows) == len(found)
    assert {each["out"]: each["sha256"] for each in rows} == found
    return found


def start(job: Job, target: Path, workers: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "adain_nodes", "dataset", job.source, target, "--styles", job.styles]
    command += ["--style-size", "0", "--copies", "20", "--workers", str(workers)]
    return subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def wait_for_rows(target: Path, count: int, run: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 120
    while not (target / MANIFEST).exists() or (target / MANIFEST).read_bytes().count(b"\n") < count:
        assert run.poll() is None, run.communicate()[0].decode()
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
def test_killed_run_goes_on_and_ends_as_an_undisturbed_one(job, tmp_path):
    whole = start(job, tmp_path / "whole", 1)
    said = whole.communicate()[0].decode()
    assert "120 made, 0 there already, 0 failed" in said
    run = start(job, tmp_path / "killed", 2)
    wait_for_rows(tmp_path / "killed", 10, run)
    children = psutil.Process(run.pid).children(recursive=True)
    run.send_signal(signal.SIGKILL)
    run.communicate()
    gone, alive = psutil.wait_procs(children, timeout=30)
    assert gone
    assert not alive, "workers outlive the run that started them"
    assert (tmp_path / "killed" / MANIFEST).read_bytes().count(b"\n") < 120
    again = start(job, tmp_path / "killed", 2)
    assert "0 failed" in again.communicate()[0].decode()
    assert hashes(tmp_path / "killed") == hashes(tmp_path / "whole")


@pytest.mark.slow
def test_worker_that_dies_is_replaced(job, tmp_path):
    run = start(job, tmp_path / "out", 2)
    wait_for_rows(tmp_path / "out", 5, run)
    workers = [each for each in psutil.Process(run.pid).children(recursive=True) if "spawn_main" in str(each.cmdline())]
    workers[0].kill()
    assert "120 made, 0 there already, 0 failed" in run.communicate()[0].decode()
    assert len(hashes(tmp_path / "out")) == 120


def test_missing_weights_are_said_before_anything_starts(job):
    with pytest.raises(MissingWeightsError):
        next(in_processes(Job(job.source, job.target, job.styles, model="heavy"), plan(job, styles_of(job))))


class Pool:
    """Gives each call the next of the fates: an exit code of its worker, "broken" for all, None for a result."""

    def __init__(self, fates: Iterator[int | str | None]) -> None:
        self.fates = fates

    def schedule(self, function, args):
        future: Future = Future()
        code = next(self.fates)
        if code is None:
            future.set_result(row(args[0], sha256="0"))
        elif code == "broken":
            future.set_exception(BrokenProcessPool("All workers expired"))
        else:
            future.set_exception(ProcessExpired("died", code=code))
        return future


def waiting(items):
    return deque((item, 1) for item in items)


def test_pool_that_breaks_leaves_the_rest_waiting(job):
    items = plan(job, styles_of(job))
    left = waiting(items)
    rows = list(_rows(Pool(iter([None, None, "broken", None, None])), left, ahead=2))
    assert {each["out"] for each in rows} | {item.out for item, _ in left} == {item.out for item in items}
    assert len(rows) + len(left) == len(items)
    rows += _rows(Pool(iter([None] * 6)), left, ahead=2)
    assert sorted(each["out"] for each in rows) == sorted(item.out for item in items)
    assert not left


def test_pool_that_makes_nothing_is_an_error(job):
    with pytest.raises(AdaINError, match="die as they start"):
        list(_rows(Pool(iter(["broken"] * 6)), waiting(plan(job, styles_of(job))), ahead=2))


def test_picture_that_kills_two_workers_is_a_row(job):
    items = plan(job, styles_of(job))[:3]
    pool = Pool(iter([None, -9, -9, None]))
    rows = list(_rows(pool, waiting(items), ahead=1))
    assert [each["error"] for each in rows] == [None, "2 workers died of it, the last with the exit code -9.", None]
    assert [each["source"] for each in rows] == [item.source for item in items]


def test_one_death_is_no_failure(job):
    items = plan(job, styles_of(job))
    rows = list(_rows(Pool(iter([None, -9, *[None] * 5])), waiting(items), ahead=2))
    assert sorted(each["out"] for each in rows) == sorted(item.out for item in items)
    assert all(each["error"] is None for each in rows)
