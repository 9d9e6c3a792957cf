"""`adain app`: the web page."""

from __future__ import annotations

import os
import signal
import sys
import time
import webbrowser
from pathlib import Path
from typing import Annotated, Literal, NoReturn

from adain_nodes.cli import options
from adain_nodes.cli.console import out, waiting
from adain_nodes.core.errors import InvalidValueError

_SERVER = "Server"
_TRAINING = "Training"
_SURVEY = "Survey"

Host = Annotated[
    str, options.option("--host", panel=_SERVER, help="The address to listen at; 0.0.0.0 is every network.")
]
Port = Annotated[int, options.option("--port", panel=_SERVER, help="The port to listen at.")]
Auth = Annotated[
    list[str],
    options.option("--auth", panel=_SERVER, metavar="USER:PASSWORD", help="Who may come in; give one for each."),
]
RootPath = Annotated[
    str, options.option("--root-path", panel=_SERVER, help="The path that a reverse proxy serves the page under.")
]
Train = Annotated[
    bool | None,
    options.option(
        "--train/--no-train",
        panel=_TRAINING,
        help="Let visitors fine-tune decoders; without either, only on a page for this machine alone.",
    ),
]
TrainFolders = Annotated[
    list[Path],
    options.option("--train-folder", panel=_TRAINING, help="Pictures that visitors may train with; repeatable."),
]
Browser = Annotated[
    bool, options.option("--browser/--no-browser", panel=_SERVER, help="Open a browser, where there is a screen.")
]
Survey = Annotated[
    Path | None,
    options.option(
        "--survey",
        panel=_SURVEY,
        metavar="DIR",
        help="Let people rate the pictures in DIR/METHOD, blind, in place of the page; see web/survey.md.",
    ),
]
Ask = Annotated[
    Literal["rate", "pairs"],
    options.option("--ask", panel=_SURVEY, help="For ratings from 1 to 10, or which picture of two is better."),
]
Questions = Annotated[int, options.option("--questions", panel=_SURVEY, help="How many each rater is asked at most.")]
MaxUpload = Annotated[int, options.option("--max-upload", panel=_SERVER, help="Refuse larger files, in megabytes.")]


def app(
    host: Host = "127.0.0.1",
    port: Port = 7860,
    auth: Auth = [],  # noqa: B006 (Typer copies it)
    root_path: RootPath = "",
    browser: Browser = True,
    max_upload: MaxUpload = 50,
    train: Train = None,
    train_folder: TrainFolders = [],  # noqa: B006
    survey: Survey = None,
    ask: Ask = "rate",
    questions: Questions = 40,
    max_pixels: options.MaxPixels = 50_000_000,
    model: options.Model = "lite",
    device: options.Device = "auto",
    dtype: options.Dtype = "auto",
) -> None:
    """Open the web page, for this machine alone unless --host says otherwise. Needs no download and no account.

    On hosting it for others, see web/hosting.md.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ended by a service manager, it cleans up as for Ctrl+C
    people = [_name_and_password(text) for text in auth]
    training = _for_this_machine(host, people, root_path) if train is None else train
    if train_folder and not training:
        raise InvalidValueError("There is a --train-folder, and training is off on a page for others.", "Add --train.")
    server = {"host": host, "port": port, "auth": people, "root_path": root_path}
    if survey:
        with waiting("Reading the pictures …"):
            from adain_nodes.app.survey import surveying
            from adain_nodes.survey.interview import Interview

            interview = Interview(survey, ask, questions)
        with surveying(interview, **server) as (address, results):
            _run(address, browser, f"Its results, for you alone: {address}{results}")
    with waiting("Starting …"):
        from adain_nodes.app.server import serving
    settings = {"max_pixels": max_pixels, "model": model, "device": device, "dtype": dtype}
    with serving(
        **server, max_upload_mb=max_upload, training=training, train_folders=train_folder, **settings
    ) as address:
        _run(address, browser)


def _run(address: str, browser: bool, *more: str) -> NoReturn:
    """Say where the page is, and show it, until Ctrl+C."""
    for line in (f"AdaIN Nodes is at {address} (Ctrl+C ends it)", *more):
        out.print(line, soft_wrap=True, markup=False)
    if browser and attended() and _screen():
        webbrowser.open(address)
    while True:
        time.sleep(3600)


def attended() -> bool:
    """Whether a person sits at a terminal."""
    return sys.stdin.isatty() and out.is_terminal


def _screen() -> bool:
    """Whether a browser could show itself here."""
    return sys.platform in ("darwin", "win32") or not {"DISPLAY", "WAYLAND_DISPLAY"}.isdisjoint(os.environ)


def _for_this_machine(host: str, people: list[tuple[str, str]], root_path: str) -> bool:
    """Whether nobody else is meant to see the page: no other address, no names, no proxy."""
    return host in ("127.0.0.1", "localhost", "::1") and not people and not root_path


def _name_and_password(text: str) -> tuple[str, str]:
    name, _, password = text.partition(":")
    if not (name and password):
        raise InvalidValueError(
            "--auth takes a name and a password, with a colon between them.", "Write USER:PASSWORD."
        )
    return name, password
