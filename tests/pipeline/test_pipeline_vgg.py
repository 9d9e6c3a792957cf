"""The paper's own networks through the same interface, with real weights."""

from __future__ import annotations

import pytest
import torch

from adain_nodes.core.errors import EncoderMismatchError
from adain_nodes.imaging import read_image, resize
from adain_nodes.pipeline import PRESERVE_COLOR, StyleTransfer
from adain_nodes.resources import resource


def example(kind, name):
    return resize(read_image(resource("examples", "pictures", kind, name)).rgb, 128)[..., :128, :128]


def color(picture):
    return picture.mean((0, 2, 3))


@pytest.fixture(scope="module")
def vgg(shared):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ADAIN_WEIGHTS_DIR", str(shared / "weights"))
        return StyleTransfer.from_pretrained("vgg19", device="cpu", dtype="float32")


@pytest.fixture(scope="module")
def photo():
    return example("content", "cat.jpg")


@pytest.fixture(scope="module")
def blue():
    return example("style", "starry_night.jpg")


@pytest.fixture(scope="module")
def yellow():
    return example("style", "road_to_tarascon.jpg")


@pytest.fixture(scope="module")
def styles(vgg, blue, yellow):
    return [vgg.encode_style(each, size=0) for each in (blue, yellow)]


@pytest.fixture(scope="module")
def full(vgg, photo, styles):
    """The photograph in the blue style."""
    return vgg.stylize(photo, styles[0])


def test_alpha_leads_from_the_photograph_to_the_style(vgg, photo, blue, styles, full):
    none, half = (vgg.stylize(photo, styles[0], alpha=alpha) for alpha in (0.0, 0.5))
    changes = [float((result - photo).abs().mean()) for result in (none, half, full)]
    distances = [float((color(result) - color(blue)).norm()) for result in (none, half, full)]
    assert changes[0] < 0.08 < changes[1] < changes[2]
    assert distances[0] > distances[1] > distances[2]
    assert distances[2] < 0.2 * distances[0]


def test_result_has_the_statistics_of_the_style_at_the_encoder_s_level(vgg, photo, blue, full):
    """What AdaIN aligns, encoded again from the picture (equation 13)."""
    means = [vgg.encode(picture)[0].mean((0, 2, 3)) for picture in (photo, blue, full)]
    assert (means[2] - means[1]).norm() < 0.5 * (means[0] - means[1]).norm()


def test_blend_lies_between_its_styles(vgg, photo, styles, full):
    ends = [full, vgg.stylize(photo, styles[1])]
    middle = vgg.stylize(photo, styles, weights=[0.5, 0.5])
    apart = (ends[0] - ends[1]).abs().mean()
    assert all((middle - end).abs().mean() < 0.75 * apart for end in ends)
    assert min(color(end)[2] for end in ends) < color(middle)[2] < max(color(end)[2] for end in ends)


def test_masks_divide_the_picture(vgg, photo, styles, full):
    mask = torch.zeros(128, 128)
    mask[:, :64] = 1
    inside = vgg.stylize(photo, masks=[(mask, styles[0])])
    assert torch.equal(inside[..., 64:], photo[..., 64:])
    assert (inside - photo)[..., :64].abs().mean() > 0.1
    both = vgg.stylize(photo, styles[1], masks=[(mask, styles[0])])
    blueness = both[:, 2] - both[:, 0]
    assert blueness[..., :48].mean() > 0.1 > -0.1 > blueness[..., 80:].mean()


@pytest.mark.parametrize("method", PRESERVE_COLOR[1:])
def test_colors_are_preserved(vgg, photo, blue, full, method):
    kept = vgg.stylize(photo, blue, preserve_color=method, style_size=0)
    assert (color(kept) - color(photo)).norm() < 0.4 * (color(full) - color(photo)).norm()
    assert (kept - photo).abs().mean() > 0.05


@pytest.mark.parametrize("size", [(1, 1), (7, 3), (65, 70)])
def test_result_is_exactly_as_large_as_the_content(vgg, styles, size):
    result = vgg.stylize(torch.rand(1, 3, *size), styles[0])
    assert result.shape == (1, 3, *size)
    assert result.isfinite().all()


def test_styles_of_the_other_model_are_refused(vgg, photo, styles):
    lite = StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32")
    with pytest.raises(EncoderMismatchError, match=r"made by the encoder vgg19-normalised:.*in use is lite:"):
        lite.stylize(photo, styles[0])
    with pytest.raises(EncoderMismatchError, match=r"made by the encoder lite:.*in use is vgg19-normalised:"):
        vgg.stylize(photo, lite.encode_style(photo, size=0))
    with pytest.raises(EncoderMismatchError, match="decoder was trained for vgg19-normalised at relu4_1"):
        StyleTransfer(lite.encoder, vgg.decoder)
