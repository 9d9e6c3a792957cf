from __future__ import annotations

import socket
from pathlib import Path

import pytest

from adain_nodes.checkpoints.transfer import Partial, TransientError, fetch, writing
from adain_nodes.core.errors import DownloadError


@pytest.fixture
def part(tmp_path: Path) -> Partial:
    return Partial(tmp_path / "sample.pth")


@pytest.fixture
def get(server, part):
    def get(progress=lambda done, total: None, timeout=5.0):
        fetch(f"{server.address}/sample.pth", part, len(server.body), progress, timeout)
        return part.path.read_bytes()

    return get


@pytest.mark.parametrize("behaviour", ["serve", "no_ranges", "unannounced", "redirect"])
def test_fetches_the_file(server, get, behaviour):
    server.script.append(behaviour)
    assert get() == server.body
    assert server.ranges[0] is None


def test_reports_progress_up_to_the_whole(server, get):
    seen = []
    get(lambda done, total: seen.append((done, total)))
    size = len(server.body)
    assert seen[-1] == (size, size)
    assert seen == sorted(set(seen))


def test_asks_only_for_what_is_missing(server, part, get):
    part.path.write_bytes(server.body[:1000])
    seen = []
    assert get(lambda done, total: seen.append(done)) == server.body
    assert server.ranges == ["bytes=1000-"]
    assert min(seen) > 1000


def test_a_redirect_keeps_the_range(server, part, get):
    part.path.write_bytes(server.body[:1000])
    server.script.append("redirect")
    assert get() == server.body
    assert server.paths == ["/sample.pth", "/moved/sample.pth"]
    assert server.ranges == ["bytes=1000-"] * 2


def test_a_whole_part_needs_no_connection(server, part, get):
    part.path.write_bytes(server.body)
    assert get() == server.body
    assert server.paths == []


def test_a_part_that_is_too_long_starts_over(server, part, get):
    part.path.write_bytes(server.body + b"more")
    assert get() == server.body
    assert server.ranges == [None]


def test_a_server_without_ranges_starts_over(server, part, get):
    part.path.write_bytes(b"x" * 1000)
    server.script.append("no_ranges")
    assert get() == server.body


@pytest.mark.parametrize("behaviour", ["refuse_ranges", "400", "501", "wrong_range", "nameless_range"])
def test_a_server_that_mishandles_ranges_is_asked_for_the_whole_next_time(server, part, get, behaviour):
    part.path.write_bytes(b"x" * 1000)
    server.script.append(behaviour)
    with pytest.raises(TransientError, match=r"refuses to resume|another range"):
        get()
    assert get() == server.body
    assert server.ranges == ["bytes=1000-", None]


def test_a_changed_file_is_not_spliced(server, part, get):
    server.script.append("truncate")
    with pytest.raises(TransientError, match=r"stopped after 5,120 of 10,240 bytes"):
        get()
    server.body, server.etag = server.body[::-1], '"two"'
    assert get() == server.body
    assert server.conditions == [None, '"one"']
    assert server.ranges == [None, "bytes=5120-"]


def test_a_weak_etag_is_no_condition(server, part, get):
    server.etag = 'W/"one"'
    server.script.append("truncate")
    with pytest.raises(TransientError):
        get()
    assert get() == server.body
    assert server.conditions == [None, None]


def test_a_stall_ends_the_attempt_and_keeps_the_bytes(server, part, get):
    server.script.append("stall")
    with pytest.raises(TransientError, match="timed out"):
        get(timeout=0.2)
    assert part.size == len(server.body) // 2
    assert get() == server.body
    assert server.ranges == [None, "bytes=5120-"]


@pytest.mark.parametrize(
    ("behaviour", "kind", "text"),
    [
        ("404", DownloadError, "404 Not Found"),
        ("403", DownloadError, "403 Forbidden"),
        ("429", TransientError, "429"),
        ("503", TransientError, "503 Service Unavailable"),
        ("shorter", DownloadError, r"announces 8 bytes; the catalogue says 10,240"),
        ("page", DownloadError, "web page"),
        ("too_much", DownloadError, "more than the 10,240 bytes"),
    ],
)
def test_says_what_the_server_did(server, part, get, behaviour, kind, text):
    server.script.append(behaviour)
    with pytest.raises(DownloadError, match=text) as caught:
        get()
    assert type(caught.value) is kind
    assert caught.value.facts["url"] == f"{server.address}/sample.pth"
    assert part.size == 0


def test_a_closed_port_is_transient(part):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(TransientError, match="refused"):
        fetch(f"http://127.0.0.1:{port}/sample.pth", part, 10, lambda done, total: None, 5.0)


def test_http_goes_through_the_proxy(server, part, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", server.address)
    fetch("http://weights.invalid/sample.pth", part, len(server.body), lambda done, total: None, 5.0)
    assert server.paths == ["http://weights.invalid/sample.pth"]
    assert part.path.read_bytes() == server.body


def test_https_asks_the_proxy_for_a_tunnel(server, part, monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", server.address)
    with pytest.raises(TransientError, match="Tunnel connection failed: 403"):
        fetch("https://weights.invalid/sample.pth", part, len(server.body), lambda done, total: None, 5.0)
    assert "weights.invalid:443" in server.paths  # other libraries in this process may use the proxy, too


def test_a_cancelled_transfer_keeps_its_bytes(server, part, get):
    class Cancelled(Exception):
        pass

    def cancel(done, total):
        raise Cancelled

    with pytest.raises(Cancelled):
        get(cancel)
    assert 0 < part.size <= len(server.body)
    assert part.path.read_bytes() == server.body[: part.size]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, a disk that is always full")
def test_a_full_disk_says_so(server, part, get):
    part.path.symlink_to("/dev/full")
    with pytest.raises(DownloadError, match=r"cannot be written: No space left on device\. Make room") as caught:
        get()
    assert not isinstance(caught.value, TransientError)


def test_writing_leaves_other_errors_alone(tmp_path):
    with pytest.raises(KeyError), writing(tmp_path):
        raise KeyError("mine")
