"""`adain app`: what it hands to the server, and what it prints. The page itself is tested in tests/app."""

from __future__ import annotations

import importlib.util
import inspect
from contextlib import contextmanager
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
    assert served == library | {"auth": []}


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
