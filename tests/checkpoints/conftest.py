"""A web server that misbehaves on request, and an environment without surprises."""

from __future__ import annotations

import hashlib
import os
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import ClassVar

import pytest

from adain_nodes.checkpoints.catalogue import Published, WeightFile


@pytest.fixture(autouse=True)
def clean_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy and no setting of the machine reaches a test, and downloads go to its own folder."""
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in ("ADAIN_WEIGHTS_DIR", "ADAIN_WEIGHTS_MIRROR", "ADAIN_OFFLINE"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ADAIN_CACHE_DIR", str(tmp_path / "cache"))


@dataclass
class Server:
    """What is served, how the next requests are answered (``serve`` when nothing is said), and what was asked."""

    body: bytes = bytes(range(256)) * 40
    etag: str = '"one"'
    script: deque[str] = field(default_factory=deque)
    paths: list[str] = field(default_factory=list)
    ranges: list[str | None] = field(default_factory=list)
    conditions: list[str | None] = field(default_factory=list)
    asked: Event = field(default_factory=Event)
    over: Event = field(default_factory=Event)
    address: str = ""


class _Handler(BaseHTTPRequestHandler):
    state: ClassVar[Server]

    def do_GET(self) -> None:
        state = self.state
        state.paths.append(self.path)
        state.ranges.append(self.headers["Range"])
        state.conditions.append(self.headers["If-Range"])
        state.asked.set()
        behaviour = state.script.popleft() if state.script else "serve"
        if behaviour.isdigit():
            self.send_error(int(behaviour))
        else:
            getattr(self, f"_{behaviour}")()

    def do_CONNECT(self) -> None:
        self.state.paths.append(self.path)
        self.send_error(403)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def _answer(self, status: int, body: bytes, length: int | None, **headers: str) -> None:
        self.send_response(status)
        self.send_header("ETag", self.state.etag)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def _serve(self) -> None:
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers["Range"] or "")
        if not asked or self.headers["If-Range"] not in (None, self.state.etag):
            self._no_ranges()
        else:
            self._part_from(int(asked[1]))

    def _part_from(self, start: int) -> None:
        whole = len(self.state.body)
        rest = self.state.body[start:]
        self._answer(206, rest, len(rest), Content_Range=f"bytes {start}-{whole - 1}/{whole}")

    def _no_ranges(self) -> None:
        self._answer(200, self.state.body, len(self.state.body))

    def _refuse_ranges(self) -> None:
        if self.headers["Range"]:
            self.send_error(416)
        else:
            self._no_ranges()

    def _wrong_range(self) -> None:
        self._part_from(1)

    def _nameless_range(self) -> None:
        self._answer(206, b"rest", 4)

    def _truncate(self) -> None:
        self._answer(200, self.state.body[: len(self.state.body) // 2], len(self.state.body))

    def _stall(self) -> None:
        self._truncate()
        self.state.over.wait(10)

    def _corrupt(self) -> None:
        self._answer(200, self.state.body[:-1] + b"?", len(self.state.body))

    def _redirect(self) -> None:
        self._answer(302, b"", 0, Location=f"{self.state.address}/moved{self.path}")

    def _shorter(self) -> None:
        self._answer(200, b"Not here", 8)

    def _page(self) -> None:
        self._answer(200, b"<html>Log in</html>", None, Content_Type="text/html; charset=utf-8")

    def _unannounced(self) -> None:
        self._answer(200, self.state.body, None)

    def _too_much(self) -> None:
        self._answer(200, self.state.body + b"more", None)


@pytest.fixture
def server() -> Iterator[Server]:
    """A running server on 127.0.0.1."""
    state = Server()
    web = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"state": state}))
    state.address = f"http://127.0.0.1:{web.server_port}"
    thread = Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield state
    state.over.set()
    web.shutdown()
    web.server_close()
    thread.join()


@pytest.fixture
def weight(server: Server) -> WeightFile:
    """A catalogue entry for what the server holds."""
    published = Published(f"{server.address}/sample.pth", len(server.body), hashlib.sha256(server.body).hexdigest())
    return WeightFile("sample", "sample.pth", "a sample", "a test", "MIT", "none", published)
