from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from adain_nodes.core.errors import InvalidValueError, ShapeError
from adain_nodes.core.statistics import (
    BIASED,
    CONVENTIONS,
    ORIGINAL,
    UNBIASED,
    content_statistics,
    merge_moments,
    moments,
    style_statistics,
)

EPS = 1e-5


def maps(*shape: int) -> Tensor:
    """Features with another mean and spread in each channel."""
    channels = torch.arange(1.0, shape[1] + 1)[:, None, None]
    return torch.randn(shape) * channels + channels


def in_numpy(features: Tensor, mask: Tensor | None = None, *, ddof: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance by numpy in float64; `aweights` with ddof 1 is the effective sample size (Σw)² / Σw²."""
    x = features.double().flatten(2).numpy()
    w = np.ones((len(x), x.shape[2])) if mask is None else mask.double().flatten(1).expand(len(x), -1).numpy()
    means = [np.average(picture, axis=1, weights=weights) for picture, weights in zip(x, w, strict=True)]
    variances = [
        [np.cov(channel, aweights=weights, ddof=ddof) for channel in picture]
        for picture, weights in zip(x, w, strict=True)
    ]
    return np.array(means), np.array(variances)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("unbiased", [False, True])
def test_statistics_agree_with_numpy(close, unbiased, masked):
    features = maps(2, 3, 5, 7)
    mask = torch.rand(2, 1, 5, 7) if masked else None
    mean, variance = in_numpy(features, mask, ddof=int(unbiased))
    ours = moments(features, mask).statistics(unbiased=unbiased, eps=EPS)
    assert ours.mean.shape == ours.std.shape == (2, 3)
    assert ours.mean.dtype == ours.std.dtype == torch.float32
    close(ours.mean, mean)
    close(ours.std, np.sqrt(variance + EPS))


def test_unbiased_is_what_the_pytorch_port_computes(close):
    features = maps(2, 3, 4, 6)
    flat = features.view(2, 3, -1)
    for statistics in (content_statistics(features), style_statistics(features)):  # the default convention
        close(statistics.mean, flat.mean(dim=2))
        close(statistics.std, (flat.var(dim=2) + EPS).sqrt())


def test_original_adds_eps_to_the_content_only_and_biased_to_both(close):
    features = maps(2, 3, 4, 6) * 0.01  # small, for eps to count
    variance = features.flatten(2).var(2, unbiased=False)
    with_eps, without = (variance + EPS).sqrt(), variance.sqrt()
    assert not torch.allclose(with_eps, without, rtol=1e-2)
    for convention, of_content, of_style in ((ORIGINAL, with_eps, without), (BIASED, with_eps, with_eps)):
        close(content_statistics(features, convention).std, of_content)
        close(style_statistics(features, convention).std, of_style)


def test_conventions_are_found_by_name():
    assert CONVENTIONS == {"unbiased": UNBIASED, "biased": BIASED, "original": ORIGINAL}


def test_a_hard_mask_is_a_crop(close):
    features, mask = maps(2, 3, 6, 8), torch.zeros(1, 1, 6, 8)
    mask[..., 1:4, 2:7] = 1
    for convention in CONVENTIONS.values():
        for statistics in (content_statistics, style_statistics):
            ours, cropped = statistics(features, convention, mask), statistics(features[..., 1:4, 2:7], convention)
            close(ours.mean, cropped.mean)
            close(ours.std, cropped.std)


@settings(max_examples=25)
@given(scale=st.floats(1e-3, 1.0))
def test_only_the_proportions_of_a_mask_count(close, scale):
    features, mask = maps(1, 2, 4, 5), torch.rand(1, 1, 4, 5)
    ours, scaled = (content_statistics(features, UNBIASED, m) for m in (mask, mask * scale))
    close(scaled.mean, ours.mean)
    close(scaled.std, ours.std)


@pytest.mark.parametrize("convention", CONVENTIONS.values(), ids=CONVENTIONS)
def test_one_pixel_and_constant_maps_have_no_spread(close, convention):
    """Where torch.var gives NaN: documented as variance 0."""
    pixel = torch.tensor([2.0, -3.0]).reshape(1, 2, 1, 1)
    one_cell = torch.zeros(1, 1, 4, 5)
    one_cell[..., 2, 3] = 0.3
    for features, mask in ((pixel, None), (pixel.expand(1, 2, 4, 5), None), (pixel.expand(1, 2, 4, 5), one_cell)):
        for statistics, eps in (
            (content_statistics(features, convention, mask), convention.content_eps),
            (style_statistics(features, convention, mask), convention.style_eps),
        ):
            close(statistics.mean, [[2.0, -3.0]])
            close(statistics.std, torch.full((1, 2), eps**0.5))


@pytest.mark.parametrize("unbiased", [False, True])
def test_an_empty_mask_gives_mean_and_variance_0(unbiased):
    statistics = moments(maps(1, 2, 4, 5), torch.zeros(1, 1, 4, 5)).statistics(unbiased=unbiased, eps=EPS)
    assert torch.equal(statistics.mean, torch.zeros(1, 2))
    assert torch.equal(statistics.std, torch.full((1, 2), EPS).sqrt())


def test_a_large_mean_does_not_drown_the_spread(close):
    """The mean of squares minus the square of the mean loses all digits here."""
    features = torch.randn(1, 2, 16, 16) + 5000
    _, variance = in_numpy(features, ddof=0)
    for mask in (None, torch.ones(1, 1, 16, 16)):
        close(content_statistics(features, BIASED, mask).std, np.sqrt(variance + EPS))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_maps_are_computed_in_float32(dtype):
    features = (maps(2, 3, 32, 32) * 100).to(dtype)  # their squares sum to more than float16 holds
    mask = torch.rand(2, 1, 32, 32).to(dtype)
    for weights in (None, mask):
        ours = content_statistics(features, UNBIASED, weights)
        theirs = content_statistics(features.float(), UNBIASED, None if weights is None else weights.float())
        assert ours.std.dtype == torch.float32
        assert torch.equal(ours.mean, theirs.mean)
        assert torch.equal(ours.std, theirs.std)


@st.composite
def tilings(draw: st.DrawFn) -> tuple[int, int, list[tuple[slice, slice]]]:
    """A height, a width, and tiles that cover them: rows of any height, each cut into columns on its own."""

    def cuts(length: int) -> list[slice]:
        inner = draw(st.sets(st.integers(1, length - 1), max_size=4)) if length > 1 else set()
        edges = [0, *sorted(inner), length]
        return [slice(start, stop) for start, stop in pairwise(edges)]

    height, width = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    tiles = [(rows, columns) for rows in cuts(height) for columns in cuts(width)]
    return height, width, draw(st.permutations(tiles))


@settings(max_examples=60)
@given(tiling=tilings(), masked=st.booleans(), seed=st.integers(0, 1000))
def test_moments_of_tiles_merge_to_those_of_the_whole(close, tiling, masked, seed):
    height, width, tiles = tiling
    torch.manual_seed(seed)
    features = maps(2, 3, height, width)
    mask = torch.rand(2, 1, height, width).round(decimals=1) if masked else None  # rounded: some cells are 0
    parts = [moments(features[..., y, x], None if mask is None else mask[..., y, x]) for y, x in tiles]
    whole, merged, in_other_order = moments(features, mask), merge_moments(parts), merge_moments(reversed(parts))
    assert all(t.dtype == torch.float64 for t in merged)
    for ours, expected, again in zip(merged, whole, in_other_order, strict=True):
        close(ours, expected)
        close(ours, again)
    for unbiased in (False, True):
        ours, expected = (m.statistics(unbiased=unbiased, eps=EPS) for m in (merged, whole))
        one_digit = torch.finfo(torch.float32).eps  # the mean of a few numbers may lie half-way between two
        torch.testing.assert_close(ours.mean, expected.mean, rtol=one_digit, atol=0)
        torch.testing.assert_close(ours.std, expected.std, rtol=one_digit, atol=0)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_statistics_of_large_maps_do_not_depend_on_their_parts(dtype, masked, layout):
    """To the bit: single samples of noise were further than 2e-5 from those of an untiled picture otherwise."""
    features = (maps(2, 32, 201, 303) + 10).to(dtype, memory_format=layout)
    mask = torch.rand(2, 1, 201, 303) if masked else None
    tiles = [(slice(y, y + 64), slice(x, x + 112)) for y in range(0, 201, 64) for x in range(0, 303, 112)]
    parts = [moments(features[..., y, x], None if mask is None else mask[..., y, x]) for y, x in tiles]
    merged, whole = (m.statistics(unbiased=False, eps=EPS) for m in (merge_moments(parts), moments(features, mask)))
    assert torch.equal(merged.mean, whole.mean)
    assert torch.equal(merged.std, whole.std)


def test_merging_adds_in_float64(close):
    """A thousand tiles of a map whose mean is far from 0; merged in float32 the spread would be off by percents."""
    features = torch.randn(1, 1, 1000, 16) + 5000
    merged = merge_moments(moments(row) for row in features.split(1, dim=2)).statistics(unbiased=False, eps=0)
    close(merged.std, [[features.double().numpy().std()]])


def test_empty_parts_count_for_nothing(close):
    features = maps(2, 3, 4, 5)
    whole, empty = moments(features), moments(features, torch.zeros(1, 1, 4, 5))
    for parts in ([empty, empty, whole], [whole, empty], [empty, whole, empty]):
        for ours, expected in zip(merge_moments(parts), whole, strict=True):
            close(ours, expected)
    assert all(torch.equal(t, torch.zeros_like(t)) for t in merge_moments([empty, empty]))


def test_one_mask_for_all_pictures_counts_for_each():
    weight, weight_squared, mean, scatter = moments(maps(2, 3, 4, 5), torch.full((1, 1, 4, 5), 0.5))
    assert torch.equal(weight, torch.full((2, 1), 10.0))
    assert torch.equal(weight_squared, torch.full((2, 1), 5.0))
    assert mean.shape == scatter.shape == (2, 3)


def test_merging_nothing_is_an_error():
    with pytest.raises(InvalidValueError, match="no moments to merge"):
        merge_moments([])


@pytest.mark.parametrize("shape", [(3, 4, 5), (1, 3, 0, 5), (0, 3, 4, 5)])
def test_maps_of_another_shape_are_refused(shape):
    with pytest.raises(ShapeError, match=r"batch × channels × height × width") as caught:
        moments(torch.zeros(shape))
    assert caught.value.facts["shape"] == shape


@pytest.mark.parametrize("shape", [(1, 1, 4, 6), (1, 3, 4, 5), (3, 1, 4, 5), (1, 4, 5)])
def test_masks_that_do_not_fit_are_refused(shape):
    with pytest.raises(ShapeError, match=r"need 2×1×4×5 \(or 1×1×4×5\).*resize_mask"):
        moments(torch.zeros(2, 3, 4, 5), torch.ones(shape))


@pytest.mark.parametrize("convention", CONVENTIONS.values(), ids=CONVENTIONS)
def test_gradients_are_those_of_the_definition(convention):
    """gradcheck, with steps that float32 resolves."""
    features, mask = maps(1, 2, 2, 3).double().requires_grad_(), torch.rand(1, 1, 2, 3)
    for weights in (None, mask):
        assert torch.autograd.gradcheck(
            lambda x, w=weights: tuple(t.double() for t in style_statistics(x, convention, w)),
            features,
            eps=1e-2,
            atol=1e-3,
            rtol=1e-2,
        )


@pytest.mark.parametrize("convention", CONVENTIONS.values(), ids=CONVENTIONS)
def test_gradients_of_a_constant_map_are_finite(convention):
    """Without a guard the gradient of sqrt at 0 is infinite, and 0 × ∞ turns training to NaN."""
    for shape in ((1, 2, 3, 4), (1, 2, 1, 1)):
        features = torch.full(shape, 0.5, requires_grad=True)
        statistics = style_statistics(features, convention)
        (statistics.mean.sum() + statistics.std.sum()).backward()
        expected = torch.full(shape, 1 / (shape[2] * shape[3]))  # the mean's; the spread's is 0
        torch.testing.assert_close(features.grad, expected)


def test_inputs_stay_as_they_were():
    features, mask = maps(1, 2, 4, 5), torch.rand(1, 1, 4, 5)
    copies = features.clone(), mask.clone()
    content_statistics(features, UNBIASED, mask)
    content_statistics(features)
    merge_moments([moments(features, mask)])
    assert torch.equal(features, copies[0])
    assert torch.equal(mask, copies[1])
