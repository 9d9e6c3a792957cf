import pytest
import torch
from skimage import color
from torch import Tensor

from adain_nodes.core.color.luminance import luminance_only
from adain_nodes.core.errors import ShapeError


def to_yiq(picture: Tensor) -> Tensor:
    return torch.from_numpy(color.rgb2yiq(picture.double().numpy(), channel_axis=1))


def test_is_the_exchange_of_y_in_yiq_where_rgb_has_room(make_pictures) -> None:
    image, reference = make_pictures(2, 6, 8, low=0.4, high=0.6), make_pictures(2, 6, 8, seed=1, low=0.4, high=0.6)
    exchanged = to_yiq(reference)
    exchanged[:, :1] = to_yiq(image)[:, :1]
    expected = torch.from_numpy(color.yiq2rgb(exchanged.numpy(), channel_axis=1))
    torch.testing.assert_close(luminance_only(image, reference).double(), expected, atol=1e-5, rtol=0)


def test_luminance_and_hue_stay_exact_where_rgb_has_no_room() -> None:
    generator = torch.Generator().manual_seed(0)
    # Colours at the faces and corners of the RGB cube: most of them need less saturation at a new luminance.
    image, reference = (torch.rand(1, 3, 40, 40, generator=generator).mul(3).sub(1).clamp(0, 1) for _ in range(2))
    result = luminance_only(image, reference)
    assert result.min() > -1e-6
    assert result.max() < 1 + 1e-6
    (y, i, q), (_, target_i, target_q) = to_yiq(result)[0], to_yiq(reference)[0]
    torch.testing.assert_close(y, to_yiq(image)[0, 0], atol=1e-6, rtol=0)
    torch.testing.assert_close(i * target_q, q * target_i, atol=1e-6, rtol=0)
    assert (i * target_i + q * target_q).min() > -1e-6
    reduced = (i.square() + q.square() < target_i.square() + target_q.square() - 1e-4)[None]
    assert 0.2 < reduced.float().mean() < 1
    # Reduced no further than needed: these colours lie on a face of the cube.
    assert torch.minimum(result[0], 1 - result[0]).amin(0, keepdim=True)[reduced].max() < 1e-5


def test_a_grey_reference_gives_the_luminance_in_grey(make_pictures) -> None:
    image = make_pictures(1, 6, 8)
    result = luminance_only(image, torch.full_like(image, 0.5))
    torch.testing.assert_close(result.double(), to_yiq(image)[:, :1].expand(-1, 3, -1, -1), atol=1e-6, rtol=0)


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_black_and_white_have_no_room_for_color(level: float, make_pictures) -> None:
    image = torch.full((1, 3, 6, 8), level)
    torch.testing.assert_close(luminance_only(image, make_pictures(1, 6, 8)), image, atol=1e-6, rtol=0)


def test_one_reference_serves_all_images(make_pictures) -> None:
    images, reference = make_pictures(3, 6, 8), make_pictures(1, 6, 8, seed=1)
    for image, result in zip(images, luminance_only(images, reference), strict=True):
        torch.testing.assert_close(result, luminance_only(image[None], reference)[0])


def test_gradients_are_right(make_pictures) -> None:
    dark, bright = make_pictures(1, 2, 3, high=0.2), make_pictures(1, 2, 3, seed=1, low=0.4)
    inputs = [picture.double().requires_grad_() for picture in (dark, bright)]
    assert torch.autograd.gradcheck(luminance_only, inputs)


@pytest.mark.parametrize("level", [0.0, 1.0])
def test_gradient_of_black_and_white_is_finite(level: float) -> None:
    image, reference = (torch.full((1, 3, 2, 2), level, requires_grad=True) for _ in range(2))
    luminance_only(image, reference).square().sum().backward()
    for picture in (image, reference):
        assert picture.grad is not None
        assert picture.grad.isfinite().all()


def test_sizes_must_agree(make_pictures) -> None:
    with pytest.raises(ShapeError, match=r"is 9×5 pixels and the image 8×6\. Resize the reference to 8×6") as error:
        luminance_only(make_pictures(1, 6, 8), make_pictures(1, 5, 9))
    assert error.value.facts == {"image_size": (6, 8), "reference_size": (5, 9)}
