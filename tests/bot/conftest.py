"""A stand-in for Telegram, users, and the bot: in this process, or as `adain bot` starts it."""

from __future__ import annotations

import asyncio
import importlib.util
import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

if importlib.util.find_spec("telegram") is None:
    collect_ignore_glob = ["test_*.py"]
    print("NOT TESTED: the bot needs python-telegram-bot")
else:
    from standin import TOKEN, StandIn, User, standing_in

    from adain_nodes.bot.limits import Limits
    from adain_nodes.bot.queue import Queue
    from adain_nodes.bot.service import Service
    from adain_nodes.bot.telegram import Telegram
    from adain_nodes.bot.work import Painter
    from adain_nodes.core.errors import AdaINError
    from adain_nodes.pipeline import StyleTransfer

ROOT = Path(__file__).parents[2]

Run = Callable[..., AbstractContextManager[threading.Thread]]


@pytest.fixture
def telegram() -> Iterator[StandIn]:
    """The stand-in."""
    with standing_in() as server:
        yield server


@pytest.fixture
def ann(telegram: StandIn) -> User:
    """A user."""
    return User(telegram, 71001)


@pytest.fixture
def bob(telegram: StandIn) -> User:
    """Another one."""
    return User(telegram, 71002)


@pytest.fixture(scope="session")
def painter() -> Painter:
    """The embedded model at a small size."""
    transfer = StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32", max_pixels=1_000_000)
    return Painter(transfer, size=48)


def encoded(height: int = 40, width: int = 56, format: str = "JPEG", seed: int = 0) -> bytes:
    """A picture of noise as a file."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format)
    return file.getvalue()


@pytest.fixture(scope="session")
def picture() -> Callable[..., bytes]:
    """A function that makes the file of a picture: ``encoded``."""
    return encoded


@pytest.fixture
def bot(telegram: StandIn, painter: Painter, tmp_path: Path) -> Run:
    """Run the bot in a thread as long as a block lasts; what it raises is raised at the end."""

    @contextmanager
    def run(limits: Limits | None = None, token: str = TOKEN) -> Iterator[threading.Thread]:
        loop, raised = asyncio.new_event_loop(), list[BaseException]()

        async def serve() -> None:
            queue = Queue(tmp_path / "data")
            try:
                service = Service(Telegram(token, telegram.url), queue, painter, limits or Limits(), (0.01,))
                await service.run()
            finally:
                queue.close()

        task = loop.create_task(serve())

        def work() -> None:
            try:
                loop.run_until_complete(task)
            except (AdaINError, asyncio.CancelledError) as error:
                raised.append(error)
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()

        thread = threading.Thread(target=work)
        thread.start()
        try:
            yield thread
        finally:
            with suppress(RuntimeError):  # it has ended by itself
                loop.call_soon_threadsafe(task.cancel)
            thread.join()
        if not isinstance(raised[0], asyncio.CancelledError):
            raise raised[0]

    return run


class Program:
    """`adain bot` in a process of its own. What it prints goes to ``log``."""

    def __init__(self, url: str, folder: Path) -> None:
        options = ["--device", "cpu", "--dtype", "float32", "--size", "48", "--data", "data"]
        command = [sys.executable, "-m", "adain_nodes", "bot", *options]
        variables = {"ADAIN_BOT_TOKEN": TOKEN, "ADAIN_BOT_API_URL": url, "OMP_NUM_THREADS": "1"}
        places = {"PYTHONPATH": str(ROOT), "TMPDIR": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
        environment = os.environ | variables | places
        self.log = folder / "log.txt"
        with self.log.open("a") as log:
            self.process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log)

    def end(self, number: int) -> int:
        """Send a signal and wait; gives the exit status."""
        self.process.send_signal(number)
        return self.process.wait(30)


@pytest.fixture
def start(telegram: StandIn, tmp_path: Path) -> Iterator[Callable[[], Program]]:
    """A function that starts `adain bot` on a folder that all of them share; what still runs at the end is killed."""
    started: list[Program] = []

    def start() -> Program:
        started.append(Program(telegram.url, tmp_path))
        return started[-1]

    yield start
    for program in started:
        program.process.kill()
        program.process.wait()
