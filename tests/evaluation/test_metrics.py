from __future__ import annotations

import json
import sys
from dataclasses import asdict

import numpy as np
import pytest
import torch
from skimage.metrics import structural_similarity
from torch.nn import functional as F

from adain_nodes.core.errors import AdaINError, EncoderMismatchError, MissingWeightsError, ShapeError
from adain_nodes.evaluation.metrics import FIGURES, Figures, LossNetwork, compare
from adain_nodes.evaluation.palette import Palette
from adain_nodes.models.lite import LiteEncoder

# The layers of vgg_normalised.pth up to relu4_1: the convolutions' keys, "pool", and the taps of the style loss.
LAYERS = (2, "tap", 5, "pool", 9, "tap", 12, "pool", 16, "tap", 19, 22, 25, "pool", 29, "tap")


def straightforward(state, output, content, style) -> Figures:
    """The protocol's sentences, one after the other, for single pictures."""

    def taps(picture):
        x, found = F.conv2d(picture, state["0.weight"], state["0.bias"]), []
        for layer in LAYERS:
            if layer == "tap":
                found.append(x.numpy().astype(np.float64))
            elif layer == "pool":
                x = F.max_pool2d(x, 2, ceil_mode=True)
            else:
                x = F.conv2d(F.pad(x, (1, 1, 1, 1), "reflect"), state[f"{layer}.weight"], state[f"{layer}.bias"]).relu()
        return found

    def style_distance(a, b):
        means = ((a.mean((2, 3)) - b.mean((2, 3))) ** 2).mean()
        deviations = [np.sqrt(x.var((2, 3), ddof=0) + 1e-5) for x in (a, b)]
        return means + ((deviations[0] - deviations[1]) ** 2).mean()

    def grey(picture):
        red, green, blue = picture[0].numpy()
        return 0.299 * red + 0.587 * green + 0.114 * blue

    ours, contents, styles = taps(output), taps(content), taps(style)
    return Figures(
        levels=tuple(style_distance(a, b) for a, b in zip(ours, styles, strict=True)),
        content=((ours[-1] - contents[-1]) ** 2).mean(),
        ssim=structural_similarity(grey(output), grey(content), data_range=1.0),
        color=Palette.of(output).distance(Palette.of(style)),  # see its own tests
    )


def random_state():
    widths = {0: (3, 3, 1), 2: (3, 64, 3), 5: (64, 64, 3), 9: (64, 128, 3), 12: (128, 128, 3), 16: (128, 256, 3)}
    widths |= {19: (256, 256, 3), 22: (256, 256, 3), 25: (256, 256, 3), 29: (256, 512, 3)}
    state = {}
    for key, (inputs, outputs, kernel) in widths.items():
        state[f"{key}.weight"] = torch.randn(outputs, inputs, kernel, kernel) * (2 / (inputs * kernel**2)) ** 0.5
        state[f"{key}.bias"] = torch.randn(outputs) * 0.1
    return state


def approx(figures):
    return pytest.approx(figures.named(), rel=1e-4)


def values(figures):
    return figures.style, figures.content, figures.ssim


def test_the_figures_are_those_of_the_protocol(tmp_path, pictures):
    state = random_state()
    torch.save(state, tmp_path / "vgg.pth")
    network = LossNetwork.load(tmp_path / "vgg.pth", device="cpu")
    output, content = pictures[:1], pictures[1:2]
    style = torch.rand(1, 3, 33, 25)
    ours = compare(*(network.describe(picture)[0] for picture in (output, content, style)))
    assert ours.named() == approx(straightforward(state, output, content, style))


def test_the_figures_of_real_pictures(shared, monkeypatch):
    from adain_nodes.imaging import read_square

    monkeypatch.setenv("ADAIN_WEIGHTS_DIR", str(shared / "weights"))
    state = torch.load(shared / "weights" / "vgg_normalised_relu4_1.pth", weights_only=True)
    network = LossNetwork.load(device="cpu")
    content, style = (
        read_square(shared / "images" / "eval" / name, 96) for name in ("content/avril.jpg", "style/la_muse.jpg")
    )
    output = torch.lerp(content, style, 0.4)
    ours = compare(*(network.describe(picture)[0] for picture in (output, content, style)))
    assert ours.named() == approx(straightforward(state, output, content, style))


def test_a_copy_of_a_picture_is_perfect_in_what_it_copies(network, pictures):
    a, b = network.describe(pictures[:2])
    assert values(compare(a, a, a)) == (0, 0, 1)
    copied_content, copied_style = compare(a, a, b), compare(b, a, b)
    assert (copied_content.content, copied_content.ssim) == (0, 1)
    assert copied_style.style == 0
    assert copied_content.style > 0.01
    assert copied_style.content > 0.01
    assert copied_style.ssim < 0.5


def test_each_picture_of_a_batch_is_described_by_itself(network, pictures):
    together = network.describe(pictures[:3])
    assert len(together) == 3
    for description, picture in zip(together, pictures.split(1), strict=False):
        (alone,) = network.describe(picture)
        assert [tuple(level.mean.shape) for level in description.statistics] == [(1, 64), (1, 128), (1, 256), (1, 512)]
        assert description.features.shape == (1, 512, 2, 3)
        assert description.luminance.shape == (16, 20)
        assert values(compare(description, alone, alone)) == pytest.approx((0, 0, 1), abs=1e-6)


def test_only_outputs_of_the_content_s_size_compare(network, pictures):
    whole, cut = network.describe(pictures[:1])[0], network.describe(pictures[:1, :, :, :12])[0]
    with pytest.raises(ShapeError, match="same size"):
        compare(cut, whole, whole)
    assert compare(whole, whole, cut).style > 0  # a style may be of any size


def test_another_network_is_refused():
    with pytest.raises(EncoderMismatchError, match=r"relu1_1, relu2_1, relu3_1, relu4_1; this lite encoder has level1"):
        LossNetwork(LiteEncoder(), device="cpu")


@pytest.mark.usefixtures("no_weights")
def test_absent_weights_are_named():
    with pytest.raises(MissingWeightsError, match="vgg19-normalised"):
        LossNetwork.load()


def test_without_scikit_image_the_error_says_how_to_install_it(network, pictures, monkeypatch):
    (description,) = network.describe(pictures[:1])
    monkeypatch.setitem(sys.modules, "skimage.metrics", None)
    with pytest.raises(AdaINError, match="pip install scikit-image"):
        compare(description, description, description)


def test_figures_have_names_and_come_back_from_json():
    figures = Figures((1.0, 2.0, 3.0, 4.5), 5.0, 0.5, 7.0)
    assert tuple(figures.named()) == FIGURES
    assert list(figures.named().values()) == [10.5, 1, 2, 3, 4.5, 5, 0.5, 7]
    assert Figures.of(json.loads(json.dumps(asdict(figures)))) == figures
