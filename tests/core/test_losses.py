from __future__ import annotations

import numpy as np
import pytest
import torch

from adain_nodes.core.errors import ShapeError
from adain_nodes.core.losses import (
    ALIKE,
    PATCHES,
    content_loss,
    gram_loss,
    halo_loss,
    style_loss,
    total_loss,
    total_variation,
)
from adain_nodes.core.statistics import Statistics, style_statistics


def statistics(batch: int = 2, channels: int = 3) -> Statistics:
    return Statistics(torch.randn(batch, channels), torch.rand(batch, channels))


def test_content_loss_is_the_mean_squared_error(close):
    """Equation 12, per element as the reference implementations have it."""
    output, target = torch.randn(2, 3, 4, 5), torch.randn(2, 3, 4, 5)
    close(content_loss(output, target), np.mean((output.double().numpy() - target.double().numpy()) ** 2))
    assert content_loss(output, output) == 0


def test_style_loss_adds_means_and_deviations_over_the_levels(close):
    """Equation 13."""
    output, target = [statistics(), statistics(2, 5)], [statistics(), statistics(2, 5)]
    expected = 0.0
    for ours, theirs in zip(output, target, strict=True):
        for part in ("mean", "std"):
            expected += np.mean((getattr(ours, part).double().numpy() - getattr(theirs, part).double().numpy()) ** 2)
    close(style_loss(output, target), expected)
    assert style_loss(output, output) == 0


def test_levels_weigh_the_same_whatever_their_width():
    def level(channels: int, value: float) -> Statistics:
        return Statistics(torch.full((1, channels), value), torch.zeros(1, channels))

    assert style_loss([level(4, 1.0)], [level(4, 0.0)]) == 1
    assert style_loss([level(4, 1.0), level(512, 1.0)], [level(4, 0.0), level(512, 0.0)]) == 2


def test_total_loss_weighs_the_style():
    """Equation 11."""
    assert total_loss(torch.tensor(2.0), torch.tensor(3.0), 10) == 32


def test_gram_loss_is_that_of_the_paper(close):
    """Gatys et al. 2016, equation 4, with Gram matrices that are sums over M positions."""
    channels, positions = 3, 20
    output, target = torch.randn(2, 1, channels, channels)
    paper = ((output - target).double().numpy() * positions) ** 2
    close(gram_loss(output, target), paper.sum() / (4 * channels**2 * positions**2))
    with pytest.raises(ShapeError, match="like with like"):
        gram_loss(output, target[:, :2])


def half(left: float, right: float) -> torch.Tensor:
    """A picture of two flat halves, each three of the largest patches wide."""
    width = 3 * max(PATCHES)
    image = torch.full((1, 3, 2 * width, 2 * width), left)
    image[..., width:] = right
    return image


def test_halo_loss_is_the_squared_difference_of_patches_where_the_content_is_flat():
    """Patches begin at 0, 4, … 40 (0, 2, … 44; 0, 1, … 46) and the edge is at 24: one lies across it, half and half."""
    flat, step = half(0.5, 0.5), half(0.5, 0.9)
    assert halo_loss(flat, flat) == 0
    expected = 0.0
    for patches in (11, 23, 47):
        expected += (2 * 0.2**2 + 0.4**2) / (patches - 2)  # beside each other
        expected += (2 * 0.2**2 + 3 * 0.4**2) / (patches - 4)  # the next but one
    assert halo_loss(step, flat).item() == pytest.approx(expected, rel=1e-5)


def test_halo_loss_sees_a_rim_thinner_than_its_larger_patches(monkeypatch):
    """Four pixels along an edge, lighter by 0.2: the smaller patches make more than two thirds of the loss."""
    edge = half(0.2, 0.8)
    rim = edge.clone()
    rim[..., 24:28] += 0.2
    both, plain = halo_loss(rim, edge), halo_loss(edge, edge)
    monkeypatch.setattr("adain_nodes.core.losses.PATCHES", (8,))
    assert both - plain > 3 * (halo_loss(rim, edge) - halo_loss(edge, edge)) > 0


def test_halo_loss_forgives_edges_of_the_content_and_strokes_of_a_pixel():
    flat, step = half(0.5, 0.5), half(0.2, 0.2 + 10 * ALIKE)
    assert halo_loss(step, step) < halo_loss(step, flat) / 100
    strokes = flat.clone()
    strokes[..., ::2] += 0.2
    assert halo_loss(strokes, flat) == pytest.approx(0, abs=1e-10)


def test_halo_loss_needs_like_pictures_of_some_patches():
    with pytest.raises(ShapeError, match="24 pixels a side"):
        halo_loss(torch.zeros(1, 3, 23, 64), torch.zeros(1, 3, 23, 64))
    with pytest.raises(ShapeError, match="like with like"):
        halo_loss(torch.zeros(1, 3, 32, 64), torch.zeros(1, 3, 64, 64))


def test_total_variation():
    image = torch.zeros(1, 3, 4, 4)
    image[..., 2:] = 0.5  # one edge among three steps to the right: 0.25 / 3
    assert total_variation(image).item() == pytest.approx(0.25 / 3)
    assert total_variation(torch.full((1, 3, 4, 4), 0.7)).item() == 0


def test_half_precision_is_compared_in_float32():
    output = torch.full((1, 1, 2, 2), 400.0, dtype=torch.float16)  # its square is more than float16 holds
    loss = content_loss(output, torch.zeros_like(output))
    assert loss.dtype == torch.float32
    assert loss == 160000


def test_gradients(close):
    output, target = torch.randn(2, 3, 4, 5, requires_grad=True), torch.randn(2, 3, 4, 5)
    content_loss(output, target).backward()
    close(output.grad, 2 * (output - target) / output.numel())
    ours, theirs = torch.randn(2, 3, requires_grad=True), statistics()
    style_loss([Statistics(ours, theirs.std)], [theirs]).backward()
    close(ours.grad, 2 * (ours - theirs.mean) / 6)


def test_the_gradient_of_a_constant_output_is_finite():
    """A decoder that starts out grey must be able to learn."""
    output = torch.full((1, 3, 4, 4), 0.5, requires_grad=True)
    style_loss([style_statistics(output)], [statistics(1)]).backward()
    assert output.grad.isfinite().all()
    assert output.grad.count_nonzero() == output.numel()


@pytest.mark.parametrize("shape", [(2, 3, 4, 4), (1, 3, 4, 5), (2, 4, 4, 5)])
def test_other_shapes_are_refused(shape):
    """Broadcasting would give a number that means nothing."""
    with pytest.raises(ShapeError, match=r"the output has .*\[2, 3, 4, 5\].*, the target .*the same network"):
        content_loss(torch.zeros(2, 3, 4, 5), torch.zeros(shape))


@pytest.mark.parametrize("target", [[], [statistics()] * 2, [statistics(1)], [statistics(2, 4)]])
def test_other_statistics_are_refused(target):
    with pytest.raises(ShapeError, match="like with like"):
        style_loss([statistics()], target)


def test_no_levels_are_refused():
    with pytest.raises(ShapeError, match="no levels"):
        style_loss([], [])
