"""Speed on this machine, in one run with the plain port: bounds that a machine of any speed should keep."""

from __future__ import annotations

import pytest

from adain_nodes.evaluation.speed import measure_speed


@pytest.mark.slow
@pytest.mark.usefixtures("no_weights")
def test_lite_is_many_times_as_fast_as_the_plain_port() -> None:
    """Half of what the README states: the machine may be busy with other things, and processors differ."""
    speed = measure_speed(["lite"], side=512, rounds=2, device="cpu")
    single, default = (speed.ratio(f"lite {dtype}") or 0 for dtype in ("float32", speed.dtype))
    assert single > 5
    assert default > (10 if speed.dtype == "bfloat16" else 5)
