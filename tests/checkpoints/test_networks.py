"""From names and paths to networks that belong together."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import load_file, save_file

from adain_nodes.checkpoints import networks
from adain_nodes.checkpoints.networks import load_decoder, load_encoder, load_networks
from adain_nodes.core.errors import CheckpointError, EncoderMismatchError, MissingWeightsError
from adain_nodes.models.base import Encoder
from adain_nodes.models.lite import LiteDecoder, LiteEncoder
from adain_nodes.models.vgg import VGGDecoder, VGGEncoder
from adain_nodes.resources import resource


def save(path, *parts):
    """Write an encoder, a decoder or both in the project's own layout."""
    tensors, metadata = {}, {}
    for network in parts:
        is_encoder = isinstance(network, Encoder)
        metadata |= {"family": network.family} if is_encoder else {"encoder": network.encoder}
        tensors |= {f"{'enc' if is_encoder else 'dec'}.{name}": t for name, t in network.state_dict().items()}
    save_file(tensors, path, metadata)
    return path


def same(network, other):
    """Whether two networks have the same weights."""
    ours, theirs = network.state_dict(), other.state_dict()
    return ours.keys() == theirs.keys() and all(torch.equal(ours[name], theirs[name]) for name in ours)


@pytest.fixture
def lite():
    encoder = LiteEncoder((3, 4, 5))
    return encoder, LiteDecoder((3, 4, 5), encoder.fingerprint())


@pytest.fixture
def vgg():
    encoder = VGGEncoder(("relu2_1",))
    return encoder, VGGDecoder("relu2_1", encoder.fingerprint())


def test_default_is_the_embedded_model():
    encoder, decoder = load_networks()
    weights = load_file(resource("weights", "lite.safetensors"))
    assert isinstance(encoder, LiteEncoder)
    assert isinstance(decoder, LiteDecoder)
    assert torch.equal(encoder.stem.weight, weights["enc.stem.weight"])
    assert torch.equal(decoder.out.weight, weights["dec.out.weight"])
    assert decoder.encoder == encoder.fingerprint()


def test_file_with_both_is_read_once(lite, tmp_path, monkeypatch):
    read = []
    original = networks.load_state
    monkeypatch.setattr(networks, "load_state", lambda path: (read.append(path), original(path))[1])
    path = save(tmp_path / "both.safetensors", *lite)
    encoder, decoder = load_networks(str(path))
    assert read == [path]
    assert same(encoder, lite[0])
    assert same(decoder, lite[1])


def test_decoder_may_come_from_a_file_of_its_own(vgg, tmp_path):
    encoder_file = save(tmp_path / "encoder.safetensors", vgg[0])
    decoder_file = save(tmp_path / "decoder.safetensors", vgg[1])
    encoder, decoder = load_networks(encoder_file, decoder_file)
    assert same(encoder, vgg[0])
    assert same(decoder, vgg[1])


def test_decoder_of_a_file_with_both_is_replaced(lite, tmp_path):
    path = save(tmp_path / "both.safetensors", *lite)
    other = LiteDecoder((3, 4, 5), lite[0].fingerprint())
    decoder_file = save(tmp_path / "decoder.safetensors", other)
    encoder, decoder = load_networks(path, decoder_file)
    assert same(encoder, lite[0])
    assert same(decoder, other)


@pytest.mark.parametrize("named", ["family", "fingerprint"])
def test_encoder_is_cut_at_the_level_of_its_decoder(tmp_path, vgg, named):
    deep = VGGEncoder(("relu3_1",))
    deep.load_state_dict(vgg[0].state_dict(), strict=False)
    encoder_file = save(tmp_path / "encoder.safetensors", deep)
    trained_for = vgg[0].family if named == "family" else vgg[0].fingerprint()
    decoder_file = save(tmp_path / "decoder.safetensors", VGGDecoder("relu2_1", trained_for))
    encoder, decoder = load_networks(encoder_file, decoder_file)
    assert encoder.levels == decoder.levels == ("relu2_1",)
    assert same(encoder, vgg[0])


def test_catalogue_names_are_found_in_the_folder_of_weights(vgg, lite, tmp_path, monkeypatch):
    """It is searched before the embedded weights; names of models and of files both count."""
    folder = tmp_path / "weights"
    folder.mkdir()
    monkeypatch.setenv("ADAIN_WEIGHTS_DIR", str(folder))
    save(folder / "lite.safetensors", *lite)
    assert same(load_networks("lite")[0], lite[0])
    assert same(load_encoder("lite"), lite[0])
    other = LiteDecoder((3, 4, 5), lite[0].fingerprint())
    model_file = save(tmp_path / "model.safetensors", lite[0], other)
    assert same(load_networks(model_file, "lite")[1], lite[1])


def test_names_of_the_catalogue_come_before_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "lite").write_text("no weights")
    assert load_networks("lite")[0].channels == load_encoder("lite").channels == (32, 64, 256)


def test_decoder_of_other_weights_is_refused(lite, tmp_path):
    decoder = LiteDecoder((3, 4, 5), LiteEncoder((3, 4, 5)).fingerprint())
    path = save(tmp_path / "decoder.safetensors", decoder)
    with pytest.raises(EncoderMismatchError, match=rf"trained for {decoder.encoder} at level1.*in use is lite:"):
        load_networks(save(tmp_path / "encoder.safetensors", lite[0]), path)


def test_decoder_of_another_family_is_refused(vgg, lite, tmp_path):
    vgg_decoder = save(tmp_path / "vgg_decoder.safetensors", vgg[1])
    vgg_encoder = save(tmp_path / "vgg.safetensors", vgg[0])
    with pytest.raises(EncoderMismatchError, match=r"trained for vgg19-normalised:.*at relu2_1; .*in use is lite:"):
        load_networks("lite", vgg_decoder)
    with pytest.raises(EncoderMismatchError, match=r"trained for lite:.* at level1.*in use is vgg19-normalised:"):
        load_networks(vgg_encoder, "lite")


def test_decoder_of_the_other_vgg_is_refused(tmp_path):
    encoder_file = save(tmp_path / "encoder.safetensors", VGGEncoder(("relu2_1",), "vgg19-torchvision"))
    decoder_file = save(tmp_path / "decoder.safetensors", VGGDecoder("relu1_1"))
    with pytest.raises(EncoderMismatchError, match=r"trained for vgg19-normalised at.*in use is vgg19-torchvision:"):
        load_networks(encoder_file, decoder_file)


def test_file_that_lacks_one_of_the_two_is_refused(vgg, tmp_path):
    encoder_file = save(tmp_path / "encoder.safetensors", vgg[0])
    decoder_file = save(tmp_path / "decoder.safetensors", vgg[1])
    with pytest.raises(CheckpointError, match=r"encoder\.safetensors holds a VGG-19.* and no decoder\. Name a decoder"):
        load_networks(encoder_file)
    with pytest.raises(CheckpointError, match=r"decoder\.safetensors holds .* and no encoder\. Name the file of its"):
        load_networks(decoder_file)
    with pytest.raises(CheckpointError, match="and no encoder"):
        load_encoder(decoder_file)
    with pytest.raises(CheckpointError, match="and no decoder"):
        load_networks("lite", encoder_file)


@pytest.mark.parametrize("name", ["litte", "nowhere.pth", "."])
def test_unknown_model_names_those_that_are_known(name):
    known = r"Known: lite \(embedded\), vgg19 \(a download of 94 MB\)"
    with pytest.raises(MissingWeightsError, match=rf"Nothing is known of the model '{name}'\. {known}") as caught:
        load_networks(name)
    assert caught.value.facts["known"] == ("lite", "vgg19")


@pytest.mark.parametrize("name", ["adain-decodr", "nowhere.pth", "."])
def test_unknown_weights_name_those_that_are_known(name):
    match = (
        rf"Nothing is known of the weights '{name}'\. Known: lite \(embedded\), .*adain-decoder \(a download of 14 MB"
    )
    with pytest.raises(MissingWeightsError, match=match):
        load_networks("lite", name)
    with pytest.raises(MissingWeightsError, match=match):
        load_encoder(name)


def test_model_that_is_not_here_says_how_to_get_it():
    with pytest.raises(
        MissingWeightsError, match=r"vgg19-normalised are not on this machine\. Run `adain weights pull"
    ):
        load_networks("vgg19")


def test_file_of_no_known_layout_is_named(tmp_path):
    path = tmp_path / "foreign.safetensors"
    save_file({"a.weight": torch.zeros(2, 3)}, path)
    with pytest.raises(
        CheckpointError, match=r"foreign\.safetensors: These weights are of no known layout: .*a\.weight"
    ):
        load_networks(path)


def test_encoder_is_read_with_the_levels_asked_for(tmp_path):
    path = save(tmp_path / "encoder.safetensors", VGGEncoder(("relu2_1",)))
    assert load_encoder(path).levels == ("relu2_1",)
    assert load_encoder(path, ("relu1_1", "relu2_1")).levels == ("relu1_1", "relu2_1")


def test_decoder_is_read_alone(vgg, tmp_path):
    encoder, decoder = vgg
    assert same(load_decoder(save(tmp_path / "decoder.safetensors", decoder)), decoder)
    with pytest.raises(CheckpointError, match=r"holds a VGG-19 of this project and no decoder\. Name a decoder"):
        load_decoder(save(tmp_path / "encoder.safetensors", encoder))


def test_the_paper_s_networks_are_found_by_name(shared, monkeypatch):
    monkeypatch.setenv("ADAIN_WEIGHTS_DIR", str(shared / "weights"))
    encoder, decoder = load_networks("vgg19")
    assert encoder.family == decoder.encoder == "vgg19-normalised"
    assert encoder.levels == decoder.levels == ("relu4_1",)
    shallow, inverter = load_networks("vgg19", shared / "weights" / "feature_invertor_conv3_1.pth")
    assert shallow.levels == inverter.levels == ("relu3_1",)
    with pytest.raises(EncoderMismatchError, match=r"trained for vgg19-normalised at relu4_1.*in use is lite:"):
        load_networks("lite", "adain-decoder")
