from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from adain_nodes.models.base import Decoder, Encoder, ReflectConv
from adain_nodes.models.lite import LiteDecoder, LiteEncoder
from adain_nodes.training.config import TrainingConfig
from adain_nodes.training.learner import Learner

Configure = Callable[..., TrainingConfig]
Networks = tuple[Encoder, Decoder]
CPU = torch.device("cpu")


def pull(learner: Learner, size: float = 1.0) -> float:
    """An update along a loss whose gradient is ``size`` everywhere in the decoder."""
    (size * sum(parameter.sum() for parameter in learner.networks[1].parameters())).backward()
    return learner.update()


def vector(network: torch.nn.Module) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in network.parameters()])


def test_the_given_networks_stay_as_they_are(networks: Networks, config: Configure) -> None:
    before = [vector(network) for network in networks]
    learner = Learner(config(), *networks, CPU)
    pull(learner)
    assert all(torch.equal(vector(network), was) for network, was in zip(networks, before, strict=True))
    assert not any(parameter.requires_grad for network in networks for parameter in network.parameters())
    assert not torch.equal(vector(learner.networks[1]), before[1])


def test_adam_with_the_papers_rate(networks: Networks, config: Configure) -> None:
    """With a constant gradient every step of Adam is the rate itself."""
    learner = Learner(config(learning_rate=0.01, decay=1.0), *networks, CPU)
    before = vector(networks[1])
    for step in range(3):
        assert learner.step == step
        pull(learner)
    moved = (before - vector(learner.networks[1])).mean().item()
    assert moved == pytest.approx(0.01 + 0.01 / 2 + 0.01 / 3, rel=1e-3)


def test_norm_and_clipping(networks: Networks, config: Configure) -> None:
    count = vector(networks[1]).numel()
    learner = Learner(config(clip=2.0), *networks, CPU)
    assert pull(learner) == pytest.approx(count**0.5, rel=1e-4)
    moments = [value for name, value in learner.tensors().items() if name.startswith("adam.exp_avg.")]
    assert torch.cat([m.flatten() for m in moments]).norm().item() == pytest.approx(0.1 * 2.0, rel=1e-3)


def test_an_update_that_is_not_finite_changes_nothing(networks: Networks, config: Configure) -> None:
    learner = Learner(config(), *networks, CPU)
    pull(learner)
    before = vector(learner.networks[1])
    assert not pull(learner, float("nan")) < float("inf")
    assert learner.step == 1
    assert torch.equal(vector(learner.networks[1]), before)
    assert all(torch.isfinite(value).all() for value in learner.tensors().values())


def test_average(networks: Networks, config: Configure) -> None:
    learner = Learner(config(average=0.5, learning_rate=0.1, decay=0.0), *networks, CPU)
    expected = None
    for _ in range(3):
        pull(learner)
        now = vector(learner.networks[1])
        expected = now if expected is None else 0.5 * expected + 0.5 * now
    result = vector(learner.results[1])
    assert torch.allclose(result, expected, atol=1e-6)
    assert not torch.allclose(result, now, atol=1e-3)


def test_results_belong_together(networks: Networks, config: Configure) -> None:
    learner = Learner(config(), *networks, CPU)
    sum(parameter.sum() for network in learner.networks for parameter in network.parameters()).backward()
    learner.update()
    encoder, decoder = learner.results
    assert encoder.fingerprint() != networks[0].fingerprint()
    decoder.check_encoder(encoder)


def test_a_fixed_encoder(networks: Networks, config: Configure) -> None:
    learner = Learner(config(objective="decoder"), *networks, CPU)
    encoder, _ = learner.networks
    assert encoder.fingerprint() == networks[0].fingerprint()
    assert not any(parameter.requires_grad for parameter in encoder.parameters())


def test_from_scratch(networks: Networks, config: Configure) -> None:
    state = torch.get_rng_state()
    one, same, other = (
        vector(Learner(config(from_scratch=True, seed=seed), *networks, CPU).networks[1]) for seed in (3, 3, 4)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert not torch.equal(one, vector(networks[1]))
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("optimiser", ["adam", "muon"])
def test_restored_learner_goes_on_alike(networks: Networks, config: Configure, optimiser: str) -> None:
    settings = config(average=0.9, optimiser=optimiser)
    learner, restored = (Learner(settings, *networks, CPU) for _ in range(2))
    for size in (1.0, -0.3):
        pull(learner, size)
    tensors = {name: tensor.clone(memory_format=torch.contiguous_format) for name, tensor in learner.tensors().items()}
    restored.restore(2, tensors)
    for one in (learner, restored):
        pull(one, 0.7)
    assert restored.step == 3
    after = restored.tensors()
    assert all(torch.equal(tensor, after[name]) for name, tensor in learner.tensors().items())


def test_restore_refuses_other_networks(networks: Networks, config: Configure) -> None:
    learner = Learner(config(), *networks, CPU)
    with pytest.raises(RuntimeError, match="Missing key"):
        learner.restore(1, {})


def test_random_weights_keep_the_variance_through_relus(config: Configure) -> None:
    """He et al. 2015: a variance of two over the number of inputs, less at the end of a branch, and no biases."""
    encoder, decoder = LiteEncoder(), LiteDecoder()
    learner = Learner(config(objective="joint", from_scratch=True), encoder, decoder, CPU)
    for network in learner.networks:
        for module in network.modules():
            if isinstance(module, ReflectConv) and module.weight.numel() > 10_000:
                inputs = module.weight[0].numel()
                assert float(module.weight.detach().var()) == pytest.approx(2 * module.gain**2 / inputs, rel=0.05)
                assert not module.bias.any()
