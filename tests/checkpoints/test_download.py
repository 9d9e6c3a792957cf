from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from adain_nodes.checkpoints.catalogue import WEIGHTS
from adain_nodes.checkpoints.download import download
from adain_nodes.checkpoints.transfer import TransientError
from adain_nodes.checkpoints.verify import Verdict
from adain_nodes.core.errors import DownloadError


def contents(folder: Path) -> set[str]:
    """The names in a folder; the lock file may stay."""
    return {path.name for path in folder.iterdir() if path.suffix != ".lock"}


def test_the_file_lands_in_the_user_cache(server, weight, tmp_path):
    assert download(weight) == tmp_path / "cache" / "sample.pth"
    assert (tmp_path / "cache" / "sample.pth").read_bytes() == server.body
    assert contents(tmp_path / "cache") == {"sample.pth"}


def test_the_folder_can_be_chosen(server, weight, tmp_path):
    assert download(weight, tmp_path / "models" / "adain") == tmp_path / "models" / "adain" / "sample.pth"


def test_a_verified_file_is_not_fetched_again(server, weight, monkeypatch):
    first = download(weight)
    monkeypatch.setenv("ADAIN_OFFLINE", "1")
    assert download(weight) == first
    assert len(server.paths) == 1


@pytest.mark.parametrize(
    ("content", "verdict"), [(b"x" * 10_240, Verdict.VARIANT), (b"short", Verdict.CORRUPT)], ids=["variant", "corrupt"]
)
def test_the_users_own_file_is_never_replaced(server, weight, tmp_path, content, verdict):
    (tmp_path / "sample.pth").write_bytes(content)
    with pytest.raises(DownloadError, match=f"there already and is {verdict.value}") as caught:
        download(weight, tmp_path)
    assert caught.value.facts["verdict"] is verdict
    assert (tmp_path / "sample.pth").read_bytes() == content
    assert server.paths == []


def test_failures_that_pass_are_tried_again_and_resumed(server, weight):
    server.script.extend(["503", "truncate", "stall", "serve"])
    pauses = []
    path = download(weight, timeout=0.2, sleep=pauses.append)
    assert path.read_bytes() == server.body
    assert pauses == [1, 2, 4]
    assert server.ranges == [None, None, "bytes=5120-", "bytes=5120-"]


def test_gives_up_after_the_last_try_and_resumes_next_time(server, weight, tmp_path):
    server.script.extend(["truncate", "503", "503"])
    pauses = []
    with pytest.raises(TransientError, match=r"503 Service Unavailable.*pull again"):
        download(weight, tries=3, sleep=pauses.append)
    assert pauses == [1, 2]
    assert contents(tmp_path / "cache") == {"sample.pth.part", "sample.pth.part.etag"}
    assert download(weight).read_bytes() == server.body
    assert server.ranges[-1] == "bytes=5120-"


def test_what_will_not_pass_is_not_tried_again(server, weight):
    server.script.append("404")
    with pytest.raises(DownloadError, match="404"):
        download(weight, sleep=lambda seconds: pytest.fail("it waited"))
    assert len(server.paths) == 1


def test_a_corrupted_transfer_is_removed_and_named(server, weight, tmp_path):
    server.script.append("corrupt")
    wrong = hashlib.sha256(server.body[:-1] + b"?").hexdigest()
    with pytest.raises(DownloadError, match=f"is a different variant: sha256 {wrong}"):
        download(weight)
    assert contents(tmp_path / "cache") == set()
    assert download(weight).read_bytes() == server.body


def test_a_damaged_start_is_found_after_resuming(server, weight, tmp_path):
    (tmp_path / "sample.pth.part").write_bytes(b"x" * 1000)
    with pytest.raises(DownloadError, match="a different variant"):
        download(weight, tmp_path)
    assert download(weight, tmp_path).read_bytes() == server.body


@pytest.mark.parametrize("slash", ["", "/"])
def test_a_mirror_takes_the_place_of_the_address(server, weight, monkeypatch, slash):
    elsewhere = replace(weight, published=replace(weight.published, url="http://weights.invalid/v1/sample.pth"))
    monkeypatch.setenv("ADAIN_WEIGHTS_MIRROR", f"{server.address}/mirror{slash}")
    download(elsewhere)
    assert server.paths == ["/mirror/sample.pth"]


def test_a_mirror_is_a_web_address(server, weight, monkeypatch):
    monkeypatch.setenv("ADAIN_WEIGHTS_MIRROR", "file:///etc")
    with pytest.raises(DownloadError, match=r"'file:///etc'; an address that starts with https"):
        download(weight)


@pytest.mark.parametrize("value", ["1", "true"])
def test_offline_means_no_connection(server, weight, tmp_path, monkeypatch, value):
    monkeypatch.setenv("ADAIN_OFFLINE", value)
    with pytest.raises(DownloadError, match=f"ADAIN_OFFLINE is set.*{server.address}/sample.pth"):
        download(weight)
    assert server.paths == []
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("value", ["", "0", "false"])
def test_offline_can_be_switched_off(server, weight, monkeypatch, value):
    monkeypatch.setenv("ADAIN_OFFLINE", value)
    assert download(weight).is_file()


def test_two_pulls_of_one_file_fetch_it_once(server, weight):
    paths = []
    second = Thread(target=lambda: paths.append(download(weight)))

    def start_the_second(done, total):
        if second.ident is None:
            server.asked.clear()
            second.start()
            assert not server.asked.wait(0.3), "both were fetching"

    paths.append(download(weight, progress=start_the_second))
    second.join(5)
    assert [path.read_bytes() for path in paths] == [server.body] * 2
    assert len(server.paths) == 1


def test_embedded_weights_are_not_downloaded():
    with pytest.raises(DownloadError, match="travel with the package"):
        download(WEIGHTS["lite"])


def test_a_folder_that_cannot_be_made_says_so(weight, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(DownloadError, match=r"file/models cannot be written.*ADAIN_CACHE_DIR"):
        download(weight, tmp_path / "file" / "models")
