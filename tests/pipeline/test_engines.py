"""The same pictures, whatever computes them."""

from __future__ import annotations

import pytest
import torch

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.engines import ENGINES
from adain_nodes.pipeline import StyleTransfer


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # of torch.compile's own code
def test_the_compiler_paints_the_same_picture(transfer, starry):
    compiled = StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32", engine="compile")
    assert compiled.fingerprint == transfer.fingerprint
    for size in ((65, 70), (96, 128)):
        content = torch.rand(1, 3, *size)
        expected = transfer.stylize(content, starry, alpha=0.8)
        assert (compiled.stylize(content, starry, alpha=0.8) - expected).abs().max() < 1e-4


def test_unknown_engines_are_named():
    with pytest.raises(InvalidValueError, match=f"no engine 'steam'. Choose {', '.join(ENGINES)}"):
        StyleTransfer.from_pretrained("lite", device="cpu", engine="steam")
