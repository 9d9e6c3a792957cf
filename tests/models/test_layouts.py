from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from adain_nodes.core.errors import CheckpointError
from adain_nodes.models.base import Decoder, Encoder
from adain_nodes.models.lite import LiteDecoder, LiteEncoder
from adain_nodes.models.registry import recognise
from adain_nodes.models.vgg import IMAGENET_MEAN, IMAGENET_STD, NORMALISED, STYLE_LEVELS, TORCHVISION, VGGEncoder

PUBLIC_TAPS = {"relu1_1": 4, "relu2_1": 11, "relu3_1": 18, "relu4_1": 31}
"""How many layers of the public encoder lead to each level."""

SIZES = pytest.mark.parametrize("size", [(9, 9), (16, 32), (35, 22)], ids=str)


def cut(network: nn.Sequential, layers: int) -> dict[str, Tensor]:
    return network[:layers].state_dict()


def prefixed(prefix: str, module: nn.Module) -> dict[str, Tensor]:
    return {f"{prefix}.{name}": tensor for name, tensor in module.state_dict().items()}


def assert_same_network(one: nn.Module, other: nn.Module) -> None:
    ours, theirs = one.state_dict(), other.state_dict()
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


@SIZES
def test_the_public_encoder(public_encoder, size):
    """The whole file of 20,024,396 parameters: its layers to relu4_1 are used."""
    assert sum(p.numel() for p in public_encoder.parameters()) == 20_024_396
    networks = recognise(public_encoder.state_dict())
    assert networks.decoder is None
    assert networks.layout == "normalised VGG-19 encoder"
    assert (networks.encoder.levels, networks.encoder.family) == (("relu4_1",), NORMALISED)
    image = torch.rand(2, 3, *size)
    expected = public_encoder[:31](image)
    assert expected.std() > 0.1  # else anything would agree
    torch.testing.assert_close(networks.encoder(image)[0], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("level", STYLE_LEVELS)
def test_the_public_encoder_cut_at_a_level(public_encoder, level):
    state = cut(public_encoder, PUBLIC_TAPS[level])
    encoder = recognise(state).encoder
    assert encoder.levels == (level,)
    image = torch.rand(1, 3, 21, 18)
    expected = public_encoder[: PUBLIC_TAPS[level]](image)
    torch.testing.assert_close(encoder(image)[0], expected, rtol=1e-5, atol=1e-5)
    whole = recognise(public_encoder.state_dict(), levels=(level,)).encoder
    assert whole.fingerprint() == encoder.fingerprint()


def test_a_file_cut_between_levels_is_used_to_the_one_before(public_encoder):
    assert recognise(cut(public_encoder, 28)).encoder.levels == ("relu3_1",)


def test_the_levels_of_the_style_loss(public_encoder):
    encoder = recognise(public_encoder.state_dict(), levels=STYLE_LEVELS).encoder
    image = torch.rand(1, 3, 21, 18)
    for features, layers in zip(encoder(image), PUBLIC_TAPS.values(), strict=True):
        torch.testing.assert_close(features, public_encoder[:layers](image), rtol=1e-5, atol=1e-5)
    with pytest.raises(CheckpointError, match=r"missing: convs\.conv4_1\.bias, convs\.conv4_1\.weight"):
        recognise(cut(public_encoder, 28), levels=("relu4_1",))


def test_deeper_levels_than_relu4_1(public_encoder):
    encoder = recognise(public_encoder.state_dict(), levels=("relu5_1",)).encoder
    image = torch.rand(1, 3, 33, 33)
    torch.testing.assert_close(encoder(image)[0], public_encoder[:44](image), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("level", STYLE_LEVELS)
def test_the_public_decoders(public_decoder, level):
    network = public_decoder(level)
    networks = recognise(network.state_dict())
    decoder = networks.decoder
    assert networks.encoder is None
    assert networks.layout == f"VGG-19 decoder from {level}"
    assert (decoder.levels, decoder.encoder) == ((level,), NORMALISED)
    for size in ((2, 2), (3, 5)):
        features = torch.rand(2, decoder.channels[0], *size)
        expected = network(features)
        assert expected.std() > 0.1
        torch.testing.assert_close(decoder((features,)), expected, rtol=1e-5, atol=1e-5)


def test_a_decoder_may_name_its_encoder(public_decoder):
    state = public_decoder("relu1_1").state_dict()
    assert recognise(state, {"encoder": "vgg19-normalised:0123456789ab"}).decoder.encoder.endswith(":0123456789ab")


@pytest.fixture(scope="module")
def torchvision_features() -> nn.Sequential:
    """The convolutional part, with weights that make ImageNet's mean and deviation count; the rest is never made."""
    vgg19 = pytest.importorskip("torchvision.models").vgg19
    with torch.device("meta"):
        features = vgg19(weights=None).features
    features.to_empty(device="cpu")
    generator = torch.Generator().manual_seed(2)
    for module in features:
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
            nn.init.uniform_(module.bias, -0.1, 0.1, generator=generator)
        elif isinstance(module, nn.ReLU):
            module.inplace = False
    return features.eval().requires_grad_(False)


@pytest.mark.parametrize(
    ("level", "layers", "margin"), [("relu1_1", 2, 1), ("relu2_1", 7, 3), ("relu3_1", 12, 3), ("relu4_1", 21, 5)]
)
def test_torchvision_s_layout(torchvision_features, level, layers, margin):
    """Theirs continues pictures with zeros, so the comparison leaves the margin that these reach aside."""
    state = prefixed("features", torchvision_features) | {"classifier.0.weight": torch.zeros(1)}
    networks = recognise(state, levels=(level,))
    assert networks.layout == "torchvision VGG-19 encoder"
    assert networks.encoder.family == TORCHVISION
    image = torch.rand(1, 3, 96, 96)
    mean, deviation = (torch.tensor(t).reshape(3, 1, 1) for t in (IMAGENET_MEAN, IMAGENET_STD))
    theirs = torchvision_features[:layers]((image - mean) / deviation)
    inside = (..., slice(margin, -margin), slice(margin, -margin))
    assert theirs[inside].std() > 0.1
    torch.testing.assert_close(networks.encoder(image)[0][inside], theirs[inside], rtol=1e-4, atol=1e-4)


def test_torchvision_s_file_is_used_to_relu4_1(torchvision_features):
    assert recognise(prefixed("features", torchvision_features)).encoder.levels == ("relu4_1",)


def test_the_project_s_own_vgg_files(vgg):
    encoder, decoder = vgg
    metadata = {"family": TORCHVISION, "encoder": f"{TORCHVISION}:0123456789ab"}
    for state in (prefixed("enc", encoder) | prefixed("dec", decoder), prefixed("enc", encoder)):
        networks = recognise(state, metadata)
        assert_same_network(networks.encoder, encoder)
        assert networks.encoder.family == TORCHVISION
        assert networks.encoder.levels == ("relu4_1",)
    alone = recognise(prefixed("dec", decoder), metadata)
    assert alone.encoder is None
    assert_same_network(alone.decoder, decoder)
    assert alone.decoder.encoder == f"{TORCHVISION}:0123456789ab"
    assert recognise(prefixed("dec", decoder)).decoder.encoder == NORMALISED


def test_levels_of_the_project_s_own_vgg_files(vgg):
    state = prefixed("enc", vgg[0])
    assert recognise(state, levels=STYLE_LEVELS).encoder.levels == STYLE_LEVELS
    shallow, expected = recognise(state, levels=("relu2_1",)).encoder, VGGEncoder(("relu2_1",))
    expected.load_state_dict(vgg[0].state_dict(), strict=False)
    assert_same_network(shallow, expected)
    with pytest.raises(CheckpointError, match=r"missing: convs\.conv4_2\.bias"):
        recognise(state, levels=("relu4_2",))


def test_lite_files(lite):
    encoder, decoder = lite
    both = recognise(prefixed("enc", encoder) | prefixed("dec", decoder))
    assert both.layout == "lite model"
    assert_same_network(both.encoder, encoder)
    assert_same_network(both.decoder, decoder)
    assert both.decoder.encoder == encoder.fingerprint()
    alone = recognise(prefixed("enc", encoder))
    assert alone.decoder is None
    alone = recognise(prefixed("dec", decoder), {"encoder": "lite:0123456789ab"})
    assert (alone.encoder, alone.decoder.encoder) == (None, "lite:0123456789ab")
    assert recognise(prefixed("dec", decoder)).decoder.encoder == "lite"


def test_lite_files_of_other_widths():
    widths = (6, 8, 10)
    encoder, decoder = LiteEncoder(widths), LiteDecoder(widths)
    networks = recognise(prefixed("enc", encoder) | prefixed("dec", decoder))
    assert_same_network(networks.encoder, encoder)
    assert_same_network(networks.decoder, decoder)


@pytest.fixture(scope="module")
def states(public_encoder, public_decoder, torchvision_features, vgg, lite) -> dict[str, dict[str, Tensor]]:
    """A whole file of each layout."""
    return {
        "vgg_normalised.pth": cut(public_encoder, 31),
        "decoder.pth": public_decoder("relu4_1").state_dict(),
        "torchvision": prefixed("features", torchvision_features[:20]),
        "own vgg": prefixed("enc", vgg[0]) | prefixed("dec", vgg[1]),
        "lite": prefixed("enc", lite[0]) | prefixed("dec", lite[1]),
    }


@pytest.mark.parametrize(
    ("layout", "tensor", "said"),
    [
        ("vgg_normalised.pth", "12.bias", r"missing: convs\.conv2_2\.bias\."),
        ("decoder.pth", "28.weight", r"missing: convs\.conv1_1\.weight\."),
        ("torchvision", "features.5.weight", r"missing: convs\.conv2_1\.weight\."),
        ("own vgg", "enc.preprocess.bias", r"missing: preprocess\.bias\."),
        ("own vgg", "dec.convs.conv2_2.weight", r"missing: convs\.conv2_2\.weight\."),
        ("lite", "enc.l3.2.conv.weight", r"missing: l3\.2\.conv\.weight\."),
        ("lite", "dec.s1.bias", r"missing: s1\.bias\."),
        ("lite", "enc.d2.weight", r"lite encoder, but d2\.weight is missing"),
        ("lite", "dec.out.weight", r"lite decoder, but out\.weight is missing"),
    ],
)
def test_missing_tensors_are_named(states, layout, tensor, said):
    state = {name: value for name, value in states[layout].items() if name != tensor}
    with pytest.raises(CheckpointError, match=f"This looks like .*{said}.*incomplete"):
        recognise(state)


@pytest.mark.parametrize(
    ("layout", "tensor", "said"),
    [
        ("decoder.pth", "31.weight", r"not part of it: 31\.weight\."),
        ("own vgg", "enc.gain", r"not part of it: gain\."),
        ("own vgg", "dec.gain", r"not part of it: gain\."),
        ("lite", "enc.l4.0.weight", r"not part of it: l4\.0\.weight\."),
        ("lite", "dec.out.gain", r"not part of it: out\.gain\."),
    ],
)
def test_foreign_tensors_are_named(states, layout, tensor, said):
    with pytest.raises(CheckpointError, match=said):
        recognise(states[layout] | {tensor: torch.zeros(1)})


@pytest.mark.parametrize(
    ("layout", "tensor", "said"),
    [
        ("vgg_normalised.pth", "5.weight", r"convs\.conv1_2\.weight is \(64, 64, 3, 4\), not \(64, 64, 3, 3\)\."),
        ("decoder.pth", "28.bias", r"convs\.conv1_1\.bias is \(4,\), not \(3,\)\."),
        ("own vgg", "enc.preprocess.weight", r"preprocess\.weight is \(3, 3, 1, 2\), not \(3, 3, 1, 1\)\."),
        ("lite", "dec.r1.a.weight", r"r1\.a\.weight is \(32, 32, 3, 4\), not \(32, 32, 3, 3\)\."),
    ],
)
def test_misshapen_tensors_are_named(states, layout, tensor, said):
    *shape, last = states[layout][tensor].shape
    with pytest.raises(CheckpointError, match=f"of another shape: {said}"):
        recognise(states[layout] | {tensor: torch.zeros(*shape, last + 1)})


def test_long_lists_are_cut_short_in_the_sentence_only(states):
    state = {name: value for name, value in states["lite"].items() if not name.startswith("dec.r")}
    with pytest.raises(CheckpointError, match=r"missing: (\S+, ){5}\S+ …\.") as caught:
        recognise(state | {"dec.r3.0.narrow.weight": torch.zeros(128, 256, 1, 1)})
    assert len(caught.value.facts["missing"]) == 29


@pytest.mark.parametrize("layout", ["vgg_normalised.pth", "decoder.pth", "torchvision", "own vgg", "lite"])
def test_networks_come_ready_for_use(states, layout):
    """Float32 whatever the file held, in evaluation mode, without gradients, on memory of their own."""
    state = {name: value.half() for name, value in states[layout].items()}
    originals = copy.deepcopy(state)
    networks = recognise(state)
    for network in filter(None, (networks.encoder, networks.decoder)):
        assert isinstance(network, Encoder | Decoder)
        assert not network.training
        for parameter in network.parameters():
            assert (parameter.dtype, parameter.requires_grad) == (torch.float32, False)
            parameter.zero_()
    assert all(torch.equal(state[name], originals[name]) for name in state)
    again = recognise(states[layout])  # float32 already: no view of it either
    for network in filter(None, (again.encoder, again.decoder)):
        for parameter in network.parameters():
            assert parameter.data_ptr() not in {tensor.data_ptr() for tensor in states[layout].values()}
