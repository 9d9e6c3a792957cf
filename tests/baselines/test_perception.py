from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from adain_nodes.baselines.perception import STATISTICS, Losses, Perception, Target, parse_levels
from adain_nodes.core.errors import InvalidValueError


def gram(level):
    x = level.double().flatten(2).numpy()
    return np.einsum("bip,bjp->bij", x, x) / x.shape[2]


def test_the_loss_is_what_the_paper_says(vgg, close):
    """Content at the deepest level, Gram matrices at all of them, written down again with numpy."""
    picture, content, style = torch.rand(3, 1, 3, 16, 20).unbind()
    perception = Perception(vgg, Losses(variation_weight=3.0))
    losses = perception.judge(picture, Target(perception.content_of(content), perception.style_of(style)))
    network = vgg.with_levels(("relu1_1", "relu2_1", "relu3_1"))
    ours, wanted, looks = (network(each) for each in (picture, content, style))
    expected = {
        "content": np.mean((ours[-1] - wanted[-1]).double().numpy() ** 2),
        "style": sum(np.mean((gram(a) - gram(b)) ** 2) / 4 for a, b in zip(ours, looks, strict=True)),
        "variation": np.mean(np.diff(picture.double().numpy(), axis=2) ** 2)
        + np.mean(np.diff(picture.double().numpy(), axis=3) ** 2),
    }
    total = expected["content"] + STATISTICS["gram"].weight * expected["style"] + 3 * expected["variation"]
    assert list(losses) == ["total", "content", "style", "variation"]
    for name, value in (expected | {"total": total}).items():
        assert losses[name].item() == pytest.approx(value, rel=1e-4), name


def test_statistics_of_adain(vgg):
    """Equation 13 of the AdaIN paper, with biased deviations."""
    picture, style = torch.rand(2, 1, 3, 16, 16).unbind()
    perception = Perception(vgg, Losses(statistics="mean-std", content={}, style={"relu2_1": 2.0}))
    found = perception.judge(picture, Target({}, perception.style_of(style)))
    a, b = (vgg.with_levels(("relu2_1",))(each)[0].double() for each in (picture, style))
    means = (a.mean((2, 3)) - b.mean((2, 3))).square().mean()
    stds = ((a.var((2, 3), correction=0) + 1e-5).sqrt() - (b.var((2, 3), correction=0) + 1e-5).sqrt()).square().mean()
    assert found["style"].item() == pytest.approx(2 * (means + stds).item(), rel=1e-4)
    assert list(found) == ["total", "style"]


def test_weights_of_terms_and_levels_and_alpha(vgg):
    picture, content, style = torch.rand(3, 1, 3, 16, 16).unbind()

    def judged(alpha=1.0, **losses):
        perception = Perception(vgg, Losses(**losses))
        target = Target(perception.content_of(content), perception.style_of(style))
        return {name: loss.item() for name, loss in perception.judge(picture, target, alpha).items()}

    plain = judged(style={"relu1_1": 1.0}, style_weight=2.0)
    assert judged(style={"relu1_1": 3.0})["style"] == pytest.approx(3 * plain["style"])
    assert judged(content={"relu3_1": 0.5})["content"] == pytest.approx(0.5 * plain["content"])
    heavier = judged(style={"relu1_1": 1.0}, style_weight=4.0, content_weight=3.0, alpha=0.5)
    assert heavier["total"] == pytest.approx(3 * plain["content"] + 2 * plain["style"])


def test_average_pooling_is_another_network_with_the_same_weights(vgg):
    picture = torch.rand(1, 3, 17, 19)
    average, usual = (Perception(vgg, Losses(pooling=kind)) for kind in ("average", "max"))
    assert isinstance(average.network.pool, nn.AvgPool2d)
    assert isinstance(vgg.pool, nn.MaxPool2d)
    a, b = average.see(picture), usual.see(picture)
    assert torch.equal(a["relu1_1"], b["relu1_1"])
    assert a["relu3_1"].shape == b["relu3_1"].shape
    assert not torch.allclose(a["relu3_1"], b["relu3_1"])


def test_other_encoders_are_seen_through_at_their_own_levels(lite):
    perception = Perception(lite, Losses())
    assert (set(perception.content), set(perception.style)) == ({"level3"}, {"level1", "level2", "level3"})
    assert perception.see(torch.rand(1, 3, 16, 16)).keys() == perception.style.keys()


def test_a_level_that_the_encoder_lacks_is_named(vgg, lite):
    with pytest.raises(InvalidValueError, match="This VGG-19 reaches relu3_1; relu4_2 lies deeper"):
        Perception(vgg, Losses(content={"relu4_2": 1.0}))
    with pytest.raises(InvalidValueError, match="VGG-19 has no level 'relu3_9'"):
        Perception(vgg, Losses(style={"relu3_9": 1.0}))
    with pytest.raises(InvalidValueError, match=r"lite encoder has no level relu1_1\. It has level1, level2, level3"):
        Perception(lite, Losses(style={"relu1_1": 1.0}))


def test_a_picture_too_small_for_the_levels_is_refused(vgg):
    perception = Perception(vgg, Losses())
    with pytest.raises(InvalidValueError, match=r"9×4 px are too few for relu3_1, which takes sides of 5 px or more"):
        perception.pyramid(torch.rand(1, 3, 7, 17), 2)


def test_a_pyramid_runs_from_coarse_to_fine(vgg):
    pyramid = Perception(vgg, Losses()).pyramid(torch.rand(1, 3, 40, 60), 3)
    assert [tuple(each.shape[2:]) for each in pyramid] == [(10, 15), (20, 30), (40, 60)]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"statistics": "sorted"}, "no statistics 'sorted'. Choose gram or mean-std"),
        ({"pooling": "min"}, "no pooling 'min'"),
        ({"style": {}}, "The style has no levels"),
        ({"style": {"relu1_1": -1.0}}, "weight of relu1_1 is -1"),
        ({"content_weight": float("nan")}, "weight of content is nan"),
    ],
)
def test_wrong_choices_are_refused(wrong, message):
    with pytest.raises(InvalidValueError, match=message):
        Losses(**wrong)


def test_levels_are_written_as_text():
    assert parse_levels("relu1_1, relu2_1:0.5") == {"relu1_1": 1.0, "relu2_1": 0.5}
    assert parse_levels(" ") is None
    with pytest.raises(InvalidValueError, match="'relu2_1:half' is not a level and a weight"):
        parse_levels("relu2_1:half")
