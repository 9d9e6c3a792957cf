"""A real ComfyUI: found, started once on a free port with the checkout as a custom node pack, and spoken to."""

from __future__ import annotations

import base64
import io
import json
import os
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
FOLDER = "another name 2.0"
"""How the pack's folder is called here: with all that is awkward in a module's name."""

Prompt = dict[str, dict[str, Any]]


@dataclass
class Outcome:
    """What a prompt led to: the classes of nodes that ran, progress, previews, how it ended, and saved pictures."""

    ran: list[str] = field(default_factory=list)
    progress: list[tuple[int, int]] = field(default_factory=list)
    previews: int = 0
    end: str = ""
    error: dict[str, Any] = field(default_factory=dict)
    pictures: list[np.ndarray] = field(default_factory=list)


class Messages:
    """The server's websocket, as far as reading its messages needs it (RFC 6455)."""

    def __init__(self, port: int, client: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /ws?clientId={client} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self.stream = self.socket.makefile("rb")
        assert b" 101 " in self.stream.readline()
        while self.stream.readline().strip():
            continue

    def __iter__(self) -> Iterator[dict[str, Any]]:
        while True:
            first, length = self.stream.read(2)
            if length > 125:
                kind = ">H" if length == 126 else ">Q"
                (length,) = struct.unpack(kind, self.stream.read(struct.calcsize(kind)))
            payload = self.stream.read(length)
            yield json.loads(payload) if first & 15 == 1 else {"type": "preview", "data": {}}  # these alone are binary

    def close(self) -> None:
        self.stream.close()
        self.socket.close()


class Host:
    """A running server, with its folders below ``base``."""

    def __init__(self, port: int, base: Path, log: Path) -> None:
        self.url, self.base, self.log = f"http://127.0.0.1:{port}", base, log
        self.client = uuid.uuid4().hex
        self.port = port

    def get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=30) as reply:
            return reply.read()

    def post(self, path: str, data: bytes = b"{}", kind: str = "application/json") -> dict[str, Any]:
        """The JSON of the answer, of refusals too."""
        request = urllib.request.Request(self.url + path, data, {"Content-Type": kind})
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return json.loads(reply.read() or b"{}")
        except urllib.error.HTTPError as refusal:
            with refusal:
                return json.loads(refusal.read())

    def upload(self, picture: Path) -> None:
        head = f'--edge\r\nContent-Disposition: form-data; name="image"; filename="{picture.name}"\r\n\r\n'
        self.post(
            "/upload/image",
            head.encode() + picture.read_bytes() + b"\r\n--edge--\r\n",
            "multipart/form-data; boundary=edge",
        )

    def queue(self, prompt: Prompt) -> dict[str, Any]:
        return self.post("/prompt", json.dumps({"prompt": prompt, "client_id": self.client}).encode())

    def run(self, prompt: Prompt, on_progress: Callable[[int, int], object] = lambda done, of: None) -> Outcome:
        """Execute a prompt to its end, whichever that is."""
        messages, outcome = Messages(self.port, self.client), Outcome()
        reply = self.queue(prompt)
        assert "prompt_id" in reply, reply
        for message in messages:
            kind, data = message["type"], message["data"]
            outcome.previews += kind == "preview"
            if data.get("prompt_id") != reply["prompt_id"]:
                continue
            if kind == "executing" and data["node"] is not None:
                outcome.ran.append(prompt[data["node"]]["class_type"])
            elif kind == "progress":
                outcome.progress.append((data["value"], data["max"]))
                on_progress(data["value"], data["max"])
            elif kind == "executed":
                outcome.pictures += [self._picture(image) for image in data["output"].get("images", [])]
            elif kind in ("execution_success", "execution_error", "execution_interrupted"):
                outcome.end, outcome.error = kind.removeprefix("execution_"), data
                break
        messages.close()
        return outcome

    def _picture(self, image: dict[str, str]) -> np.ndarray:
        with Image.open(io.BytesIO(self.get(f"/view?{urllib.parse.urlencode(image)}"))) as picture:
            return np.asarray(picture.convert("RGB"))


@pytest.fixture(scope="session")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """A server that runs until the last test; skipped in capitals where there is no ComfyUI."""
    home = Path(os.environ.get("COMFYUI_PATH", Path.home() / "ComfyUI"))
    if not (home / "main.py").is_file():
        pytest.skip(f"NOT TESTED IN A REAL COMFYUI: there is none at {home} (COMFYUI_PATH names another place)")
    base = tmp_path_factory.mktemp("comfyui")
    for folder in ("custom_nodes", "input", "models/adain"):
        (base / folder).mkdir(parents=True)
    (base / "custom_nodes" / FOLDER).symlink_to(ROOT, target_is_directory=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = home / ".venv" / "bin" / "python"
    command = [str(own if own.is_file() else sys.executable), "main.py", "--cpu", "--disable-auto-launch"]
    command += ["--port", str(port), "--base-directory", str(base), "--disable-api-nodes"]
    command += ["--database-url", "sqlite:///:memory:"]
    environment = {name: value for name, value in os.environ.items() if name != "ADAIN_WEIGHTS_DIR"}
    environment |= {"ADAIN_CACHE_DIR": str(base / "cache"), "PYTHONDONTWRITEBYTECODE": "1"}
    log = base / "log.txt"
    with log.open("wb") as out:
        server = subprocess.Popen(command, cwd=home, env=environment, stdout=out, stderr=subprocess.STDOUT)
    try:
        running = Host(port, base, log)
        _wait_for(running, server)
        for picture in (ROOT / "examples" / "pictures").glob("*/*.*g"):
            running.upload(picture)
        yield running
    finally:
        server.terminate()
        server.wait(20)


def _wait_for(host: Host, server: subprocess.Popen[bytes]) -> None:
    for _ in range(120):
        try:
            host.get("/system_stats")
        except OSError:
            assert server.poll() is None, host.log.read_text()[-3000:]
            time.sleep(0.5)
        else:
            return
    pytest.fail(f"ComfyUI did not start in a minute:\n{host.log.read_text()[-3000:]}")
