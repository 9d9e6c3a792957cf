"""The token stays a secret."""

from __future__ import annotations

import ast
import logging
from pathlib import Path

import pytest
from standin import TOKEN

import adain_nodes.bot
from adain_nodes.bot.secret import Redacted, log_without

SECRET = TOKEN.partition(":")[2]


@pytest.fixture
def logged():
    """Loggers as they were."""
    root, ours = logging.getLogger(), logging.getLogger("adain_nodes")
    before, level = list(root.handlers), ours.level
    yield
    root.handlers[:] = before
    ours.setLevel(level)


def test_the_token_is_in_no_line_and_no_traceback(logged, capsys):
    log_without(TOKEN)
    logging.getLogger("adain_nodes").info("At work")
    logging.getLogger("httpx").info("POST https://api.telegram.org/bot%s/getMe", TOKEN)
    logging.getLogger("telegram").warning("POST /bot%s/getMe", TOKEN.replace(":", "%3A"))
    try:
        raise ValueError(f"http://here/bot{TOKEN}/getMe")
    except ValueError:
        logging.getLogger("asyncio").exception("It has failed")
    lines = capsys.readouterr().err
    assert SECRET not in lines
    assert "INFO At work" in lines
    assert "WARNING POST /bot123456%3A…/getMe" in lines
    assert "ValueError: http://here/bot123456:…/getMe" in lines
    assert "POST https" not in lines


def test_a_token_without_a_colon_is_hidden_whole():
    record = logging.LogRecord("x", logging.INFO, "", 0, "it is sesame", None, None)
    assert Redacted("sesame").format(record).endswith("INFO it is …")


def test_one_file_knows_the_library():
    folder = Path(adain_nodes.bot.__file__).parent
    knowing = set()
    for file in folder.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            knowing |= {file.name for name in names if name.split(".")[0] == "telegram"}
    assert knowing == {"telegram.py"}
