"""`adain bot`: the token, and what is handed on. The bot itself is tested in tests/bot."""

from __future__ import annotations

import importlib.util
import inspect
import logging
import os
import signal
from pathlib import Path

import pytest

from adain_nodes.cli import bot as command

if importlib.util.find_spec("telegram") is None:
    pytest.skip("NOT TESTED: the bot needs python-telegram-bot", allow_module_level=True)

from adain_nodes.bot import queue, service, telegram, work
from adain_nodes.bot.limits import Limits

TOKEN = "123456:AAE_secret-secret-secret-secret-secret"


def defaults(function):
    parameters = inspect.signature(function).parameters.values()
    return {each.name: each.default for each in parameters if each.default is not inspect.Parameter.empty}


@pytest.fixture
def served(monkeypatch):
    """What the service was made of; it ends at once."""
    made = {}

    class Service:
        def __init__(self, *parts):
            made.update(zip(("telegram", "queue", "painter", "limits"), parts, strict=True))

        async def run(self):
            raise KeyboardInterrupt

    monkeypatch.setattr(service, "Service", Service)
    monkeypatch.setattr(telegram, "Telegram", lambda *values: values)
    monkeypatch.setattr(queue, "Queue", lambda folder: folder)
    monkeypatch.setattr(work, "Painter", lambda transfer, size: (transfer, size))
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    root, before = logging.getLogger(), list(logging.getLogger().handlers)
    yield made
    for number, handler in handlers.items():
        signal.signal(number, handler)
    root.handlers[:] = before
    logging.getLogger("adain_nodes").setLevel(logging.NOTSET)


@pytest.fixture
def token(monkeypatch):
    """A token where it belongs."""
    monkeypatch.setenv(command.TOKEN, TOKEN)


def test_without_a_token_it_says_where_there_are_some(adain):
    status, out, err = adain("bot")
    assert (status, out) == (1, "")
    assert err == (
        "Error: There is no token in the environment variable ADAIN_BOT_TOKEN. Send /newbot to @BotFather in Telegram, "
        "which gives you one, and set the variable to it.\n"
    )


@pytest.mark.parametrize("text", ["secret", "123:", ":abc", "123:abc/../x", "123:abc 4", "１２３:abc"])
def test_what_is_no_token_is_not_shown(adain, monkeypatch, text):
    monkeypatch.setenv(command.TOKEN, text)
    status, _, err = adain("bot")
    assert status == 1
    assert err.startswith("Error: What ADAIN_BOT_TOKEN holds is no token")
    assert text not in err


def test_no_option_takes_a_token(adain):
    assert not [name for name in inspect.signature(command.bot).parameters if "token" in name]


def test_a_missing_library_is_named(adain, token, monkeypatch):
    monkeypatch.setattr(command, "find_spec", lambda name: None)
    status, _, err = adain("bot")
    assert status == 1
    assert 'python-telegram-bot, which is not installed. Run `pip install -e ".[bot]"`.' in err


def test_defaults_are_the_library_s(adain, token, served):
    assert adain("bot")[0] == 130
    assert served["telegram"] == (TOKEN, telegram.API_URL)
    assert served["queue"] == Path("adain_bot")
    assert served["limits"] == Limits()
    transfer, size = served["painter"]
    assert (size, transfer.max_pixels, transfer.encoder.family) == (work.SIZE, Limits().pixels, "lite")
    assert command.TOKEN not in os.environ  # what it starts shall not have it


def test_options_are_handed_on(adain, token, served, monkeypatch):
    monkeypatch.setenv("ADAIN_BOT_API_URL", "http://elsewhere")
    adain(
        *("bot", "--size", 64, "--data", "line", "--max-megabytes", 1, "--max-pixels", 2000, "--max-messages", 3),
        *("--max-jobs", 4, "--max-line", 5, "--device", "cpu", "--dtype", "float32"),
    )
    assert served["limits"] == Limits(1, 2000, 3, 4, 5)
    assert served["queue"] == Path("line")
    assert served["telegram"][1] == "http://elsewhere"
    transfer, size = served["painter"]
    assert (size, transfer.max_pixels, str(transfer.backend.dtype)) == (64, 2000, "torch.float32")
    monkeypatch.setenv(command.TOKEN, TOKEN)
    adain("bot", "--api-url", "http://here")
    assert served["telegram"][1] == "http://here"


@pytest.mark.parametrize("before", [signal.default_int_handler, signal.SIG_IGN], ids=["foreground", "background"])
@pytest.mark.usefixtures("token", "served")
def test_a_service_manager_ends_it_as_ctrl_c_does(adain, before):
    signal.signal(signal.SIGINT, before)
    adain("bot")
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)
