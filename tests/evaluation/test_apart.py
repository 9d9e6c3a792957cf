from __future__ import annotations

import subprocess
import time

import pytest

from adain_nodes.core.errors import AdaINError
from adain_nodes.evaluation import apart
from adain_nodes.evaluation.apart import PlainApart

pytestmark = pytest.mark.usefixtures("no_weights")


def test_the_plain_port_works_in_an_interpreter_of_its_own():
    """A picture takes time, one with its style more, and the interpreter ends with the context."""
    with PlainApart(256, "cpu") as plain:
        plain.picture()
        seconds = []
        for run in (plain.picture, plain.picture_with_style):
            start = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - start)
    assert 0.02 < seconds[0] < seconds[1]
    assert plain._process.returncode == 0


def test_it_ends_with_an_error_too():
    with pytest.raises(KeyboardInterrupt), PlainApart(16, "cpu") as plain:
        raise KeyboardInterrupt
    assert plain._process.returncode == 0


def test_one_that_was_killed_is_noticed():
    with PlainApart(16, "cpu") as plain:
        plain._process.kill()
        plain._process.wait()
        with pytest.raises(AdaINError, match="exit status -9"):
            plain.picture()


def test_it_gets_the_environment_of_others(monkeypatch):
    given = []
    monkeypatch.setattr(apart, "environment_of_others", lambda: {"ADAIN": "1"})
    monkeypatch.setattr(subprocess, "Popen", lambda *arguments, **options: given.append(options["env"]))
    PlainApart(16, "cpu")
    assert given == [{"ADAIN": "1"}]


def test_an_interpreter_that_fails_is_named(capfd):
    with pytest.raises(AdaINError, match=r"exit status 1.*python -m adain_nodes.evaluation.apart"), PlainApart(16, "x"):
        pass
    assert "x" in capfd.readouterr().err
