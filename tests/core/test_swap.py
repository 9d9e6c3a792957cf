from __future__ import annotations

from itertools import product

import numpy as np
import pytest
import torch

from adain_nodes.core import swap
from adain_nodes.core.errors import InvalidValueError, ShapeError
from adain_nodes.core.swap import Patches, nearest_patches, style_swap, swap_levels, swap_seconds


def brute_force(content, style, size, stride):
    """C×H×W arrays: every patch against every other, as equation 1 of the paper reads. Patches must fit the map."""

    def places(map):
        return product(*(range(0, side - size + 1, stride) for side in map.shape[1:]))

    def patch(map, place):
        return map[:, place[0] : place[0] + size, place[1] : place[1] + size]

    candidates = [patch(style, place) for place in places(style)]
    total, count = np.zeros_like(content), np.zeros(content.shape[1:])
    chosen = []
    for place in places(content):
        ours = patch(content, place)
        cosines = [(ours * c).sum() / np.linalg.norm(ours) / np.linalg.norm(c) for c in candidates]
        chosen.append(int(np.argmax(cosines)))
        patch(total, place)[:] += candidates[chosen[-1]]
        patch(count[None], place)[:] += 1
    return total / count, chosen


@pytest.mark.parametrize(("size", "stride", "cells"), [(3, 1, (9, 8)), (3, 2, (9, 7)), (2, 2, (8, 6)), (1, 1, (4, 5))])
def test_it_finds_what_brute_force_finds(close, size, stride, cells):
    content, style = torch.rand(1, 5, *cells), torch.rand(1, 5, 7, 10)
    expected, chosen = brute_force(content[0].double().numpy(), style[0].double().numpy(), size, stride)
    patches = Patches(size, stride)
    assert nearest_patches(content, style, patches).flatten().tolist() == chosen
    close(style_swap(content, style, patches)[0], expected)


@pytest.mark.parametrize("patches", [Patches(3, 1), Patches(3, 2)])
def test_chunks_change_nothing(monkeypatch, patches):
    content, style = torch.rand(2, 6, 13, 11), torch.rand(1, 6, 12, 14)
    whole = style_swap(content, style, patches)
    monkeypatch.setattr(swap, "AT_ONCE", 12)
    shares: list[float] = []
    assert torch.equal(style_swap(content, style, patches, progress=shares.append), whole)
    assert len(shares) > 4
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_a_style_made_of_the_content_gives_it_back(close):
    content = torch.rand(1, 4, 8, 8)
    close(style_swap(content, content * 1.0), content)


def test_how_bright_patches_are_does_not_matter():
    """The correlation is normalised: a style patch of the right direction wins over a longer one of another."""
    content, style = torch.zeros(1, 2, 3, 3), torch.zeros(1, 2, 3, 6)
    content[:, 0] = 1
    style[:, 0, :, :3], style[:, 1, :, :3] = 0.1, 0.01
    style[..., 3:] = 5
    assert nearest_patches(content, style).item() == 0
    assert nearest_patches(1000 * content, style).item() == 0


def test_alpha_moves_from_the_content_to_the_swap(close):
    content, style = torch.rand(1, 4, 6, 6), torch.rand(1, 4, 6, 6)
    full = style_swap(content, style)
    assert torch.equal(style_swap(content, style, alpha=0), content)
    close(style_swap(content, style, alpha=0.25), 0.75 * content + 0.25 * full)
    with pytest.raises(InvalidValueError, match="alpha is 2"):
        style_swap(content, style, alpha=2)


@pytest.mark.parametrize("cells", [(1, 1), (2, 9), (8, 8), (7, 10)])
@pytest.mark.parametrize("stride", [1, 2, 3])
def test_contents_of_any_size_come_out_as_they_went_in(cells, stride):
    content, style = torch.rand(2, 3, *cells), torch.rand(2, 3, 5, 6)
    before = content.clone()
    result = style_swap(content, style, Patches(3, stride))
    assert result.shape == content.shape
    assert style.amin() <= result.amin() <= result.amax() <= style.amax()
    assert torch.equal(content, before)


def test_a_style_for_each_content(close):
    content, style = torch.rand(2, 3, 6, 6), torch.rand(2, 3, 6, 6)
    each = [style_swap(content[i : i + 1], style[i : i + 1]) for i in range(2)]
    close(style_swap(content, style), torch.cat(each))


def test_features_of_zeros_are_no_nan():
    """ReLUs leave many."""
    result = style_swap(torch.zeros(1, 3, 5, 5), torch.zeros(1, 3, 5, 5))
    assert torch.equal(result, torch.zeros(1, 3, 5, 5))


def test_half_precision_and_autocast_search_in_float32():
    content, style = torch.rand(1, 8, 9, 9).bfloat16(), torch.rand(1, 8, 9, 9).bfloat16()
    exact = nearest_patches(content.float(), style.float())
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(nearest_patches(content.float(), style.float()), exact)
        assert style_swap(content, style).dtype == torch.bfloat16


def test_gradients_reach_style_and_content():
    content, style = (torch.rand(1, 3, 6, 6, requires_grad=True) for _ in range(2))
    style_swap(content, style, alpha=0.75).sum().backward()
    torch.testing.assert_close(content.grad, torch.full_like(content, 0.25))
    assert style.grad.sum().item() == pytest.approx(0.75 * 108, rel=1e-5)


def test_a_style_smaller_than_a_patch_is_refused():
    with pytest.raises(InvalidValueError, match=r"The style has 2×4 cells, a patch 3×3\. Take a larger style picture"):
        style_swap(torch.rand(1, 3, 8, 8), torch.rand(1, 3, 4, 2))


@pytest.mark.parametrize("patches", [(3, 4), (3, 0), (0, 0)])
def test_patches_that_leave_gaps_are_refused(patches):
    with pytest.raises(InvalidValueError, match="do not cover a map"):
        Patches(*patches)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ShapeError, match="cannot be made of a style of shape"):
        style_swap(torch.rand(1, 3, 8, 8), torch.rand(1, 4, 8, 8))
    with pytest.raises(ShapeError, match="3 contents and 2 styles"):
        style_swap(torch.rand(3, 3, 8, 8), torch.rand(2, 3, 8, 8))
    with pytest.raises(ShapeError, match="1 levels, the style 2"):
        swap_levels((torch.rand(1, 3, 8, 8),), (torch.rand(1, 3, 8, 8),) * 2)


def test_every_level_is_swapped_and_progress_runs_through():
    content, style = ((torch.rand(1, 3, 8, 8), torch.rand(1, 5, 4, 4)) for _ in range(2))
    shares: list[float] = []
    result = swap_levels(content, style, progress=shares.append)
    for ours, level, look in zip(result, content, style, strict=True):
        assert torch.equal(ours, style_swap(level, look))
    assert shares == pytest.approx([6**4 * 3 / (6**4 * 3 + 2**4 * 5), 1])


def test_progress_of_a_content_that_is_smaller_than_a_patch():
    shares: list[float] = []
    swap_levels((torch.rand(1, 3, 2, 9),), (torch.rand(1, 3, 8, 8),), progress=shares.append)
    assert shares == [1]


def test_the_estimate_grows_with_the_work(monkeypatch):
    """By the clock of one part, of which the first time does not count."""
    clock = iter([0, 100, 0, 2, 0, 100, 0, 2])
    monkeypatch.setattr(swap, "perf_counter", lambda: next(clock))
    monkeypatch.setattr(swap, "AT_ONCE", 8)  # two rows of four
    content, style = torch.rand(3, 2, 8, 6), torch.rand(1, 2, 6, 6)  # 6×4 and 4×4 patches
    assert swap_seconds((content,), (style,)) == 2 * 3 * (24 / 8) * (16 / 8)
