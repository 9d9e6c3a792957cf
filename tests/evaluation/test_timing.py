import pytest
import torch

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.evaluation import timing
from adain_nodes.evaluation.timing import median_seconds, timed


class Clock:
    """Time that passes only when a run says so."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def run(self, *durations):
        left = iter(durations)

        def spend():
            self.now += next(left)

        return spend


def test_medians_after_a_warm_up():
    clock = Clock()
    runs = {"a": clock.run(60, 1, 9, 2), "b": clock.run(30, 4, 4, 8)}
    assert median_seconds(runs, 3, clock=clock) == {"a": 2, "b": 4}


def test_runs_take_turns_and_are_announced():
    order, announced = [], []
    runs = {name: lambda name=name: order.append(name) for name in "abc"}
    median_seconds(runs, 2, progress=announced.append)
    assert order == announced == [*"abcabcabc"]


def test_no_rounds_measure_nothing():
    with pytest.raises(InvalidValueError, match="0 rounds"):
        median_seconds({}, 0)


def test_one_run_gives_its_result_and_what_it_took(monkeypatch):
    now = iter([3.0, 5.5])
    monkeypatch.setattr(timing, "perf_counter", lambda: next(now))
    assert timed(lambda: "done") == ("done", 2.5)


def test_what_was_left_to_an_accelerator_counts(monkeypatch):
    said = []
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "synchronize", lambda: said.append("wait"))
    timed(lambda: said.append("run"))
    assert said == ["wait", "run", "wait"]
