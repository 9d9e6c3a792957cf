import sys

import numpy as np
import pytest

from adain_nodes.evaluation import memory
from adain_nodes.evaluation.memory import MEASURABLE, Memory, measure_memory

pytestmark = pytest.mark.skipif(not MEASURABLE, reason="this system does not tell a process its peak")


@pytest.mark.usefixtures("no_weights")
def test_a_fresh_interpreter_measures_itself():
    result = measure_memory("lite", 64, "float32")
    assert (result.model, result.side, result.note) == ("lite", 64, "")
    assert 4 * 1_600_000 < result.bytes < 1e9  # the weights at least


def test_what_the_interpreter_says_is_read(monkeypatch):
    calls = []

    def run(*arguments):
        calls.append(arguments)
        return '{"model": "vgg19", "side": 1024, "bytes": 840000000, "note": "random"}'

    monkeypatch.setattr(memory, "run_python", run)
    expected = Memory("vgg19", 1024, 840_000_000, "random")
    assert (measure_memory("vgg19"), measure_memory("vgg19", 64, "float32")) == (expected, expected)
    start = ("-m", "adain_nodes.evaluation.memory", "vgg19")
    assert calls == [(*start, "1024", "auto"), (*start, "64", "float32")]


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere only the peak is known")
def test_memory_that_is_held_and_memory_that_was():
    block = 200_000_000
    before = memory._resident_bytes()
    held = np.ones(block, np.uint8)
    assert memory._resident_bytes() - before == pytest.approx(block, rel=0.1)
    del held
    assert memory._resident_bytes() - before < block / 2
    assert memory._peak_bytes() - before > 0.9 * block
