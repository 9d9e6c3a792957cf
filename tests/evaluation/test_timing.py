import pytest

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.evaluation.timing import median_seconds


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
