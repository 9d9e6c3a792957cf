from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from adain_nodes.core.adain import adain_levels
from adain_nodes.core.errors import InvalidValueError, ShapeError
from adain_nodes.core.losses import halo_loss, total_variation
from adain_nodes.core.style import style_of
from adain_nodes.models.base import Decoder, Encoder
from adain_nodes.models.vgg import VGGDecoder, VGGEncoder
from adain_nodes.training.config import TrainingConfig
from adain_nodes.training.data import Batch
from adain_nodes.training.objective import Objective, at_style_levels

Configure = Callable[..., TrainingConfig]
Networks = tuple[Encoder, Decoder]
Close = Callable[..., None]


@pytest.fixture
def pictures() -> tuple[Tensor, Tensor]:
    return torch.rand(2, 3, 32, 32), torch.rand(2, 3, 32, 32)


def mean_std(features: Tensor, ddof: int = 0) -> tuple[np.ndarray, np.ndarray]:
    values = features.double().numpy()
    return values.mean((2, 3)), np.sqrt(values.var((2, 3), ddof=ddof) + 1e-5)


def style_figure(output: tuple[Tensor, ...], style: tuple[Tensor, ...]) -> float:
    """The style figure that the project reports, in numpy: biased variance, eps 1e-5, summed over the levels."""
    pairs = zip(map(mean_std, output), map(mean_std, style), strict=True)
    return sum(((a - b) ** 2).mean() for ours, theirs in pairs for a, b in zip(ours, theirs, strict=True))


def stylized(encoder: Encoder, decoder: Decoder, content: Tensor, style: Tensor) -> Tensor:
    wanted = style_of(encoder(style), encoder.levels, "", encoder.convention)
    return decoder(adain_levels(encoder(content), wanted))


def test_joint(
    networks: Networks, loss_network: Encoder, pictures: tuple[Tensor, Tensor], config: Configure, close: Close
) -> None:
    content, style = pictures
    noisy = (content + 0.05 * torch.randn_like(content)).clamp(0, 1)
    weights = {"content": 1, "style": 5, "variation": 2, "reconstruction": 3, "noise": 4, "halo": 6}
    settings = config(**{f"{name}_weight": float(weight) for name, weight in weights.items()})
    losses = Objective(settings, networks[0], loss_network)(*networks, Batch(content, style, noisy=noisy), 0)

    output = stylized(*networks, content, style)
    assert losses["style"].item() == pytest.approx(style_figure(loss_network(output), loss_network(style)), rel=1e-4)
    close(losses["content"], F.mse_loss(loss_network(output)[-1], loss_network(content)[-1]))
    close(losses["reconstruction"], (networks[1](networks[0](content)) - content).abs().mean())
    close(losses["noise"], F.mse_loss(stylized(*networks, noisy, style), output))
    close(losses["variation"], total_variation(output))
    close(losses["halo"], halo_loss(output, content))
    assert losses["total"].item() == pytest.approx(sum(weights[name] * losses[name].item() for name in weights))


def test_terms_without_weight_are_left_out(
    networks: Networks, loss_network: Encoder, pictures: tuple[Tensor, Tensor], config: Configure
) -> None:
    losses = Objective(config(), networks[0], loss_network)(*networks, Batch(*pictures), 0)
    assert list(losses) == ["total", "content", "style"]


def test_the_papers_target_is_t(pictures: tuple[Tensor, Tensor], config: Configure, close: Close) -> None:
    """t has the style's statistics by the encoder's convention (unbiased), here computed in numpy."""
    content, style = pictures
    encoder, loss_network, decoder = vgg_trio()
    settings = config(objective="decoder", content_target="t")
    losses = Objective(settings, encoder, loss_network)(encoder, decoder, Batch(content, style), 0)
    (ours,), (theirs,) = encoder(content), encoder(style)
    (mean, std), (wanted_mean, wanted_std) = mean_std(ours, ddof=1), mean_std(theirs, ddof=1)
    mean, std, wanted_mean, wanted_std = (part[..., None, None] for part in (mean, std, wanted_mean, wanted_std))
    t = torch.from_numpy((ours.numpy() - mean) / std * wanted_std + wanted_mean).float()
    close(losses["content"], F.mse_loss(loss_network(decoder((t,)))[-1], t))


def vgg_trio() -> tuple[VGGEncoder, VGGEncoder, VGGDecoder]:
    encoder, loss_network = VGGEncoder(("relu2_1",)), VGGEncoder(("relu1_1", "relu2_1"))
    loss_network.load_state_dict(encoder.state_dict())
    for network in (encoder, loss_network):
        network.requires_grad_(False)
    return encoder, loss_network, VGGDecoder("relu2_1")


def test_a_shared_encoder_runs_once(pictures: tuple[Tensor, Tensor], config: Configure, close: Close) -> None:
    encoder, loss_network, decoder = vgg_trio()
    settings = config(objective="decoder")
    shared = Objective(settings, encoder, loss_network)
    calls: list[int] = []
    encoder.register_forward_hook(lambda *_: calls.append(1))
    with_sharing = shared(encoder, decoder, Batch(*pictures), 0)
    assert not calls
    shared._shared = False
    without = shared(encoder, decoder, Batch(*pictures), 0)
    assert len(calls) == 2
    close(with_sharing["total"], without["total"])


def test_who_learns(
    networks: Networks, loss_network: Encoder, pictures: tuple[Tensor, Tensor], config: Configure
) -> None:
    encoder, decoder = networks
    decoder.requires_grad_(True)
    for joint in (False, True):
        encoder.requires_grad_(joint)
        settings = config(objective="joint" if joint else "decoder")
        Objective(settings, encoder, loss_network)(encoder, decoder, Batch(*pictures), 0)["total"].backward()
        assert all(parameter.grad is not None and parameter.grad.any() for parameter in decoder.parameters())
        assert all((parameter.grad is not None) == joint for parameter in encoder.parameters())


def test_warmup_reconstructs(
    networks: Networks, loss_network: Encoder, pictures: tuple[Tensor, Tensor], config: Configure, close: Close
) -> None:
    content, style = pictures
    objective = Objective(config(warmup=2), networks[0], loss_network)
    losses = objective(*networks, Batch(content, style), 1)
    output = networks[1](networks[0](content))
    assert list(losses) == ["total", "content", "reconstruction"]
    close(losses["reconstruction"], F.l1_loss(output, content))
    close(losses["content"], F.mse_loss(loss_network(output)[-1], loss_network(content)[-1]))
    assert "style" in objective(*networks, Batch(content, style), 2)


def test_bfloat16_gradients_point_the_same_way(
    networks: Networks, loss_network: Encoder, pictures: tuple[Tensor, Tensor], config: Configure
) -> None:
    gradients = []
    for network in networks:
        network.requires_grad_(True)
    for enabled in (False, True):
        with torch.autocast("cpu", torch.bfloat16, enabled=enabled):
            settings = config(reconstruction_weight=1.0)
            losses = Objective(settings, networks[0], loss_network)(*networks, Batch(*pictures), 0)
        assert all(loss.dtype == torch.float32 for loss in losses.values())
        parameters = [parameter for network in networks for parameter in network.parameters()]
        gradients.append(torch.cat([g.flatten() for g in torch.autograd.grad(losses["total"], parameters)]))
    assert F.cosine_similarity(*gradients, dim=0) > 0.99
    assert gradients[1].norm().item() == pytest.approx(gradients[0].norm().item(), rel=0.05)


def test_noise_needs_noisy_pictures(
    networks: Networks, loss_network: Encoder, pictures: tuple[Tensor, Tensor], config: Configure
) -> None:
    with pytest.raises(ShapeError, match="needs the content with noise"):
        Objective(config(noise_weight=1.0), networks[0], loss_network)(*networks, Batch(*pictures), 0)


@pytest.mark.parametrize(
    ("tapped", "expected"),
    [
        (("relu2_1",), ("relu1_1", "relu2_1")),
        (("relu2_2",), ("relu1_1", "relu2_1", "relu2_2")),
        (("relu1_1", "relu2_1"), ("relu1_1", "relu2_1")),
    ],
)
def test_a_vgg_is_compared_at_all_style_levels(
    tapped: tuple[str, ...], expected: tuple[str, ...], pictures: tuple[Tensor, Tensor]
) -> None:
    encoder = VGGEncoder(tapped, "vgg19-other").eval()
    network = at_style_levels(encoder)
    assert (network.family, network.levels) == ("vgg19-other", expected)
    assert network.fingerprint() == encoder.fingerprint()
    assert torch.equal(network(pictures[0])[-1], encoder(pictures[0])[-1])
    assert not any(parameter.requires_grad for parameter in network.parameters())


def test_other_families_are_compared_as_they_are(networks: Networks) -> None:
    assert at_style_levels(networks[0]) is networks[0]


def test_a_teacher_s_pictures_are_a_goal_without_gradient(
    networks: Networks, loss_network: Encoder, pictures: tuple[Tensor, Tensor], config: Configure, close: Close
) -> None:
    factor = torch.tensor(0.25, requires_grad=True)

    def teacher(content: Tensor, style: Tensor) -> Tensor:
        return (content + 3 * style) * factor

    objective = Objective(config(teacher_weight=2.0), networks[0], loss_network, teacher)
    losses = objective(*networks, Batch(*pictures), 0)
    content, style = pictures
    close(losses["teacher"], (stylized(*networks, content, style) - (content + 3 * style) / 4).abs().mean())
    plain = Objective(config(), networks[0], loss_network)(*networks, Batch(*pictures), 0)
    close(losses["total"], plain["total"] + 2 * losses["teacher"])
    assert not losses["teacher"].requires_grad  # nor do these networks here: the teacher alone could


@pytest.mark.parametrize(("weight", "teacher"), [(1.0, None), (0.0, lambda content, style: content)])
def test_a_teacher_has_a_weight_and_a_weight_a_teacher(
    networks: Networks, loss_network: Encoder, config: Configure, weight: float, teacher: object
) -> None:
    with pytest.raises(InvalidValueError, match=f"weight is {weight:g}, and there is {'one' if teacher else 'none'}"):
        Objective(config(teacher_weight=weight), networks[0], loss_network, teacher)


def test_views_are_judged_once_and_alike(
    networks: Networks, loss_network: Encoder, pictures: tuple[Tensor, Tensor], config: Configure, close: Close
) -> None:
    objective = Objective(config(content_target="t"), networks[0], loss_network)
    seen: list[int] = []
    hook = loss_network.register_forward_hook(lambda _, inputs, __: seen.append(len(inputs[0])))
    numbers = torch.tensor([4, 7])
    first, again = (objective(*networks, Batch(*pictures, views=(numbers, numbers)), 0) for _ in range(2))
    hook.remove()
    assert seen == [1, 1, 1, 1, 2, 2]  # each picture alone, then what was made of them, twice
    plain = Objective(config(content_target="t"), networks[0], loss_network)(*networks, Batch(*pictures), 0)
    for name, loss in plain.items():
        close(first[name], loss)
        assert torch.equal(first[name], again[name])


def test_overshoot_weakens_what_lies_beyond_the_range(
    networks: Networks, loss_network: Encoder, pictures: tuple[Tensor, Tensor], config: Configure, close: Close
) -> None:
    content, style = pictures
    output = stylized(*networks, content, style)
    assert output.min() < 0
    settings = config(variation_weight=1.0, overshoot=0.25)
    losses = Objective(settings, networks[0], loss_network)(*networks, Batch(content, style), 0)
    close(losses["variation"], total_variation(0.25 * output + 0.75 * output.clamp(0, 1)))


def with_noise(content: Tensor, style: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    return content, (content + 0.1 * torch.randn_like(content)).clamp(0, 1), style


def test_denoise_gives_the_encoder_noise_and_judges_by_the_clean_picture(
    networks: Networks, loss_network: Encoder, pictures: tuple[Tensor, Tensor], config: Configure, close: Close
) -> None:
    content, noisy, style = with_noise(*pictures)
    settings = config(denoise=True, reconstruction_weight=1.0)
    losses = Objective(settings, networks[0], loss_network)(*networks, Batch(content, style, noisy=noisy), 0)
    output = stylized(*networks, noisy, style)
    close(losses["content"], F.mse_loss(loss_network(output)[-1], loss_network(content)[-1]))
    close(losses["reconstruction"], F.l1_loss(networks[1](networks[0](noisy)), content))


def test_the_noise_term_beside_denoise_compares_with_the_clean_picture(
    networks: Networks, loss_network: Encoder, pictures: tuple[Tensor, Tensor], config: Configure, close: Close
) -> None:
    content, noisy, style = with_noise(*pictures)
    settings = config(denoise=True, noise_weight=1.0)
    losses = Objective(settings, networks[0], loss_network)(*networks, Batch(content, style, noisy=noisy), 0)
    close(losses["noise"], F.mse_loss(stylized(*networks, noisy, style), stylized(*networks, content, style)))
