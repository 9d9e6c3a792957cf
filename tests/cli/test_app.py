"""`adain app`: what it hands to the server, and what it prints. The page itself is tested in tests/app."""

from __future__ import annotations

import importlib.util
import inspect
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import Mock

import pytest

from adain_nodes.cli import app as command
from adain_nodes.core.errors import AdaINError

if importlib.util.find_spec("gradio") is None:
    pytest.skip("NOT TESTED: the web page needs gradio", allow_module_level=True)

from adain_nodes.app import server
from adain_nodes.app.engine import Engine

SERVING = server.serving


def defaults(function):
    parameters = inspect.signature(function).parameters.values()
    return {each.name: each.default for each in parameters if each.default is not inspect.Parameter.empty}


@pytest.fixture
def served(monkeypatch):
    """The settings of the server, which ends as soon as it runs."""
    settings = {}

    @contextmanager
    def serving(**given):
        settings.update(given)
        yield "http://here:1/"

    def interrupt(seconds):
        raise KeyboardInterrupt

    monkeypatch.setattr(server, "serving", serving)
    monkeypatch.setattr(command.time, "sleep", interrupt)
    monkeypatch.setattr(command.signal, "signal", lambda *_: None)
    return settings


def test_it_prints_one_line_and_ends_with_the_status_of_an_interruption(adain, served):
    assert adain("app") == (130, "AdaIN Nodes is at http://here:1/ (Ctrl+C ends it)\n", "")


def test_defaults_are_those_of_server_and_engine(adain, served):
    adain("app")
    library = defaults(inspect.unwrap(SERVING)) | defaults(Engine)
    alone = {"auth": [], "train_folders": [], "training": True}  # who is alone may train
    assert served | {"lessons": None} == library | alone


@pytest.mark.parametrize(
    ("options", "training"),
    [
        (["--host", "localhost"], True),
        (["--host", "0.0.0.0"], False),
        (["--auth", "ann:a"], False),
        (["--root-path", "/adain"], False),
        (["--host", "0.0.0.0", "--train"], True),
        (["--no-train"], False),
    ],
)
def test_training_is_for_a_page_that_nobody_else_sees(adain, served, options, training):
    adain("app", *options)
    assert served["training"] is training


def test_folders_to_train_with_are_not_overlooked(adain, served):
    adain("app", "--train-folder", "a", "--train-folder", "b")
    assert served["train_folders"] == [Path("a"), Path("b")]
    status, _, err = adain("app", "--host", "0.0.0.0", "--train-folder", "a")
    assert (status, err) == (
        1,
        "Error: There is a --train-folder, and training is off on a page for others. Add --train.\n",
    )


@pytest.mark.parametrize(
    ("options", "terminal", "display", "opened"),
    [
        ([], True, ":0", ["http://here:1/"]),
        (["--no-browser"], True, ":0", []),
        ([], False, ":0", []),
        ([], True, None, []),
    ],
)
def test_browser_is_opened_for_a_person_with_a_screen(adain, served, monkeypatch, options, terminal, display, opened):
    found = []
    monkeypatch.setattr(command.webbrowser, "open", found.append)
    monkeypatch.setattr(command, "attended", lambda: terminal)
    monkeypatch.setattr(command.sys, "platform", "linux")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    if display:
        monkeypatch.setenv("DISPLAY", display)
    adain("app", *options)
    assert found == opened


def test_nobody_sits_at_a_pipe(monkeypatch):
    monkeypatch.setattr(command.sys, "stdin", Mock(isatty=lambda: True))
    monkeypatch.setattr(command, "out", Mock(is_terminal=False))
    assert not command.attended()
    monkeypatch.setattr(command, "out", Mock(is_terminal=True))
    assert command.attended()
    monkeypatch.setattr(command.sys, "stdin", Mock(isatty=lambda: False))
    assert not command.attended()


def test_options_reach_the_server(adain, served):
    adain(
        *("app", "--host", "0.0.0.0", "--port", 80, "--auth", "ann:a:b", "--auth", "bob:c", "--root-path", "/adain"),
        *("--max-upload", 7, "--max-pixels", 1000, "--model", "vgg19", "--device", "cpu", "--dtype", "float32"),
    )
    assert served == {
        "host": "0.0.0.0",
        "port": 80,
        "auth": [("ann", "a:b"), ("bob", "c")],
        "root_path": "/adain",
        "max_upload_mb": 7,
        "training": False,
        "train_folders": [],
        "max_pixels": 1000,
        "model": "vgg19",
        "device": "cpu",
        "dtype": "float32",
    }


@pytest.mark.parametrize("text", ["ann", "ann:", ":secret", ""])
def test_names_need_passwords(adain, served, text):
    status, _, err = adain("app", "--auth", text)
    assert (status, err) == (
        1,
        "Error: --auth takes a name and a password, with a colon between them. Write USER:PASSWORD.\n",
    )
    assert served == {}


def test_a_port_that_is_taken_is_named(monkeypatch):
    def launch(*_):
        raise OSError("Cannot find empty port in range: 7860-7860")

    monkeypatch.setattr(server, "build", lambda _: Mock())
    monkeypatch.setattr(server, "_launch", launch)
    monkeypatch.setattr(Engine, "warm_up", lambda *_: None)
    with pytest.raises(AdaINError, match=r"cannot be served at 127\.0\.0\.1:7860: .* Choose another --port"), SERVING():
        pass
