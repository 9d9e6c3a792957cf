from __future__ import annotations

import pytest
import torch

from adain_nodes.baselines.optimisation import Schedule, Watch
from adain_nodes.baselines.perception import Losses
from adain_nodes.baselines.texture import cloudy_noise, synthesise, synthesise_by_adain
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.gram import gram_matrix


@pytest.fixture
def stripes():
    """1×3×24×24 with a texture that noise does not have."""
    columns = torch.arange(24) // 3 % 2
    return torch.stack([columns, 1 - columns, columns * 0.5]).expand(24, 3, 24).movedim(1, 0)[None].float() * 0.8 + 0.1


@pytest.mark.parametrize("size", [(24, 24), (17, 40)])
def test_the_statistics_of_the_texture_are_approached(vgg, stripes, size):
    outcome = synthesise(stripes, size, vgg, Losses(style={"relu1_1": 1.0, "relu2_1": 1.0}), Schedule(40))
    assert outcome.picture.shape == (1, 3, *size)
    assert set(outcome.losses[0]) == {"total", "style"}
    assert outcome.losses[-1]["total"] < 0.02 * outcome.losses[0]["total"]
    network = vgg.with_levels(("relu1_1", "relu2_1"))
    for ours, theirs in zip(network(outcome.picture), network(stripes), strict=True):
        wanted = gram_matrix(theirs)
        assert (gram_matrix(ours) - wanted).norm() < 0.2 * wanted.norm()


def test_the_picture_is_of_the_seed_and_not_of_the_texture(vgg, stripes):
    made = [synthesise(stripes, (24, 24), vgg, schedule=Schedule(3, seed=seed)).picture for seed in (1, 1, 2)]
    assert torch.equal(made[0], made[1])
    assert not torch.equal(made[0], made[2])


def test_scales_run_from_coarse_to_fine(vgg, stripes):
    sizes = []
    watch = Watch(lambda step: sizes.append(tuple(step.picture.shape[2:])))
    outcome = synthesise(stripes, (21, 30), vgg, schedule=Schedule(2, scales=2), watch=watch)
    assert sizes == [(11, 15)] * 2 + [(21, 30)] * 2
    assert outcome.picture.shape == (1, 3, 21, 30)


@pytest.mark.parametrize(("texture", "size"), [((3, 30), (24, 24)), ((24, 24), (3, 30))])
def test_sizes_too_small_for_the_levels_are_refused(vgg, texture, size):
    with pytest.raises(InvalidValueError, match="30×3 px are too few for relu3_1"):
        synthesise(torch.rand(1, 3, *texture), size, vgg)


def test_noise_through_adain_has_the_colours_of_the_texture(transfer, stripes):
    shares: list[float] = []
    picture = synthesise_by_adain(stripes, (19, 33), transfer, passes=2, progress=shares.append)
    assert picture.shape == (1, 3, 19, 33)
    assert 0 <= picture.min() <= picture.max() <= 1
    torch.testing.assert_close(picture.mean((2, 3)), stripes.mean((2, 3)), rtol=0, atol=0.05)
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_noise_through_adain_depends_on_seed_and_passes(transfer, stripes):
    def made(**options):
        return synthesise_by_adain(stripes, (16, 16), transfer, **options)

    assert torch.equal(made(passes=1, seed=1), made(passes=1, seed=1))
    assert not torch.equal(made(passes=1, seed=1), made(passes=1, seed=2))
    assert not torch.equal(made(passes=1), made(passes=2))
    with pytest.raises(InvalidValueError, match="0 passes change nothing"):
        made(passes=0)


@pytest.mark.parametrize("size", [(1, 1), (40, 5), (64, 64)])
def test_cloudy_noise_has_detail_of_all_sizes(size):
    picture = cloudy_noise(size, 0)
    assert picture.shape == (1, 3, *size)
    assert picture.isfinite().all()
    if size == (64, 64):
        assert picture.mean().item() == pytest.approx(0.5, abs=0.01)
        coarse = torch.nn.functional.avg_pool2d(picture, 8)
        assert coarse.std() > 0.3 * picture.std()  # of white noise an eighth would be left
