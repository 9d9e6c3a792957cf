from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from adain_nodes.core.adain import adain, adain_affine, adain_levels, check_alpha
from adain_nodes.core.errors import InvalidValueError, ShapeError
from adain_nodes.core.statistics import (
    BIASED,
    CONVENTIONS,
    ORIGINAL,
    UNBIASED,
    Statistics,
    content_statistics,
    style_statistics,
)
from adain_nodes.core.style import style_of

EPS = 1e-5


def maps(*shape: int) -> Tensor:
    return torch.randn(shape) * (0.5 + torch.rand(shape[:2])[..., None, None]) + torch.randn(shape[:2])[..., None, None]


def pytorch_port(content: Tensor, style: Tensor) -> Tensor:
    """What pytorch-AdaIN computes: unbiased variances, eps on both sides."""

    def statistics(features: Tensor) -> tuple[Tensor, Tensor]:
        flat = features.view(*features.shape[:2], -1)
        return flat.mean(dim=2)[..., None, None], (flat.var(dim=2) + EPS).sqrt()[..., None, None]

    (content_mean, content_std), (style_mean, style_std) = statistics(content), statistics(style)
    return (content - content_mean) / content_std * style_std + style_mean


def lua_original(content: Tensor, style: Tensor) -> Tensor:
    """What AdaIN-style computes: batch normalisation over the B·C maps, its affine set to the style's biased std."""
    one = content.reshape(1, -1, *content.shape[2:])
    flat = style.flatten(2)
    std, mean = flat.std(2, unbiased=False).flatten(), flat.mean(2).flatten()
    return F.batch_norm(one, None, None, weight=std, bias=mean, training=True, eps=EPS).view_as(content)


def biased(content: Tensor, style: Tensor) -> Tensor:
    (content_var, content_mean), (style_var, style_mean) = (
        torch.var_mean(features, (2, 3), correction=0, keepdim=True) for features in (content, style)
    )
    return (content - content_mean) * ((style_var + EPS) / (content_var + EPS)).sqrt() + style_mean


REFERENCES = pytest.mark.parametrize(
    ("convention", "reference"),
    [(UNBIASED, pytorch_port), (ORIGINAL, lua_original), (BIASED, biased)],
    ids=["unbiased", "original", "biased"],
)


@REFERENCES
@pytest.mark.parametrize("spread", [1.0, 0.01], ids=["usual", "eps counts"])
def test_each_convention_agrees_with_its_reference(close, convention, reference, spread):
    content, style = maps(2, 3, 3, 4) * spread, maps(2, 3, 5, 2) * spread
    result = adain(content, style_statistics(style, convention), convention=convention)
    assert result.shape == content.shape
    close(result, reference(content.double(), style.double()))


def test_the_references_differ_from_each_other():
    """So that none of the above can stand for another."""
    content, style = maps(2, 3, 3, 4) * 0.01, maps(2, 3, 5, 2) * 0.01
    results = [reference(content, style) for reference in (pytorch_port, lua_original, biased)]
    for i, one in enumerate(results):
        assert all(not torch.allclose(one, other, atol=1e-4) for other in results[:i])


def test_unbiased_is_the_default(close):
    content, style = maps(1, 3, 3, 4), maps(1, 3, 3, 4)
    close(adain(content, style_statistics(style)), pytorch_port(content, style))


@settings(max_examples=30)
@given(
    shape=st.tuples(st.integers(1, 2), st.integers(1, 4), st.integers(1, 6), st.integers(1, 6)),
    convention=st.sampled_from([UNBIASED, BIASED]),
    seed=st.integers(0, 1000),
)
def test_a_picture_in_its_own_style_stays_as_it_is(close, shape, convention, seed):
    torch.manual_seed(seed)
    features = maps(*shape)
    close(adain(features, style_statistics(features, convention), convention=convention), features)


def test_the_result_has_the_statistics_of_the_style(close):
    style = style_statistics(maps(2, 3, 7, 5))
    result = content_statistics(adain(maps(2, 3, 16, 9), style))
    torch.testing.assert_close(result.mean, style.mean, rtol=0, atol=1e-5)
    torch.testing.assert_close(result.std, style.std, rtol=1e-4, atol=0)  # the content's eps is in between


@pytest.mark.parametrize("alpha", [0.0, 0.25, 0.8, 1.0])
def test_alpha_interpolates_between_the_features(close, alpha):
    features, style = maps(2, 3, 4, 5), style_statistics(maps(2, 3, 6, 6))
    expected = (1 - alpha) * features + alpha * adain(features, style)  # equation 14
    close(adain(features, style, alpha), expected)


def test_alpha_0_is_exactly_the_content():
    features = maps(2, 3, 4, 5)
    assert torch.equal(adain(features, style_statistics(maps(1, 3, 4, 5)), 0), features)


def test_alpha_picture_by_picture():
    features, style = maps(3, 2, 4, 5), style_statistics(maps(1, 2, 6, 6))
    together = adain(features, style, torch.tensor([0.0, 0.3, 1.0]))
    for i, alpha in enumerate((0.0, 0.3, 1.0)):
        torch.testing.assert_close(together[i : i + 1], adain(features[i : i + 1], style, alpha))


@pytest.mark.parametrize("alpha", [-0.1, 1.001, float("nan"), float("inf")])
@pytest.mark.parametrize("form", ["number", "tensor"])
def test_alpha_out_of_range(alpha, form):
    wrong = alpha if form == "number" else torch.tensor([0.5, alpha, 0.5])
    for refuse in (
        lambda: check_alpha(wrong),
        lambda: adain(maps(3, 2, 4, 5), style_statistics(maps(1, 2, 4, 5)), wrong),
    ):
        with pytest.raises(InvalidValueError, match=f"alpha is {alpha:g}.*between 0.*and 1") as caught:
            refuse()
        assert caught.value.facts["alpha"] == pytest.approx(alpha, nan_ok=True)


@pytest.mark.parametrize("alpha", [0, 1, 0.5, torch.tensor([0.0, 1.0])])
def test_alpha_in_range_is_handed_back(alpha):
    assert check_alpha(alpha) is alpha


@pytest.mark.parametrize(("pictures", "styles"), [(3, 1), (1, 3), (3, 3)])
def test_one_style_for_all_or_one_for_each(pictures, styles):
    content, style = maps(pictures, 2, 4, 5), maps(styles, 2, 3, 3)
    result = adain(content, style_statistics(style))
    assert result.shape == (3, 2, 4, 5)
    for i in range(3):
        single = adain(content[i % pictures, None], style_statistics(style[i % styles, None]))
        torch.testing.assert_close(result[i, None], single)


@pytest.mark.parametrize(("pictures", "styles", "alphas"), [(2, 3, 1), (3, 1, 2), (1, 3, 2), (3, 3, 4)])
def test_numbers_that_do_not_fit_are_refused(pictures, styles, alphas):
    with pytest.raises(ShapeError, match=f"there are {pictures}, {styles} and {alphas}") as caught:
        adain(maps(pictures, 2, 4, 5), style_statistics(maps(styles, 2, 4, 5)), torch.full((alphas,), 0.5))
    assert caught.value.facts == {"pictures": pictures, "styles": styles, "alphas": alphas}


def test_other_channels_are_refused():
    with pytest.raises(ShapeError, match="3 channels, the style has 2"):
        adain(maps(1, 3, 4, 5), style_statistics(maps(1, 2, 4, 5)))


def test_statistics_of_more_than_the_map(close):
    """A tile, normalised by the statistics of the picture, equals that part of the picture."""
    picture, style = maps(1, 3, 8, 8), style_statistics(maps(1, 3, 4, 5))
    tile = adain(picture[..., 2:5, 4:], style, 0.7, content=content_statistics(picture))
    torch.testing.assert_close(tile, adain(picture, style, 0.7)[..., 2:5, 4:])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_goes_in_and_out(close, dtype):
    features, style = maps(1, 3, 16, 16), style_statistics(maps(1, 3, 8, 8))
    result = adain(features.to(dtype), style, 0.8)
    assert result.dtype == dtype
    assert torch.equal(result, adain(features.to(dtype).float(), style, 0.8).to(dtype))
    close(result, adain(features, style, 0.8))


def test_autocast_changes_nothing():
    features, style = maps(1, 3, 16, 16), style_statistics(maps(1, 3, 8, 8))
    with torch.autocast("cpu", torch.bfloat16):
        inside = adain(features, style, 0.8)
    assert torch.equal(inside, adain(features, style, 0.8))


@REFERENCES
def test_gradients_flow_to_features_and_style(close, convention, reference):
    content, style, weight = maps(1, 2, 3, 4), maps(1, 2, 4, 3), torch.randn(1, 2, 3, 4)
    ours = content.clone().requires_grad_(), style.clone().requires_grad_()
    theirs = content.double().requires_grad_(), style.double().requires_grad_()
    result = adain(ours[0], style_statistics(ours[1], convention), convention=convention)
    (result * weight).sum().backward()
    (reference(*theirs) * weight).sum().backward()
    close(ours[0].grad, theirs[0].grad)
    close(ours[1].grad, theirs[1].grad)


def test_the_affine_is_scale_and_shift_in_numbers():
    content = Statistics(torch.tensor([[2.0]]), torch.tensor([[4.0]]))
    style = Statistics(torch.tensor([[1.0]]), torch.tensor([[2.0]]))
    affine = adain_affine(content, style, 0.5)  # fully: 0.5 x + 0; half of the way from the content: 0.75 x + 0
    assert affine.scale.item() == 0.75
    assert affine.shift.item() == 0
    assert affine.apply(torch.full((1, 1, 1, 2), 8.0)).flatten().tolist() == [6, 6]
    moved = adain_affine(content, Statistics(style.mean + 3, style.std), 0.5)
    assert moved.shift.item() == 1.5


def test_every_level_receives_its_own_statistics():
    features = maps(2, 3, 8, 8), maps(2, 5, 4, 4)
    style = style_of((maps(1, 3, 6, 6), maps(1, 5, 3, 3)), ("one", "two"), "test:0", BIASED)
    result = adain_levels(features, style, 0.6)
    for level, given_, statistics in zip(result, features, style.levels, strict=True):
        assert torch.equal(level, adain(given_, statistics, 0.6, convention=BIASED))


def test_a_style_of_other_levels_is_refused():
    style = style_of((maps(1, 3, 6, 6),), ("one",), "test:0", BIASED)
    with pytest.raises(ShapeError, match=r"levels of \[3\] channels \(one\), the features of \[3, 5\]"):
        adain_levels((maps(1, 3, 8, 8), maps(1, 5, 4, 4)), style)


@pytest.mark.parametrize("convention", CONVENTIONS.values(), ids=CONVENTIONS)
def test_a_single_pixel_takes_the_mean_of_the_style(close, convention):
    style = style_statistics(maps(1, 3, 6, 6), convention)
    close(adain(maps(1, 3, 1, 1), style, convention=convention), style.mean[..., None, None], torch.float16)


def test_inputs_stay_as_they_were():
    features, style = maps(1, 2, 4, 5), style_statistics(maps(1, 2, 4, 5))
    copies = features.clone(), *(t.clone() for t in style)
    adain(features, style, 0.5)
    for tensor, copy in zip((features, *style), copies, strict=True):
        assert torch.equal(tensor, copy)
