"""What a user's message leads to: texts, buttons, and an order for the queue. Nothing is sent or written here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from adain_nodes.bot.limits import Limits, Rate
from adain_nodes.bot.queue import Order, Queue

ALPHAS = (25, 50, 75, 100)
"""What the buttons under a result offer, in percent."""

COLUMNS = 3
"""Buttons in a row."""

HELLO = (
    "Hello! Send me a photo, then choose a style for it, or send a picture of your own as the style.\n\n"
    "I keep no pictures: they are deleted as soon as you have your result. /forget removes what else I know of you, "
    "the numbers by which Telegram finds your latest pictures, and takes you out of the line."
)
CHOOSE = "A fine photo! Choose a style, or send me a picture of your own as the style."
SLOWLY = "That was a lot at once. Please wait a minute."
TURN = "It is your turn: painting …"
GONE = "That button is too old. Please send the photo again."
FORGOTTEN = "Done: I know nothing of you any more."
BROKEN = "Something went wrong on my side, and it is noted. Please try another picture."

_ID = re.compile("[0-9]{1,12}")
"""Programs may send other data than that of our buttons."""

Buttons: TypeAlias = "tuple[tuple[tuple[str, str], ...], ...]"
"""Rows of texts, and what is sent when each is pressed: at most 64 bytes."""


class Picture(NamedTuple):
    """A picture at Telegram: its id, its size in bytes and in pixels; 0 where that is not known."""

    file: str
    bytes: int
    pixels: int


class Message(NamedTuple):
    """Something that a user has sent. ``id`` is that of the update, and ``message`` its number in the chat."""

    id: int
    chat: int
    message: int
    text: str = ""
    picture: Picture | None = None


class Press(NamedTuple):
    """A button that a user has pressed, under a ``message``. ``query`` is to be answered, ``data`` is the button's."""

    id: int
    chat: int
    message: int
    query: str
    data: str


class Reply(NamedTuple):
    """What to say, if anything; what to put into the queue; and whether to delete everything of the chat."""

    text: str = ""
    buttons: Buttons = ()
    order: Order | None = None
    forget: bool = False


class Conversation:
    """Knows the queue, which it only reads, and ``presets``: the titles of styles by their names."""

    def __init__(self, queue: Queue, presets: Mapping[str, str], limits: Limits, rate: Rate | None = None) -> None:
        self._queue = queue
        self._presets = presets
        self._limits = limits
        self._rate = rate or Rate(limits.messages)

    def reply(self, event: Message | Press) -> Reply:
        """The answer to one message or press; silence to those who were asked to wait and do not."""
        excess = self._rate.excess(event.chat)
        if excess:
            return Reply(SLOWLY if excess == 1 else "")
        if isinstance(event, Press):
            return self._pressed(event)
        if event.picture is not None:
            return self._sent(event, event.picture)
        if event.text.startswith("/forget"):
            return Reply(FORGOTTEN, forget=True)
        return Reply(HELLO)

    def _sent(self, event: Message, picture: Picture) -> Reply:
        if picture.bytes > self._limits.megabytes * 1e6:
            return Reply(f"That file is too large for me: {self._limits.megabytes} MB is the most I take.")
        if picture.pixels > self._limits.pixels:
            return Reply(
                f"That picture is too large for me: {self._limits.pixels / 1e6:g} megapixels is the most I take."
            )
        photo = self._queue.waiting(event.chat)
        if photo is not None:
            return self._in_line(event.chat, Order(photo.photo, f"file:{picture.file}"))
        return Reply(CHOOSE, self._styles(event.id), Order(picture.file))

    def _pressed(self, event: Press) -> Reply:
        what, id, value = (*event.data.split(":"), "", "")[:3]
        job = self._queue.find(int(id), event.chat) if _ID.fullmatch(id) else None
        if job is not None and what == "style" and value in self._presets:
            return self._in_line(event.chat, Order(job.photo, f"preset:{value}"))
        if job is not None and what == "alpha" and value in map(str, ALPHAS) and job.style:
            return self._in_line(event.chat, Order(job.photo, job.style, int(value)))
        return Reply(GONE)

    def _in_line(self, chat: int, order: Order) -> Reply:
        ahead = self._queue.length()
        if self._queue.length(chat) >= self._limits.jobs:
            return Reply(f"You have {self._limits.jobs} pictures in line already. Please wait for one of them.")
        if ahead >= self._limits.line:
            return Reply("The line is full just now. Please try again in a few minutes.")
        return Reply(f"You are number {ahead + 1} in line." if ahead else TURN, order=order)

    def _styles(self, id: int) -> Buttons:
        return _rows([(title, f"style:{id}:{name}") for name, title in self._presets.items()])


def alpha_buttons(id: int) -> Buttons:
    """Those under the result of a job, which make it again."""
    return _rows([(f"{alpha} %", f"alpha:{id}:{alpha}") for alpha in ALPHAS], len(ALPHAS))


def _rows(buttons: list[tuple[str, str]], columns: int = COLUMNS) -> Buttons:
    return tuple(tuple(buttons[start : start + columns]) for start in range(0, len(buttons), columns))
