import sys

import pytest

from adain_nodes.core.errors import AdaINError
from adain_nodes.evaluation import startup
from adain_nodes.evaluation.startup import HELP, PACKAGE, PIPELINE, TORCH, measure_startup, run_python


def test_it_runs_this_interpreter():
    assert run_python("-c", "import sys; print(sys.executable)").strip() == sys.executable


def test_a_failure_carries_the_last_words():
    with pytest.raises(AdaINError, match="ZeroDivisionError: division by zero") as caught:
        run_python("-c", "1 / 0")
    assert caught.value.facts["returncode"] == 1
    with pytest.raises(AdaINError, match="exit status 3"):
        run_python("-c", "raise SystemExit(3)")


def test_each_command_is_run_in_turn(monkeypatch):
    calls = []
    monkeypatch.setattr(startup, "run_python", lambda *arguments: calls.append(arguments))
    result = measure_startup(2)
    assert list(result) == [TORCH, PACKAGE, PIPELINE, HELP]
    assert all(seconds >= 0 for seconds in result.values())
    assert calls == calls[:4] * 3
    assert [code for _, code, *_ in calls[:3]] == [TORCH, PACKAGE, PIPELINE]


def test_the_commands_work():
    for code in (TORCH, PACKAGE, PIPELINE):
        exec(code, {})
    assert "stylize" in run_python("-c", *startup._ARGUMENTS[HELP])
