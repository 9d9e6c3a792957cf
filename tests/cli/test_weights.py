"""`adain weights`: what is known, what is here, and how the rest comes."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from adain_nodes.checkpoints import catalogue
from adain_nodes.checkpoints.catalogue import MODELS, WEIGHTS, Published
from adain_nodes.resources import resource

BODY = bytes(range(256)) * 20


class Silent(SimpleHTTPRequestHandler):
    def log_message(self, format, *args):
        """Say nothing."""


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    """A server for ADAIN_WEIGHTS_MIRROR, and a catalogue that names its one file as adain-decoder."""
    folder = tmp_path / "mirror"
    folder.mkdir()
    (folder / "decoder.pth").write_bytes(BODY)
    published = Published("https://nowhere.invalid/decoder.pth", len(BODY), hashlib.sha256(BODY).hexdigest())
    small = replace(WEIGHTS["adain-decoder"], published=published)
    monkeypatch.setattr(catalogue, "WEIGHTS", {**WEIGHTS, "adain-decoder": small})
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder)))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("ADAIN_WEIGHTS_MIRROR", f"http://127.0.0.1:{server.server_port}")
    yield folder
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def cache(tmp_path):
    folder = tmp_path / "cache"
    folder.mkdir()
    return folder


def test_list_names_everything_and_what_it_costs(adain, cache):
    (cache / "decoder.pth").write_bytes(BODY)
    status, out, _ = adain("weights", "list")
    assert status == 0
    rows = {
        cells[0]: cells[1:]
        for line in out.splitlines()
        if len(cells := [c.strip() for c in line.strip("│").split("│")]) == 5
    }
    assert rows["vgg19"] == ["the networks of the paper", "vgg19-normalised", "adain-decoder", "94 MB"]
    for weight in WEIGHTS.values():
        assert weight.licence.split(";")[0] in out
    assert rows["lite"][:3] == ["lite.safetensors", "embedded", "yes"]
    assert rows["vgg19-normalised"][:3] == ["vgg_normalised.pth", "80 MB", "no"]
    assert rows["adain-decoder"][:3] == ["decoder.pth", "14 MB", "yes"]
    assert rows["vgg19-torchvision"][:3] == ["vgg19-dcbb9e9d.pth", "575 MB", "no"]
    assert rows.keys() >= MODELS.keys() | WEIGHTS.keys()


def test_pull_downloads_into_the_cache(adain, mirror, cache):
    assert adain("weights", "pull", "adain-decoder") == (0, f"adain-decoder: {cache / 'decoder.pth'}\n", "")
    assert (cache / "decoder.pth").read_bytes() == BODY


def test_pull_takes_a_folder(adain, mirror, tmp_path):
    status, out, _ = adain("weights", "pull", "adain-decoder", "--folder", tmp_path / "[b]mine")
    assert (status, out) == (0, f"adain-decoder: {tmp_path / '[b]mine' / 'decoder.pth'}\n")
    assert (tmp_path / "[b]mine" / "decoder.pth").read_bytes() == BODY


def test_pull_refuses_what_is_not_the_catalogue_s(adain, mirror, cache):
    (mirror / "decoder.pth").write_bytes(BODY[::-1])
    status, out, err = adain("weights", "pull", "adain-decoder")
    assert (status, out) == (1, "")
    assert "is a different variant" in err
    assert not (cache / "decoder.pth").exists()


def test_pull_of_a_model_fetches_its_files(adain, monkeypatch, tmp_path):
    fetched = []

    def download(weight, folder, *, progress):
        progress(1, 2)
        fetched.append(weight.name)
        return tmp_path / weight.filename

    monkeypatch.setattr("adain_nodes.checkpoints.download.download", download)
    status, out, _ = adain("weights", "pull", "vgg19", "adain-decoder")
    assert status == 0
    assert fetched == ["vgg19-normalised", "adain-decoder"]  # each once
    assert out.splitlines() == [f"{name}: {tmp_path / WEIGHTS[name].filename}" for name in fetched]


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("lite", "The weights lite are not published: they travel with the package."),
        ("nothing", "Nothing is known of the weights 'nothing'. Known: lite (embedded), vgg19-normalised (a download"),
    ],
)
def test_pull_says_what_cannot_be_fetched(adain, name, error):
    status, out, err = adain("weights", "pull", name)
    assert (status, out) == (1, "")
    assert error in err


def test_offline_nothing_is_fetched(adain, monkeypatch):
    monkeypatch.setenv("ADAIN_OFFLINE", "1")
    status, _, err = adain("weights", "pull", "adain-decoder")
    assert status == 1
    assert "decoder.pth is not downloaded, because ADAIN_OFFLINE is set" in err


@pytest.mark.parametrize(
    ("body", "verdict", "status"),
    [(BODY, "ok", 0), (BODY[::-1], "a different variant", 1), (BODY[:-1], "incomplete or corrupt", 1)],
)
def test_verify_compares_with_the_catalogue(adain, mirror, cache, body, verdict, status):
    path = cache / "decoder.pth"
    path.write_bytes(body)
    digest = hashlib.sha256(body).hexdigest()
    said = f"adain-decoder: {verdict} ({len(body)} bytes, sha256 {digest}) {path}\n"
    assert adain("weights", "verify", "adain-decoder") == (status, said, "")
    assert path.read_bytes() == body


def test_verify_goes_on_after_a_bad_file(adain, mirror, cache):
    (cache / "decoder.pth").write_bytes(b"short")
    status, out, _ = adain("weights", "verify", "adain-decoder", "lite")
    assert status == 1
    assert "adain-decoder: incomplete or corrupt" in out
    assert "lite: no published checksum" in out


def test_verify_needs_the_file(adain):
    status, _, err = adain("weights", "verify", "vgg19")
    assert status == 1
    assert "vgg19-normalised are not on this machine. Run `adain weights pull vgg19-normalised` (80 MB)" in err


def test_where_says_why(adain, cache, tmp_path, monkeypatch):
    (cache / "decoder.pth").touch()
    status, out, _ = adain("weights", "where", "lite", "adain-decoder")
    assert (status, out.splitlines()) == (
        0,
        [
            f"lite: {resource('weights', 'lite.safetensors')} (embedded in the package)",
            f"adain-decoder: {cache / 'decoder.pth'} (the user cache)",
        ],
    )
    monkeypatch.setenv("ADAIN_WEIGHTS_DIR", str(tmp_path))
    (tmp_path / "decoder.pth").touch()
    assert (
        adain("weights", "where", "adain-decoder").out
        == f"adain-decoder: {tmp_path / 'decoder.pth'} (ADAIN_WEIGHTS_DIR)\n"
    )


def test_where_without_names_prints_the_search_order(adain, cache, tmp_path, monkeypatch):
    monkeypatch.setenv("ADAIN_WEIGHTS_DIR", str(tmp_path))
    status, out, _ = adain("weights", "where")
    assert status == 0
    assert out.splitlines() == [
        f"{tmp_path} (ADAIN_WEIGHTS_DIR)",
        f"{cache} (the user cache)",
        f"{resource('weights')} (embedded in the package)",
        f"  lite: {resource('weights', 'lite.safetensors')}",
        *(f"  {name}: not here" for name in list(WEIGHTS)[1:]),
    ]


def test_where_of_what_is_not_here_fails(adain):
    status, out, err = adain("weights", "where", "adain-decoder")
    assert (status, out) == (1, "")
    assert "The weights adain-decoder are not on this machine" in err
    assert Path(resource("weights")).name not in err.split("folders:")[1]  # nobody should write into the package


def test_export_writes_the_graphs(adain, tmp_path):
    status, out, _ = adain("weights", "export", "lite", "--out", str(tmp_path / "lite"))
    assert status == 0
    paths = [Path(line) for line in out.split()]
    assert [path.name for path in paths] == ["encoder.onnx", "style.onnx", "adain.onnx", "decoder.onnx"]
    assert all(path.stat().st_size > 5000 for path in paths)


def test_export_of_an_unknown_model_fails(adain, tmp_path):
    status, _, err = adain("weights", "export", "heavy", "--out", str(tmp_path))
    assert status == 1
    assert "heavy" in err
