from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch.nn import functional as F

from adain_nodes.models.normalization import Norm

Close = Callable[..., None]


def test_instance_normalisation_is_pytorch_s(close: Close) -> None:
    x, norm = 3 + 2 * torch.randn(2, 4, 6, 5), Norm(4)
    torch.nn.init.normal_(norm.scale)
    torch.nn.init.normal_(norm.shift)
    expected = F.instance_norm(x, weight=norm.scale[0], bias=norm.shift[0], eps=1e-5)
    close(norm(x), expected.detach())


def test_each_picture_has_its_own_style(close: Close) -> None:
    x, norm = torch.randn(2, 4, 6, 5), Norm(4, styles=3)
    torch.nn.init.normal_(norm.scale)
    torch.nn.init.normal_(norm.shift)
    made = norm(x, torch.eye(3)[[2, 0]])
    for picture, style in enumerate((2, 0)):
        alone = F.instance_norm(x[picture : picture + 1], weight=norm.scale[style], bias=norm.shift[style])
        close(made[picture : picture + 1], alone.detach())
    half = norm(x, torch.tensor([[0.5, 0.5, 0.0]]))
    close(half, (norm(x, torch.eye(3)[:1]) + norm(x, torch.eye(3)[1:2])).detach() / 2)  # linear in the statistics


def test_batch_normalisation_is_pytorch_s(close: Close) -> None:
    norm, theirs = Norm(4, "batch"), torch.nn.BatchNorm2d(4)
    for _ in range(3):
        x = 3 + 2 * torch.randn(5, 4, 6, 5)
        close(norm(x), theirs(x).detach())
    close(norm.eval()(x), theirs.eval()(x).detach())
    assert not torch.equal(norm(x), norm.train()(x))


@pytest.mark.parametrize("kind", ["instance", "batch"])
def test_bfloat16_keeps_its_dtype_and_learns(kind: str) -> None:
    norm = Norm(4, kind)  # pyright: ignore[reportArgumentType]
    with torch.autocast("cpu", torch.bfloat16):
        made = norm(torch.randn(2, 4, 6, 6, dtype=torch.bfloat16), torch.ones(1, 1))
    assert made.dtype == torch.bfloat16
    made.float().square().sum().backward()
    assert norm.scale.grad is not None
    assert norm.scale.grad.abs().min() > 0
