"""`adain bot`: the Telegram bot."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from adain_nodes.cli import options
from adain_nodes.cli.console import waiting
from adain_nodes.core.errors import AdaINError, InvalidValueError

TOKEN = "ADAIN_BOT_TOKEN"

_LIMITS = "Limits"
_SERVER = "Server"

Size = Annotated[int, options.option("--size", help="Short side of results in pixels, at most.")]
Megabytes = Annotated[
    int, options.option("--max-megabytes", panel=_LIMITS, help="Refuse larger files. Telegram lends none above 20.")
]
Messages = Annotated[int, options.option("--max-messages", panel=_LIMITS, help="Of one user, a minute.")]
Jobs = Annotated[int, options.option("--max-jobs", panel=_LIMITS, help="Of one user, in line.")]
Line = Annotated[int, options.option("--max-line", panel=_LIMITS, help="In line, of all users.")]
Data = Annotated[Path, options.option("--data", help="The folder of the queue; of this bot alone.")]
ApiUrl = Annotated[
    str,
    typer.Option(
        "--api-url", envvar="ADAIN_BOT_API_URL", rich_help_panel=_SERVER, help="A Bot API server of your own."
    ),
]


def bot(
    size: Size = 1024,
    data: Data = Path("adain_bot"),
    max_megabytes: Megabytes = 20,
    max_pixels: options.MaxPixels = 25_000_000,
    max_messages: Messages = 20,
    max_jobs: Jobs = 3,
    max_line: Line = 40,
    model: options.Model = "lite",
    device: options.Device = "auto",
    dtype: options.Dtype = "auto",
    api_url: ApiUrl = "https://api.telegram.org",
) -> None:
    """Answer people who send photos to a Telegram bot, whose token is in ADAIN_BOT_TOKEN.

    How to get a token, what is kept and what is not: see web/bot.md.
    """
    token = _token()
    if find_spec("telegram") is None:
        raise AdaINError(
            "The bot speaks through python-telegram-bot, which is not installed.", 'Run `pip install -e ".[bot]"`.'
        )
    signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's job in the background would ignore
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))  # a service manager is Ctrl+C, too
    with waiting("Starting …"):
        from adain_nodes.bot.limits import Limits
        from adain_nodes.bot.queue import Queue
        from adain_nodes.bot.secret import log_without
        from adain_nodes.bot.service import Service
        from adain_nodes.bot.telegram import Telegram
        from adain_nodes.bot.work import Painter
    log_without(token)
    limits = Limits(max_megabytes, max_pixels, max_messages, max_jobs, max_line)
    painter = Painter(options.load(model, None, device, dtype, max_pixels=max_pixels), size=size)
    asyncio.run(Service(Telegram(token, api_url), Queue(data), painter, limits).run())


def _token() -> str:
    """The token, which programs that this one starts do not get. No error shows it."""
    token = os.environ.pop(TOKEN, "").strip()
    if not token:
        raise InvalidValueError(
            f"There is no token in the environment variable {TOKEN}.",
            "Send /newbot to @BotFather in Telegram, which gives you one, and set the variable to it.",
        )
    if not re.fullmatch(r"\d+:[\w-]+", token, re.ASCII):
        raise InvalidValueError(
            f"What {TOKEN} holds is no token: those are digits, a colon, letters and digits.",
            "Copy the whole token from @BotFather.",
        )
    return token
