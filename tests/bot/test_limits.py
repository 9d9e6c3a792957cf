"""Limits and rates."""

from __future__ import annotations

import pytest

from adain_nodes.bot.limits import MINUTE, Limits, Rate
from adain_nodes.core.errors import InvalidValueError


@pytest.mark.parametrize("name", ["megabytes", "pixels", "messages", "jobs", "line"])
def test_a_limit_lets_somebody_in(name):
    assert getattr(Limits(**{name: 1}), name) == 1
    with pytest.raises(InvalidValueError, match=f"A limit of 0 {name} lets nobody in"):
        Limits(**{name: 0})


class Clock:
    """Seconds, set by hand."""

    now = 1000.0

    def __call__(self):
        return self.now


def test_messages_of_the_last_minute_count_for_each_user():
    clock = Clock()
    rate = Rate(2, clock)
    assert [rate.excess(1) for _ in range(5)] == [0, 0, 1, 2, 2]
    assert rate.excess(2) == 0
    clock.now += MINUTE - 0.1
    assert rate.excess(1) == 2
    clock.now += 0.1
    assert [rate.excess(1) for _ in range(3)] == [0, 0, 1]


def test_the_minute_is_a_sliding_one():
    clock = Clock()
    rate = Rate(2, clock)
    found = []
    for _ in range(6):
        found.append(rate.excess(1))
        clock.now += 25
    assert found == [0, 0, 1, 1, 1, 1]


def test_who_is_silent_is_forgotten():
    clock = Clock()
    rate = Rate(2, clock)
    for user in range(50):
        rate.excess(user)
    clock.now += MINUTE / 2
    rate.excess(7)
    clock.now += MINUTE / 2
    rate.excess(99)
    assert set(rate._times) == {7, 99}
