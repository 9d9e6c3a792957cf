"""The page behind a reverse proxy that serves it under a path, as web/hosting.md says."""

from __future__ import annotations

import http.client
import re
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest
import torch
from gradio_client import handle_file

from adain_nodes.imaging import read_image, write_image

HOP = {"connection", "keep-alive", "transfer-encoding", "te", "upgrade"}
"""Headers that concern one connection only."""


class Proxy(BaseHTTPRequestHandler):
    """Passes on what is asked below ``prefix``, without it, and the answer as it comes; knows nothing else."""

    prefix = "/adain"
    server_behind = ""

    def do_GET(self) -> None:
        if not self.path.startswith(f"{self.prefix}/"):
            return self.send_error(404, "This is not below the prefix")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        behind = http.client.HTTPConnection(urlsplit(self.server_behind).netloc, timeout=120)
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP}
        headers |= {"X-Forwarded-Host": self.headers["Host"], "X-Forwarded-Proto": "http"}
        behind.request(self.command, self.path.removeprefix(self.prefix), body, headers)
        answer = behind.getresponse()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in HOP:
                self.send_header(name, value)
        self.send_header("Connection", "close")
        self.end_headers()
        with closing(behind), suppress(BrokenPipeError, ConnectionResetError):  # where the visitor has gone
            while part := answer.read1(65536):
                self.wfile.write(part)
                self.wfile.flush()
        return None

    do_POST = do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def behind_proxy(start) -> Iterator[str]:
    """The address of the page behind the proxy."""
    served = start("--root-path", "/adain")
    handler = type("Handler", (Proxy,), {"server_behind": served.address})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as proxy:
        thread = threading.Thread(target=proxy.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{proxy.server_port}/adain/"
        proxy.shutdown()
        thread.join()


def test_page_works_below_a_path(behind_proxy, chromium, connect, tmp_path):
    """Its scripts, an upload, a result, and a program."""
    write_image(tmp_path / "photo.png", torch.rand(1, 3, 40, 48))
    page, failed, outside = chromium.new_page(), [], []
    page.on("response", lambda reply: failed.append(reply.url) if reply.status >= 400 else None)
    page.on("request", lambda asked: outside.append(asked.url) if not asked.url.startswith(ALLOWED) else None)
    ALLOWED = (behind_proxy, "data:", "blob:")
    page.goto(behind_proxy)
    result = "document.querySelectorAll('#stylise-result img')[1]"
    page.wait_for_function(f"() => {result}?.naturalWidth > 0", timeout=30_000)
    first = page.evaluate(f"{result}.src")
    assert first.startswith(behind_proxy)
    photo = page.get_by_test_id("block-label").filter(has_text=re.compile(r"^\s*Photograph\s*$"))
    picture = page.locator(".block", has=photo).locator("visible=true")
    picture.get_by_label("Remove Image").click()
    picture.locator("input[type=file]").set_input_files(tmp_path / "photo.png")
    page.wait_for_function(f"() => {result}?.naturalWidth === 48", timeout=30_000)
    page.close()
    assert (failed, outside) == ([], [])
    made, _ = connect(behind_proxy).predict(
        photo=handle_file(tmp_path / "photo.png"), style=handle_file(tmp_path / "photo.png"), api_name="/stylise"
    )
    assert read_image(made).rgb.shape == (1, 3, 40, 48)
