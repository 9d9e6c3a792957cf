"""A folder with the pictures of a small survey, and the server that asks about another one."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
import torch

from adain_nodes.imaging import find_images, read_image, write_image
from adain_nodes.resources import resource
from adain_nodes.survey.answers import FILE, Answers

ROOT = Path(__file__).parents[2]

MakeSurvey = Callable[..., Path]


@pytest.fixture
def make_survey(tmp_path: Path) -> MakeSurvey:
    """A function that makes one: noise by methods, under names like ``content_style``, with their sources if wanted."""

    def make(
        methods: Sequence[str] = ("bold", "calm"),
        names: Sequence[str] = ("cat_wave", "dog_wave"),
        *,
        size: tuple[int, int] = (24, 32),
        sources: bool = False,
    ) -> Path:
        folder = tmp_path / "survey"
        files = [folder / method / f"{name}.png" for method in methods for name in names]
        if sources:
            contents, styles = zip(*(name.split("_") for name in names), strict=True)
            files += [folder / "content" / f"{name}.jpg" for name in contents]
            files += [folder / "style" / f"{name}.jpg" for name in styles]
        for file in files:
            file.parent.mkdir(parents=True, exist_ok=True)
            write_image(file, torch.rand(1, 3, *size))
        return folder

    return make


METHODS = ("zebrine", "quagga")
"""Words that nothing else holds."""


class Server:
    """`adain app --survey` on a folder; it can be killed, and started again at the same port."""

    methods = METHODS

    def __init__(self, folder: Path, ask: str) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = ["--survey", str(folder), "--ask", ask, "--port", str(port)]
        self._command = [sys.executable, "-m", "adain_nodes", "app", *options]
        self.folder, self.ask = folder, ask
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        environment = os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"}
        with (self.folder.parent / "log.txt").open("a") as log:
            self.process = subprocess.Popen(
                self._command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
        lines = [self.process.stdout.readline() for _ in range(2)]
        (self.address,) = re.findall(r"^AdaIN Nodes is at (http://127\.0\.0\.1:\d+/) \(Ctrl\+C ends it\)\n", lines[0])
        (self.results,) = re.findall(rf"^Its results, for you alone: ({self.address}#results=\S+)\n", lines[1])

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()
        self.process.communicate()

    def given(self) -> list[tuple[str, str]]:
        """Raters and answers."""
        return [(each.rater, each.answer or "") for each in Answers(self.folder / FILE, self.ask).given()]


def arrange(folder: Path) -> Path:
    """The project's example pictures as if two methods had made them, one a mirror, with their sources."""
    contents = find_images([resource("examples", "pictures", "content")])[:3]
    (style, *_) = find_images([resource("examples", "pictures", "style")])
    for kind in ("content", "style", *METHODS):
        (folder / kind).mkdir(parents=True)
    shutil.copy(style, folder / "style")
    for content in contents:
        shutil.copy(content, folder / "content")
        shutil.copy(content, folder / METHODS[0] / f"{content.stem}_{style.stem}.jpg")
        mirrored = read_image(content).rgb.flip(3)
        write_image(
            folder / METHODS[1] / f"{content.stem}_{style.stem}.png", mirrored, parameters={"model": METHODS[1]}
        )
    return folder


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Server]]:
    """A function that gives the server of a mode; both must end well."""
    running: dict[str, Server] = {}

    def serve(ask: str) -> Server:
        if ask not in running:
            running[ask] = Server(arrange(tmp_path_factory.mktemp(ask) / "survey"), ask)
        return running[ask]

    yield serve
    for server in running.values():
        server.process.send_signal(signal.SIGINT)
        rest, _ = server.process.communicate(timeout=60)
        log = (server.folder.parent / "log.txt").read_text()
        assert (server.process.returncode, rest, log) == (130, "", "")
        assert not {*server.folder.glob(f"{FILE}-*")}  # the log of writes has gone into the file
