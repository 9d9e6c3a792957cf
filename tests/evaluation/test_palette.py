import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from skimage.color import rgb2lab

from adain_nodes.evaluation.palette import Palette


def straightforward(a, b):
    """The formula, with a root of the product that is no symmetric matrix."""
    (m1, c1), (m2, c2) = (
        (lab.mean(0), np.cov(lab.T, ddof=0))
        for lab in (rgb2lab(picture[0].permute(1, 2, 0).double().numpy()).reshape(-1, 3) for picture in (a, b))
    )
    return np.sqrt(((m1 - m2) ** 2).sum() + np.trace(c1 + c2 - 2 * sqrtm(c1 @ c2).real))


def test_the_distance_is_that_of_the_formula(pictures):
    warm = pictures[:1] * torch.tensor([1, 0.7, 0.3]).view(3, 1, 1)
    dark = pictures[1:2] ** 3
    for a, b in ((pictures[:1], warm), (warm, dark), (dark, pictures[:1])):
        ours = Palette.of(a).distance(Palette.of(b))
        assert ours == pytest.approx(straightforward(a, b), rel=1e-4)
        assert ours == pytest.approx(Palette.of(b).distance(Palette.of(a)))


def test_places_do_not_count(pictures):
    picture = pictures[:1]
    assert Palette.of(picture).distance(Palette.of(picture.flip(3))) == pytest.approx(0, abs=1e-2)
    palette = Palette.of(picture)
    assert palette.distance(palette) == pytest.approx(0, abs=1e-5)


def test_between_two_plain_colours_it_is_their_difference():
    black, white = (Palette.of(torch.full((1, 3, 8, 8), value)) for value in (0.0, 1.0))
    assert black.distance(white) == pytest.approx(100, abs=0.01)
