"""The command line, run inside the tests' own process, and a folder of small pictures to run it on."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import torch

from adain_nodes.cli import console
from adain_nodes.cli.main import main
from adain_nodes.imaging import write_image


class Answer(NamedTuple):
    """The exit status, and what was printed."""

    status: int
    out: str
    err: str


Adain = Callable[..., Answer]


@pytest.fixture(autouse=True)
def clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No setting of the machine reaches a command, and none of what a command sets stays."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name.startswith("ADAIN_") or name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ADAIN_CACHE_DIR", str(tmp_path / "cache"))
    for printer in (console.out, console.err):
        monkeypatch.setattr(printer, "width", 200)
    yield
    logging.getLogger("adain_nodes").handlers.clear()


@pytest.fixture
def adain(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Adain:
    """Run ``adain`` with arguments."""

    def run(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["adain", *map(str, arguments)])
        with pytest.raises(SystemExit) as ending:
            main()
        return Answer(int(ending.value.code or 0), *capsys.readouterr())

    return run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder, with photos/{one,two}.png of 40×48 and styles/{warm,cold}.png of 32×32."""
    work = tmp_path / "work"
    for name, size in (
        ("photos/one", (40, 48)),
        ("photos/two", (40, 48)),
        ("styles/warm", (32, 32)),
        ("styles/cold", (32, 32)),
    ):
        (work / name).parent.mkdir(parents=True, exist_ok=True)
        write_image(work / f"{name}.png", torch.rand(1, 3, *size))
    monkeypatch.chdir(work)
    return work
