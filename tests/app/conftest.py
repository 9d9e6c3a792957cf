"""An engine in this process; and a server of its own, as `adain app` starts it, with programs and browsers for it."""

from __future__ import annotations

import importlib.util
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
import torch

from adain_nodes.imaging import write_image

if importlib.util.find_spec("gradio") is None:
    collect_ignore_glob = ["test_*.py"]
    print("NOT TESTED: the web page needs gradio")
else:
    from adain_nodes.app.engine import Engine

if TYPE_CHECKING:
    from gradio_client import Client
    from playwright.sync_api import Browser, BrowserContext, Page, Request

ROOT = Path(__file__).parents[2]


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    """The embedded model in float32, and a folder for results."""
    return Engine(tmp_path / "results", device="cpu", dtype="float32")


class Files(NamedTuple):
    """Pictures of noise."""

    photo: str
    style: str
    other: str


@pytest.fixture
def files(tmp_path: Path) -> Files:
    """A photograph of 48×40 pixels and two styles of 32×32."""
    sizes = {"photo": (40, 48), "style": (32, 32), "other": (32, 32)}
    for name, size in sizes.items():
        write_image(tmp_path / f"{name}.png", torch.rand(1, 3, *size))
    return Files(*(str(tmp_path / f"{name}.png") for name in sizes))


class Server(NamedTuple):
    """Where a server answers, and the folder that its temporary files are in."""

    address: str
    folder: Path


Start = Callable[..., Server]


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """A function that starts `adain app` on a free port; each server must end well, and leave nothing behind."""
    running: list[tuple[subprocess.Popen[str], Path]] = []

    def start(*options: str) -> Server:
        folder = tmp_path_factory.mktemp("app")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "adain_nodes", "app", "--port", str(port), "--device", "cpu", *options]
        environment = os.environ | {"TMPDIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"}
        with (folder / "log.txt").open("w") as log:
            server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
        running.append((server, folder))
        line = server.stdout.readline()
        assert line == f"AdaIN Nodes is at http://127.0.0.1:{port}/ (Ctrl+C ends it)\n", (
            folder / "log.txt"
        ).read_text()
        return Server(line.split()[4], folder)

    yield start
    for server, folder in running:
        server.send_signal(signal.SIGINT)
        rest, _ = server.communicate(timeout=30)
        assert (server.returncode, rest) == (130, "")
        left = {file.name for file in folder.rglob("*") if file.is_file() or file.name.startswith("adain")}
        assert left == {"log.txt"}


@pytest.fixture(scope="session")
def server(start: Start) -> Server:
    """One that most tests share, with limits that are quick to reach."""
    return start("--max-upload", "1", "--max-pixels", "4000000")


@pytest.fixture(scope="session")
def connect(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Client]:
    """A function that gives a program's session of its own; what it downloads stays among the tests' files."""
    from gradio_client import Client

    return lambda address: Client(address, verbose=False, download_files=str(tmp_path_factory.mktemp("downloads")))


class Visit:
    """The page in a session of its own, the events that it asks for, by their numbers, and what went wrong on it."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.outside, self.troubles, self.asked = list[str](), list[str](), list[int]()
        self.page: Page = context.new_page()
        self.page.on("request", lambda request: self._asked(request, address))
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.goto(address)
        self.wait_for_result()

    def _asked(self, request: Request, address: str) -> None:
        if not request.url.startswith((address, "data:", "blob:")):
            self.outside.append(request.url)
        if "/queue/join" in request.url:
            self.asked.append(request.post_data_json["fn_index"])

    def result(self, tab: str = "stylise") -> str:
        """The address of the result that is shown, empty before there is one."""
        return self.page.evaluate(RESULT, tab)

    def wait_for_result(self, tab: str = "stylise", other_than: str = "") -> str:
        """Wait for a result that is loaded, other than the one before, and give its address."""
        shown = f"([tab, before]) => ![before, ''].includes(({RESULT})(tab))"
        self.page.wait_for_function(shown, arg=[tab, other_than], timeout=30_000)
        return self.result(tab)


RESULT = """tab => {
    const [, after] = document.querySelectorAll(`#${tab}-result img`)
    return after?.complete && after.naturalWidth ? after.src : ''
}"""


@pytest.fixture
def visit(chromium: Browser, server: Server) -> Iterator[Callable[..., Visit]]:
    """A function that opens the page; every visit must end without errors or requests to other machines."""
    visits: list[tuple[BrowserContext, Visit]] = []

    def visit(**settings: object) -> Visit:
        context = chromium.new_context(**{"viewport": {"width": 1280, "height": 900}} | settings)
        visits.append((context, Visit(context, server.address)))
        return visits[-1][1]

    yield visit
    for context, each in visits:
        assert (each.outside, each.troubles) == ([], [])
        context.close()
