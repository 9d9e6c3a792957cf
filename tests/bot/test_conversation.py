"""What each message leads to."""

from __future__ import annotations

import pytest

from adain_nodes.bot.conversation import (
    ALPHAS,
    CHOOSE,
    FORGOTTEN,
    GONE,
    HELLO,
    SLOWLY,
    TURN,
    Conversation,
    Message,
    Picture,
    Press,
    Reply,
    alpha_buttons,
)
from adain_nodes.bot.limits import Limits, Rate
from adain_nodes.bot.queue import Order, Queue

ANN, BOB = 71001, 71002
PRESETS = {"swirls": "Swirls", "ink_waves": "Ink waves", "engraving": "Engraving", "rose_window": "Rose window"}


@pytest.fixture
def queue(tmp_path):
    """An empty one."""
    queue = Queue(tmp_path / "data")
    yield queue
    queue.close()


@pytest.fixture
def talk(queue):
    """A conversation with small limits."""
    return Conversation(queue, PRESETS, Limits(megabytes=1, pixels=10_000, messages=100, jobs=2, line=3))


def photo(id, chat=ANN, file="photo", bytes=0, pixels=0):
    return Message(id, chat, id, picture=Picture(file, bytes, pixels))


def press(data, chat=ANN):
    return Press(99, chat, 9, "query", data)


@pytest.mark.parametrize("text", ["/start", "hello", "", "forget"])
def test_texts_are_greeted(talk, text):
    assert talk.reply(Message(1, ANN, 1, text)) == Reply(HELLO)


def test_forget(talk):
    assert talk.reply(Message(1, ANN, 1, "/forget please")) == Reply(FORGOTTEN, forget=True)


def test_a_photo_gets_a_choice_of_styles(talk):
    reply = talk.reply(photo(5))
    assert (reply.text, reply.order) == (CHOOSE, Order("photo", "", 100))
    first, second = reply.buttons
    assert first == (
        ("Swirls", "style:5:swirls"),
        ("Ink waves", "style:5:ink_waves"),
        ("Engraving", "style:5:engraving"),
    )
    assert second == (("Rose window", "style:5:rose_window"),)


def test_buttons_fit_into_telegram_s_64_bytes():
    name = "church_at_auvers"  # the longest
    rows = (*alpha_buttons(2**31), (("", f"style:{2**31}:{name}"),))
    assert max(len(data) for row in rows for _, data in row) <= 64


def test_a_second_picture_is_the_style(talk, queue):
    queue.add(1, ANN, 1, Order("photo"))
    assert talk.reply(photo(2, file="look")) == Reply(TURN, order=Order("photo", "file:look", 100))
    assert talk.reply(photo(2, BOB)).text == CHOOSE


def test_a_style_is_chosen(talk, queue):
    queue.add(1, ANN, 1, Order("photo"))
    assert talk.reply(press("style:1:swirls")) == Reply(TURN, order=Order("photo", "preset:swirls", 100))


@pytest.mark.parametrize("alpha", ALPHAS)
def test_alpha_is_chosen(talk, queue, alpha):
    queue.add(1, ANN, 1, Order("photo", "file:look", 50))
    queue.done(1)
    assert talk.reply(press(f"alpha:1:{alpha}")).order == Order("photo", "file:look", alpha)


BUTTONS = [
    "style:1:mona_lisa",
    "style:2:swirls",
    "alpha:1:30",
    "alpha:1:100",
    "alpha:3:",
    "style:1",
    "style",
    "",
    "a:1:b",
]
BUTTONS += [
    "style:one:swirls",
    "style:-1:swirls",
    "style:²:swirls",
    "style:99999999999:swirls",
    "alpha:3:101",
    "alpha:3:5²",
]


@pytest.mark.parametrize("data", BUTTONS)
def test_buttons_that_lead_nowhere(talk, queue, data):
    queue.add(1, ANN, 1, Order("photo"))
    queue.add(2, BOB, 1, Order("photo"))
    queue.add(3, ANN, 1, Order("photo", "file:look"))
    assert talk.reply(press(data)) == Reply(GONE)


def test_numbers_beyond_the_database_lead_nowhere(talk):
    assert talk.reply(press(f"style:{10**30}:swirls")) == Reply(GONE)


def test_large_pictures_are_refused(talk):
    assert talk.reply(photo(1, bytes=1_000_000, pixels=10_000)).text == CHOOSE
    assert talk.reply(photo(1, bytes=1_000_001)).text.startswith("That file is too large for me: 1 MB")
    assert talk.reply(photo(1, pixels=10_001)).text.startswith("That picture is too large for me: 0.01 megapixels")


def test_the_place_in_line(talk, queue):
    queue.add(1, ANN, 1, Order("photo", "file:look"))
    assert talk.reply(press("alpha:1:25")).text == "You are number 2 in line."
    queue.add(2, ANN, 1, Order("photo", "file:look"))
    assert talk.reply(press("alpha:1:25")) == Reply("You have 2 pictures in line already. Please wait for one of them.")
    queue.add(3, BOB, 1, Order("photo", "file:look"))
    assert talk.reply(press("alpha:3:25", BOB)) == Reply(
        "The line is full just now. Please try again in a few minutes."
    )
    queue.done(1)
    assert talk.reply(press("alpha:3:25", BOB)).text == "You are number 3 in line."


def test_who_is_too_fast_is_told_once(queue):
    talk = Conversation(queue, PRESETS, Limits(), Rate(1))
    assert [talk.reply(photo(id)).text for id in range(4)] == [CHOOSE, SLOWLY, "", ""]
    assert talk.reply(photo(5, BOB)).text == CHOOSE
