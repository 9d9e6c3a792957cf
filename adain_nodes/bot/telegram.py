"""The Bot API, through python-telegram-bot: the only file that knows either."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import NamedTuple, cast

import telegram as api
from telegram import error as errors
from telegram.constants import ChatAction, ChatType
from telegram.request import HTTPXRequest

from adain_nodes.bot.conversation import Buttons, Message, Picture, Press
from adain_nodes.bot.errors import RefusedError, TokenError, UnreachableError

API_URL = "https://api.telegram.org"

POLL = 50
"""Seconds for which Telegram holds a question for news that there are none of."""

UPLOAD = 60
"""Seconds that a picture may take on its way."""


class Update(NamedTuple):
    """A piece of news by its number, and what it is to the bot: nothing, if it is none of its business."""

    id: int
    event: Message | Press | None


class Telegram:
    """One bot at a Bot API server. All methods raise UnreachableError and TokenError, most of them RefusedError.

    ``token`` is what BotFather gave; no error carries it. ``url`` is that of the server.
    """

    def __init__(self, token: str, url: str = API_URL) -> None:
        os.environ["PTB_TIMEDELTA"] = "true"  # the library's own way to ask for what it will give in the future
        url = url.rstrip("/")
        self._bot = api.Bot(
            token,
            base_url=f"{url}/bot",
            base_file_url=f"{url}/file/bot",
            request=HTTPXRequest(read_timeout=UPLOAD, media_write_timeout=UPLOAD),
            get_updates_request=HTTPXRequest(read_timeout=UPLOAD),
        )

    async def __aenter__(self) -> Telegram:
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._bot.shutdown()

    async def hello(self) -> None:
        """Ask whether the server is there and knows the token."""
        with _translated():
            await self._bot.initialize()
            await self._bot.get_me()

    async def updates(self, offset: int | None) -> list[Update]:
        """Wait for news. With an offset all before that are confirmed, and will never be given again."""
        with _translated():
            found = await self._bot.get_updates(offset, timeout=POLL, allowed_updates=["message", "callback_query"])
        return [Update(each.update_id, _event(each)) for each in found]

    async def say(self, chat: int, text: str, buttons: Buttons = (), reply_to: int | None = None) -> int:
        """Send a text; gives the number of the message."""
        with _translated():
            markup, reply = _keyboard(buttons), _reply(reply_to)
            sent = await self._bot.send_message(chat, text, reply_markup=markup, reply_parameters=reply)
        return sent.message_id

    async def edit(self, chat: int, message: int, text: str) -> None:
        """Put another text in the place of one that was sent."""
        with _translated():
            await self._bot.edit_message_text(text, chat, message)

    async def delete(self, chat: int, message: int) -> None:
        """Take a text away that was sent."""
        with _translated():
            await self._bot.delete_message(chat, message)

    async def pressed(self, query: str) -> None:
        """Tell the user's program that a press of a button has come."""
        with _translated():
            await self._bot.answer_callback_query(query)

    async def working(self, chat: int) -> None:
        """Show for some seconds that a picture is on its way."""
        with _translated():
            await self._bot.send_chat_action(chat, ChatAction.UPLOAD_PHOTO)

    async def fetch(self, file: str, megabytes: int) -> bytes:
        """The content of a file that somebody sent; RefusedError for one that is larger."""
        with _translated():
            found = await self._bot.get_file(file)
        if (found.file_size or 0) > megabytes * 1e6:
            raise RefusedError(f"The file is larger than {megabytes} MB.")
        with _translated(gone=True):
            return bytes(await found.download_as_bytearray())

    async def send(self, chat: int, jpeg: bytes, buttons: Buttons, reply_to: int) -> None:
        """Send a picture."""
        with _translated():
            markup, reply = _keyboard(buttons), _reply(reply_to)
            await self._bot.send_photo(chat, jpeg, reply_markup=markup, reply_parameters=reply, filename="result.jpg")


def _event(update: api.Update) -> Message | Press | None:
    """Of private chats alone: elsewhere people send pictures to each other."""
    chat, query, message = update.effective_chat, update.callback_query, update.message
    if chat is None or chat.type != ChatType.PRIVATE:
        return None
    if query is not None and query.message is not None:
        return Press(update.update_id, chat.id, query.message.message_id, query.id, query.data or "")
    if message is not None:
        return Message(update.update_id, chat.id, message.message_id, message.text or "", _picture(message))
    return None


def _picture(message: api.Message) -> Picture | None:
    if message.photo:
        largest = max(message.photo, key=lambda each: each.width * each.height)
        return Picture(largest.file_id, largest.file_size or 0, largest.width * largest.height)
    document = message.document
    if document is not None and (document.mime_type or "").startswith("image/"):
        return Picture(document.file_id, document.file_size or 0, 0)
    return None


def _keyboard(buttons: Buttons) -> api.InlineKeyboardMarkup | None:
    rows = [[api.InlineKeyboardButton(text, callback_data=data) for text, data in row] for row in buttons]
    return api.InlineKeyboardMarkup(rows) if rows else None


def _reply(message: int | None) -> api.ReplyParameters | None:
    return None if message is None else api.ReplyParameters(message, allow_sending_without_reply=True)


@contextmanager
def _translated(*, gone: bool = False) -> Iterator[None]:
    """The library's errors as ours. Theirs may hold the token, so they are left behind.

    Where something may be ``gone``, that is what 404 means; else Telegram says by it that the token is unknown.
    """
    try:
        yield
    except errors.InvalidToken:
        if gone:
            raise RefusedError("Telegram does not have that file any more.") from None
        raise TokenError(
            "Telegram does not know the token in ADAIN_BOT_TOKEN.", "Copy it again from @BotFather."
        ) from None
    except errors.RetryAfter as error:
        seconds = cast(timedelta, error.retry_after).total_seconds()
        raise UnreachableError(f"Telegram asks to wait for {seconds:g} s.", after=seconds) from None
    except (errors.BadRequest, errors.Forbidden, errors.ChatMigrated) as error:
        raise RefusedError(f"Telegram refused: {error.message}.") from None
    except errors.TelegramError as error:
        raise UnreachableError(f"Telegram cannot be reached: {error.message}.") from None
