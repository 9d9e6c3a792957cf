"""The server of the page: bound to this machine unless told otherwise, and talking to nobody but its visitors."""

from __future__ import annotations

import logging
import os
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import gradio as gr

from adain_nodes.app import stylise
from adain_nodes.app.engine import Engine
from adain_nodes.app.page import build, theme
from adain_nodes.app.parts import asset
from adain_nodes.core.errors import AdaINError, InvalidValueError
from adain_nodes.imaging import find_images
from adain_nodes.resources import resource

MAX_UPLOAD_MB = 50
"""The default limit for one file."""

QUEUE = 40
"""How many may wait for the networks; the next one is asked to try again."""

EXAMPLES = {"photographs": "content", "styles": "style"}

FooterLink = Literal["api", "settings"]
"""What Gradio offers below a page: the description of its endpoints, and the choice of colours and languages."""

SESSIONS = 1000
"""Of how many visitors the server keeps what they have set."""


@contextmanager
def serving(
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    auth: Sequence[tuple[str, str]] = (),
    root_path: str = "",
    max_upload_mb: int = MAX_UPLOAD_MB,
    training: bool = False,
    train_folders: Sequence[Path] = (),
    **settings: object,
) -> Iterator[str]:
    """Serve the page until the block is left; gives its address. ``settings`` are those of ``Engine``.

    Uploads and results lie in a folder that is removed at the end. ``auth`` holds names and passwords, ``root_path``
    is the path that a reverse proxy serves the page under. With ``training`` visitors may fine-tune decoders, on what
    they upload and on the pictures in ``train_folders``. Raises AdaINError where the port cannot be had.
    """
    with temporary_uploads() as folder, _discreet():
        offered = lessons(train_folders) if training else None
        engine = Engine(folder, lessons=offered, **settings)  # pyright: ignore[reportArgumentType]
        first = stylise.first(engine.models[0])
        warming = threading.Thread(target=engine.warm_up, args=[first])
        warming.start()
        page = build(engine)
        page.queue(max_size=QUEUE, api_open=False)
        try:
            with launched(
                page, host=host, port=port, auth=auth, root_path=root_path, max_upload_mb=max_upload_mb
            ) as address:
                yield address
        finally:
            warming.join()  # PyTorch does not like to be left in the middle


def lessons(folders: Sequence[Path]) -> dict[str, Path]:
    """The folders to train with, by the names that visitors see; the project's examples come first.

    Raises ImageError for a folder without pictures, InvalidValueError for two of the same name.
    """
    offered = {f"Example {kind}": resource("examples", "pictures", name) for kind, name in EXAMPLES.items()}
    for folder in folders:
        find_images([folder], recursive=True)
        name = folder.resolve().name
        if name in offered:
            raise InvalidValueError(f"Two folders to train with are called {name}.", "Rename one of them.")
        offered[name] = folder
    return offered


@contextmanager
def launched(
    page: gr.Blocks,
    *,
    host: str,
    port: int,
    auth: Sequence[tuple[str, str]],
    root_path: str,
    max_upload_mb: int = MAX_UPLOAD_MB,
    footer_links: Sequence[FooterLink] = ("api", "settings"),
) -> Iterator[str]:
    """Serve a page until the block is left; gives its address. The settings are those of ``serving``.

    ``footer_links`` are what Gradio offers below it. Raises AdaINError where the port cannot be had.
    """
    try:
        yield _launch(page, host, port, auth, root_path, max_upload_mb, footer_links)
    except OSError as error:
        raise AdaINError(f"The page cannot be served at {host}:{port}: {error}.", "Choose another --port.") from error
    finally:
        page.close(verbose=False)


def _launch(
    page: gr.Blocks,
    host: str,
    port: int,
    auth: Sequence[tuple[str, str]],
    root_path: str,
    max_upload_mb: int,
    footer_links: Sequence[FooterLink],
) -> str:
    """Everything that Gradio would do over the network, or show of the server, is switched off."""
    _, address, _ = page.launch(
        server_name=host,
        server_port=port,
        auth=list(auth) or None,
        root_path=root_path,
        max_file_size=f"{max_upload_mb}mb",
        state_session_capacity=SESSIONS,
        theme=theme(),
        css=asset("page.css"),
        js=asset("page.js"),
        favicon_path=resource("web", "icon.svg"),
        footer_links=list(footer_links),
        show_error=False,
        share=False,
        inline=False,
        ssr_mode=False,
        mcp_server=False,
        pwa=False,
        enable_monitoring=False,
        run_history=False,
        prevent_thread_lock=True,
        quiet=True,
    )
    return address


@contextmanager
def temporary_uploads() -> Iterator[Path]:
    """A folder for uploads and results, which is removed at the end with all that is in it."""
    with tempfile.TemporaryDirectory(prefix="adain-app-") as folder, _environment(GRADIO_TEMP_DIR=folder):
        yield Path(folder)


@contextmanager
def _discreet() -> Iterator[None]:
    """What is noted of pictures names the visitors' files: for a while errors alone are logged."""
    log = logging.getLogger("adain_nodes")
    before = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(before)


@contextmanager
def _environment(**variables: str) -> Iterator[None]:
    """Set variables of the process for a while: Gradio reads some of its settings only there."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
