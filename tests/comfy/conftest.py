"""A real ComfyUI: started once with the checkout as a custom node pack, spoken to, and opened in a browser."""

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
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response

ROOT = Path(__file__).parents[2]
FOLDER = "another-name-2.0"
"""How the pack's folder is called here: awkward as a module's name. (With a space the host would serve no files.)"""

Prompt = dict[str, dict[str, Any]]


@dataclass
class Outcome:
    """What a prompt led to: the classes of nodes that ran, progress, previews, how it ended, pictures and texts."""

    ran: list[str] = field(default_factory=list)
    progress: list[tuple[int, int]] = field(default_factory=list)
    previews: int = 0
    end: str = ""
    error: dict[str, Any] = field(default_factory=dict)
    pictures: list[np.ndarray] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


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
                outcome.texts += data["output"].get("text", [])
                shown = data["output"].get("images", [])  # videos too
                outcome.pictures += [self._picture(each) for each in shown if not each["filename"].endswith(".mp4")]
            elif kind in ("execution_success", "execution_error", "execution_interrupted"):
                outcome.end, outcome.error = kind.removeprefix("execution_"), data
                break
        messages.close()
        return outcome

    def _picture(self, image: dict[str, str]) -> np.ndarray:
        with Image.open(io.BytesIO(self.get(f"/view?{urllib.parse.urlencode(image)}"))) as picture:
            return np.asarray(picture.convert("RGB"))


@pytest.fixture(scope="session")
def comfyui() -> Path:
    """Where ComfyUI is; skipped in capitals where it is not."""
    home = Path(os.environ.get("COMFYUI_PATH", Path.home() / "ComfyUI"))
    if not (home / "main.py").is_file():
        pytest.skip(f"NOT TESTED IN A REAL COMFYUI: there is none at {home} (COMFYUI_PATH names another place)")
    return home


@pytest.fixture(scope="session")
def start_host(comfyui: Path) -> Callable[..., AbstractContextManager[Host]]:
    """A function that starts a server with what lies in ``base / "custom_nodes"``, and ends it on leaving."""

    @contextmanager
    def start(base: Path, **variables: str) -> Iterator[Host]:
        for folder in ("input", "models/adain"):
            (base / folder).mkdir(parents=True)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        own = comfyui / ".venv" / "bin" / "python"
        command = [str(own if own.is_file() else sys.executable), "main.py", "--cpu", "--disable-auto-launch"]
        command += ["--port", str(port), "--base-directory", str(base), "--disable-api-nodes"]
        command += ["--database-url", "sqlite:///:memory:"]
        environment = {name: value for name, value in os.environ.items() if name != "ADAIN_WEIGHTS_DIR"}
        environment |= {"ADAIN_CACHE_DIR": str(base / "cache"), "PYTHONDONTWRITEBYTECODE": "1"} | variables
        log = base / "log.txt"
        with log.open("wb") as out:
            server = subprocess.Popen(command, cwd=comfyui, env=environment, stdout=out, stderr=subprocess.STDOUT)
        try:
            running = Host(port, base, log)
            _wait_for(running, server)
            for picture in (ROOT / "examples" / "pictures").glob("*/*.*[g4]"):
                running.upload(picture)
            yield running
        finally:
            server.terminate()
            server.wait(20)

    return start


@pytest.fixture(scope="session")
def host(
    start_host: Callable[..., AbstractContextManager[Host]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Host]:
    """A server with a link to this checkout that runs until the last test."""
    base = tmp_path_factory.mktemp("comfyui")
    (base / "custom_nodes").mkdir()
    (base / "custom_nodes" / FOLDER).symlink_to(ROOT, target_is_directory=True)
    odd = Path(__file__).parent / "odd_pictures"
    (base / "custom_nodes" / odd.name).symlink_to(odd, target_is_directory=True)
    with start_host(base) as running:
        yield running


def _wait_for(host: Host, server: subprocess.Popen[bytes]) -> None:
    for _ in range(360):
        try:
            host.get("/system_stats")
        except OSError:
            assert server.poll() is None, host.log.read_text()[-3000:]
            time.sleep(0.5)
        else:
            return
    pytest.fail(f"ComfyUI did not start in three minutes:\n{host.log.read_text()[-3000:]}")


EDITOR_SETTINGS = {
    "Comfy.TutorialCompleted": True,
    "Comfy.Notification.ShowVersionUpdates": False,
    "Comfy.Canvas.LeftMouseClickBehavior": "panning",  # what the front end sets at its first start, with an error
    "Comfy.Canvas.MouseWheelScroll": "zoom",
    "Comfy.Extension.Disabled": [],
    "Comfy.Locale": "en",
}
"""What every test starts from, because the host keeps settings: no pop-ups, all extensions, and English."""

EDITOR_IS_READY = """() => window.LiteGraph?.registered_node_types['AdaIN_Decode']
    && window.app?.extensionManager?.workflow?.activeWorkflow && window.app.api.clientId"""
"""It has the nodes, has opened the workflow that it starts with, and hears of what the host runs."""


class Editor:
    """The front end of the host in a browser's page with an empty graph, and what went wrong on it."""

    def __init__(self, context: BrowserContext, host: Host) -> None:
        self.host, self.troubles = host, list[str]()
        context.route(lambda url: not url.startswith((host.url, "blob:", "data:")), lambda route: route.abort())
        self.page: Page = context.new_page()
        self.page.on("pageerror", lambda error: self.troubles.append(f"error: {error}"))
        self.page.on("console", self._said)
        self.page.on("response", self._answered)

    def open(self) -> None:
        """Load the front end, or load it again, and wait until it has the nodes."""
        self.page.goto(self.host.url)
        self.page.wait_for_function(EDITOR_IS_READY, timeout=120_000)
        self.page.evaluate("app.clean()")

    def clear(self) -> None:
        """Start anew without loading."""
        self.page.evaluate("app.clean()")
        self.troubles.clear()

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error" and "Failed to load resource" not in message.text:  # see below
            self.troubles.append(f"console: {message.text}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400 and "/user" not in response.url:  # a new user has no files yet
            self.troubles.append(f"{response.status}: {response.url}")


@pytest.fixture(scope="module")
def open_editor(chromium: Browser, host: Host) -> Callable[..., Editor]:
    """A function that gives the front end in the classic or the new rendering of nodes, one page for equal settings."""
    opened: dict[str, Editor] = {}

    def open_editor(vue: bool, **settings: object) -> Editor:
        chosen = json.dumps(EDITOR_SETTINGS | {"Comfy.VueNodes.Enabled": vue} | settings)
        if chosen in opened:
            opened[chosen].clear()
        else:
            host.post("/api/settings", chosen.encode())
            editor = Editor(chromium.new_context(viewport={"width": 1400, "height": 900}), host)
            editor.open()
            opened[chosen] = editor
        return opened[chosen]

    return open_editor
