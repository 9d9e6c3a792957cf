from __future__ import annotations

import numpy as np
import pytest
import torch

from adain_nodes.core.errors import ShapeError
from adain_nodes.core.gram import gram_matrix


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_it_is_the_mean_product_of_each_two_channels(close, layout):
    features = torch.randn(2, 5, 4, 7)
    x = features.double().numpy().reshape(2, 5, 28)
    close(gram_matrix(features.contiguous(memory_format=layout)), np.einsum("bip,bjp->bij", x, x) / 28)


def test_neither_places_nor_size_matter(close):
    features = torch.randn(1, 4, 6, 6)
    shuffled = features.flatten(2)[..., torch.randperm(36)].reshape(1, 4, 6, 6)
    gram = gram_matrix(features)
    close(gram_matrix(shuffled), gram)
    close(gram_matrix(features.repeat(1, 1, 3, 2)), gram)


def test_gradient_is_the_right_one_whatever_follows():
    features = torch.randn(2, 3, 4, 2, dtype=torch.float64, requires_grad=True)
    weights = torch.randn(2, 3, 3)  # not symmetrical

    def weighed(x: torch.Tensor) -> torch.Tensor:
        return (gram_matrix(x) * weights).sum()

    (ours,) = torch.autograd.grad(weighed(features), features)
    flat = features.flatten(2).float()
    (theirs,) = torch.autograd.grad((flat @ flat.mT / 8 * weights).sum(), features)
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


def test_half_precision_is_summed_in_float32():
    features = torch.full((1, 1, 64, 64), 300.0, dtype=torch.float16, requires_grad=True)
    gram = gram_matrix(features)  # of squares that float16 cannot hold
    assert gram.item() == pytest.approx(90000)
    gram.backward(torch.ones(1, 1, 1))
    assert features.grad.dtype == torch.float16


def test_autocast_leaves_the_sum_in_float32():
    features = torch.randn(1, 8, 16, 16)
    exact = gram_matrix(features)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(gram_matrix(features), exact)


@pytest.mark.parametrize("shape", [(3, 4, 4), (1, 3, 0, 4)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ShapeError, match="expected batch × channels × height × width"):
        gram_matrix(torch.zeros(shape))
