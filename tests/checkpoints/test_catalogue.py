from __future__ import annotations

import re
from dataclasses import FrozenInstanceError

import pytest

from adain_nodes.checkpoints import catalogue
from adain_nodes.checkpoints.catalogue import MODELS, WEIGHTS, Model, weight_file
from adain_nodes.core.errors import MissingWeightsError


def test_the_published_files_are_the_documented_ones():
    # Sizes and checksums as several public records give them; see the model cards.
    assert {name: (file.filename, file.download_bytes) for name, file in WEIGHTS.items()} == {
        "lite": ("lite.safetensors", 0),
        "vgg19-normalised": ("vgg_normalised.pth", 80_102_481),
        "adain-decoder": ("decoder.pth", 14_023_458),
        "vgg19-torchvision": ("vgg19-dcbb9e9d.pth", 574_673_361),
    }
    assert weight_file("vgg19-normalised").published.sha256.startswith("804ca2835ecf7539")
    assert weight_file("adain-decoder").published.sha256.startswith("379ca41d59f3a37e")
    # torchvision writes the first eight digits into the name.
    assert weight_file("vgg19-torchvision").published.sha256.startswith("dcbb9e9d")


@pytest.mark.parametrize("file", WEIGHTS.values(), ids=WEIGHTS.keys())
def test_every_entry_is_complete(file):
    assert all((file.about, file.origin, file.licence, file.paper))
    if file.published:
        assert file.published.url.startswith("https://")
        assert file.published.url.endswith(f"/{file.filename}")
        assert re.fullmatch(r"[0-9a-f]{64}", file.published.sha256)


def test_no_file_name_belongs_to_two_entries():
    names = [name for file in WEIGHTS.values() for name in file.filenames]
    assert len(names) == len(set(names))


def test_models_are_made_of_catalogued_files():
    for entry in MODELS.values():
        assert WEIGHTS[entry.encoder.name] is entry.encoder
        assert WEIGHTS[entry.decoder.name] is entry.decoder
    assert catalogue.model("lite").download_bytes == 0
    assert catalogue.model("vgg19").download_bytes == 80_102_481 + 14_023_458


def test_a_file_that_holds_both_networks_counts_once():
    encoder = weight_file("adain-decoder")
    assert Model("both", "", encoder, encoder).download_bytes == 14_023_458


def test_unknown_names_list_the_known_ones_and_what_must_be_downloaded():
    with pytest.raises(
        MissingWeightsError, match=r"model 'vgg16'\. Known: lite \(embedded\), vgg19 \(a download of 94"
    ):
        catalogue.model("vgg16")
    with pytest.raises(
        MissingWeightsError, match=r"'lit'\. Known: lite \(embedded\), vgg19-normalised \(a download of 80"
    ):
        weight_file("lit")


def test_the_catalogue_cannot_be_changed():
    with pytest.raises(TypeError):
        WEIGHTS["mine"] = weight_file("lite")
    with pytest.raises(FrozenInstanceError):
        weight_file("lite").name = "mine"
