"""What every test may use: real data, reproducible numbers, and one table of tolerances."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import torch
from hypothesis import settings
from numpy.typing import ArrayLike
from torch import Tensor

if TYPE_CHECKING:
    from playwright.sync_api import Browser

Close = Callable[..., None]

ROOT = Path(__file__).resolve().parents[1]

BROWSER_FLAGS = ["--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"]
CAMERA_FLAGS = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"]

TOLERANCES = {torch.float64: 1e-10, torch.float32: 1e-5, torch.float16: 2e-3, torch.bfloat16: 2e-2}
"""Relative and absolute at once, for numbers of about 1."""

settings.register_profile("project", deadline=None, derandomize=True)
settings.load_profile("project")
torch.set_num_threads(1)  # on small pictures, threads wait for each other longer than they compute


@pytest.fixture(autouse=True)
def seed() -> None:
    """The same random numbers in each test, whichever ran before."""
    torch.manual_seed(0)


@pytest.fixture(scope="session", autouse=True)
def process() -> Iterator[None]:
    """Tests call ``main`` in this process, and what it sets there would hold for all that come after."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("adain_nodes.cli.main.keep_freed_memory", lambda: False)
        patch.setattr("adain_nodes.cli.main.wait_briefly", lambda: None)
        yield


@pytest.fixture(scope="session")
def close() -> Close:
    """Assert that a tensor agrees with what was expected, within the tolerance of its dtype or of the one given."""

    def check(actual: Tensor, expected: Tensor | ArrayLike, dtype: torch.dtype | None = None) -> None:
        tolerance = TOLERANCES[dtype or actual.dtype]
        wanted = torch.as_tensor(expected, dtype=torch.float64)
        torch.testing.assert_close(actual.detach().double(), wanted.detach(), rtol=tolerance, atol=tolerance)

    return check


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real weights and pictures, which is not part of the project."""
    folder = Path(os.environ.get("ADAIN_SHARED", Path(__file__).parents[2] / "shared"))
    if not folder.is_dir():
        pytest.skip(f"NOT TESTED WITH REAL WEIGHTS: {folder} is not there (ADAIN_SHARED names another folder)")
    return folder


@pytest.fixture(scope="session")
def at_rest() -> None:
    """For bars of speed that only a machine which does nothing else can be held to."""
    if "ADAIN_AT_REST" not in os.environ:
        pytest.skip("NOT TESTED: ADAIN_AT_REST=1 says that the machine is")


@pytest.fixture(scope="session")
def upload_status() -> Callable[[str, int], int]:
    """A function that uploads so many bytes to a page at an address, and gives the status of the answer."""

    def status(address: str, size: int) -> int:
        head = b'--edge\r\nContent-Disposition: form-data; name="files"; filename="a.png"\r\n\r\n'
        kind = {"Content-Type": "multipart/form-data; boundary=edge"}
        request = urllib.request.Request(f"{address}gradio_api/upload", head + bytes(size) + b"\r\n--edge--\r\n", kind)
        try:
            with urllib.request.urlopen(request, timeout=30) as reply:
                return reply.status
        except urllib.error.HTTPError as refusal:
            with refusal:
                return refusal.code

    return status


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)]
    if not mount or not unmount or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("NO TINY DISK: mounting one needs root on Linux; the full disk is only imitated")
    yield disk
    subprocess.run([unmount, str(disk)], check=True)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the unpacked wheel, as pip would install it."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(ROOT)]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the working tree, in which git has everything that it does not ignore."""
    copy = tmp_path_factory.mktemp("repository")
    git = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in subprocess.check_output(git, text=True).split("\0"):
        if name and (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    subprocess.run(["git", "init", "--quiet"], cwd=copy, check=True)
    subprocess.run(["git", "add", "."], cwd=copy, check=True)
    return copy


@pytest.fixture(scope="session")
def comfy_cli(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """A function that runs comfy-cli in the copy of the repository and returns what it says, which is no error."""
    program = shutil.which("comfy", path=str(Path(sys.executable).parent)) or shutil.which("comfy")
    if program is None:
        pytest.skip("NOT TESTED WITH COMFY-CLI: it is not installed (pip install comfy-cli)")
    environment = os.environ | {"HOME": str(tmp_path_factory.mktemp("home")), "DO_NOT_TRACK": "1"}

    def run(*arguments: str) -> str:
        command = [program, "--skip-prompt", *arguments]
        done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


@pytest.fixture(scope="session")
def registry_package(comfy_cli: Callable[..., str], repository: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that the package for the registry unpacks to."""
    comfy_cli("node", "pack")
    folder = tmp_path_factory.mktemp("registry")
    with zipfile.ZipFile(repository / "node.zip") as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser without a window; skipped in capitals where there is none.

    It ends with the file of its tests: while Playwright is at work, its thread can run no other loop of asyncio.
    """
    program = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if importlib.util.find_spec("playwright") is None or program is None:
        pytest.skip("NOT TESTED IN A BROWSER: that takes Chromium (CHROMIUM names its program) and Playwright")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        flags = [*BROWSER_FLAGS, *CAMERA_FLAGS]
        browser = playwright.chromium.launch(executable_path=program, args=flags, chromium_sandbox=False)
        yield browser
        browser.close()
