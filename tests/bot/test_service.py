"""The bot in conversation: python-telegram-bot and the embedded model, against a stand-in for Telegram over HTTP."""

from __future__ import annotations

import threading

import pytest
from standin import WAIT, refusal

from adain_nodes.bot import service
from adain_nodes.bot.conversation import CHOOSE, GONE, HELLO, SLOWLY, TURN
from adain_nodes.bot.errors import TokenError
from adain_nodes.bot.limits import Limits


def test_a_photo_and_a_preset_make_a_picture(bot, telegram, ann, painter, picture):
    with bot():
        asked = ann.photo(picture())
        ann.wait_for(CHOOSE)
        ((_, shown),) = ann.shown()
        assert list(shown["buttons"])[:2] == ["Cafe terrace", "Church at auvers"]
        assert len(shown["buttons"]) == 9
        ann.press("Starry night")
        (result,) = ann.wait_for_photos(1)
    assert result["photo"] == painter.paint(picture(), "starry_night", 100)
    assert list(result["buttons"]) == ["25 %", "50 %", "75 %", "100 %"]
    assert result["reply_to"] > asked  # the message with the buttons
    assert ann.texts() == [CHOOSE]
    assert len(telegram.asked("answerCallbackQuery")) == 1


def test_a_second_picture_is_the_style(bot, telegram, ann, painter, picture):
    photo, style = picture(seed=1), picture(64, 64, "PNG", seed=2)
    with bot():
        ann.photo(photo)
        asked = ann.document(style, len(style))
        (result,) = ann.wait_for_photos(1)
        assert (result["photo"], result["reply_to"]) == (painter.paint(photo, style, 100), asked)
        ann.photo(photo)  # this one is a photo again
        telegram.wait(lambda: ann.texts() == [CHOOSE, CHOOSE])


def test_alpha_makes_it_again_from_the_file_at_telegram(bot, telegram, ann, painter, picture):
    with bot():
        ann.photo(picture())
        ann.wait_for(CHOOSE)
        ann.press("Swirls")
        ann.wait_for_photos(1)
        ann.press("25 %")
        first, second = ann.wait_for_photos(2)
        ann.press("75 %")  # under the second
        *_, third = ann.wait_for_photos(3)
    assert [each["photo"] for each in (first, second, third)] == [
        painter.paint(picture(), "swirls", alpha) for alpha in (100, 25, 75)
    ]
    assert len(telegram.asked("file")) == 3  # nothing had been kept


def test_the_place_in_line_is_told_and_kept(bot, telegram, ann, bob, painter, picture):
    gate = threading.Event()
    telegram.faults["file"] = [gate]
    with bot():
        for user in (ann, bob):
            user.photo(picture())
            user.wait_for(CHOOSE)
        ann.press("Swirls")
        ann.wait_for(TURN)
        telegram.wait(lambda: telegram.asked("file"))
        bob.press("Engraving")
        bob.wait_for("You are number 2 in line.")
        bob.press("Ink waves")
        bob.wait_for("You are number 3 in line.")
        gate.set()
        results = [*ann.wait_for_photos(1), *bob.wait_for_photos(2)]
    wanted = [painter.paint(picture(), name, 100) for name in ("swirls", "engraving", "ink_waves")]
    assert [each["photo"] for each in results] == wanted
    order = [call.photo for call in telegram.asked("sendPhoto")]
    assert order == wanted
    assert [call.values["text"] for call in telegram.asked("editMessageText")] == [TURN, TURN]


BAD = {
    "text": (lambda picture: b"GIF, I promise", "The photo cannot be decoded: it is not a PNG, JPEG"),
    "empty": (lambda picture: b"", "The photo cannot be decoded"),
    "truncated": (lambda picture: picture()[:700], "The photo cannot be decoded"),
    "huge": (lambda picture: picture(1001, 1000), "The photo has 1000×1001 px, above the limit of 1 megapixels."),
    "narrow": (lambda picture: picture(2, 41), "The photo is too narrow, 41×2 px."),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_photos_are_explained_and_hold_up_nobody(bot, ann, bob, picture, kind):
    make, text = BAD[kind]
    with bot():
        ann.document(make(picture))
        bob.photo(picture())
        for user in (ann, bob):
            user.wait_for(CHOOSE)
            user.press("Swirls")
        ann.wait_for(text)
        bob.wait_for_photos(1)
    assert ann.photos() == []
    assert ann.texts()[1].endswith("Please send another picture.")


def test_a_bad_style_is_named(bot, ann, picture):
    with bot():
        ann.photo(picture())
        ann.document(picture()[:700])
        ann.wait_for("The style picture cannot be decoded")


def test_large_files_are_refused_without_a_download(bot, telegram, ann, picture):
    with bot(Limits(megabytes=1, pixels=10_000)):
        ann.document(b"", size=1_000_001)
        ann.wait_for("That file is too large for me: 1 MB is the most I take.")
        ann.photo(picture(101, 100))
        ann.wait_for("That picture is too large for me: 0.01 megapixels is the most I take.")
        ann.document(bytes(1_000_001))  # Telegram does not say in advance how large it is
        ann.wait_for(CHOOSE)
        ann.press("Swirls")
        ann.wait_for("The file is larger than 1 MB.")
    assert telegram.asked("file") == []


@pytest.mark.parametrize(
    ("method", "fault", "text"),
    [
        ("getFile", refusal(400, "Bad Request: file is too big"), "Telegram refused: File is too big."),
        ("file", refusal(404, "Not Found"), "Telegram does not have that file any more."),
        ("sendPhoto", refusal(400, "Bad Request: PHOTO_INVALID_DIMENSIONS"), "Telegram refused: Photo_invalid"),
    ],
)
def test_what_telegram_refuses_is_told(bot, telegram, ann, picture, method, fault, text):
    telegram.faults[method] = [fault]
    with bot():
        ann.photo(picture())
        ann.wait_for(CHOOSE)
        ann.press("Swirls")
        ann.wait_for(text)
        telegram.wait(lambda: TURN not in ann.texts())
    assert ann.photos() == []


def test_a_flood_is_asked_once_to_wait_and_holds_up_nobody(bot, telegram, ann, bob):
    with bot(Limits(messages=3)):
        for _ in range(300):
            ann.say("hey")
        bob.say("/start")
        bob.wait_for(HELLO)
        telegram.wait(lambda: not telegram.updates)
    assert ann.texts() == [HELLO] * 3 + [SLOWLY]


def test_the_line_is_short_for_one_user_and_bounded_for_all(bot, telegram, ann, bob, picture):
    gate = threading.Event()
    telegram.faults["file"] = [gate]
    with bot(Limits(jobs=2, line=3)):
        for user in (ann, bob):
            user.photo(picture())
            user.wait_for(CHOOSE)
        for name in ("Swirls", "Swirls", "Engraving"):
            ann.press(name)
        ann.wait_for("You have 2 pictures in line already.")
        bob.press("Swirls")
        bob.press("Swirls")
        bob.wait_for("The line is full just now.")
        gate.set()
        ann.wait_for_photos(2)
        bob.wait_for_photos(1)


DROPS = ["getMe", "getUpdates", "getFile", "file", "sendPhoto", "sendMessage", "deleteMessage", "answerCallbackQuery"]


@pytest.mark.parametrize("method", DROPS)
def test_a_dropped_connection_loses_nothing_and_repeats_nothing(bot, telegram, ann, picture, method):
    telegram.faults[method] = ["drop"]
    with bot():
        ann.photo(picture())
        ann.wait_for(CHOOSE)
        ann.press("Swirls")
        ann.wait_for_photos(1)
        ann.say("hello")
        ann.wait_for(HELLO)
    assert telegram.faults[method] == []
    assert len(ann.photos()) == 1
    assert ann.texts() == [CHOOSE, HELLO]


def test_where_nobody_knows_whether_it_arrived_a_picture_is_sent_again(bot, telegram, ann, picture):
    telegram.faults["sendPhoto"] = ["lose"]
    with bot():
        ann.photo(picture())
        ann.wait_for(CHOOSE)
        ann.press("Swirls")
        first, second = ann.wait_for_photos(2)
    assert first["photo"] == second["photo"]


@pytest.mark.parametrize(
    "fault",
    [
        refusal(429, "Too Many Requests: retry later", retry_after=0.01),
        refusal(500, "Internal Server Error"),
        refusal(409, "Conflict: terminated by other getUpdates request"),
    ],
)
@pytest.mark.parametrize("method", ["getUpdates", "sendPhoto", "sendMessage"])
def test_a_busy_telegram_is_asked_again(bot, telegram, ann, picture, method, fault):
    telegram.faults[method] = [fault]
    with bot():
        ann.photo(picture())
        ann.wait_for(CHOOSE)
        ann.press("Swirls")
        ann.wait_for_photos(1)


def test_what_never_gets_through_is_given_up(bot, telegram, ann, bob, picture):
    telegram.faults["sendPhoto"] = ["drop"] * service.TRIES
    with bot():
        ann.photo(picture())
        ann.wait_for(CHOOSE)
        ann.press("Swirls")
        ann.wait_for("I have tried 5 times, and it did not work.")
        bob.photo(picture())
        bob.wait_for(CHOOSE)
        bob.press("Swirls")
        bob.wait_for_photos(1)


def test_an_accident_is_logged_and_told(bot, ann, bob, picture, painter, monkeypatch, caplog):
    def burst(*_):
        raise MemoryError("no room")

    monkeypatch.setattr(painter, "paint", burst)
    with bot():
        ann.photo(picture())
        ann.wait_for(CHOOSE)
        ann.press("Swirls")
        ann.wait_for("Something went wrong on my side")
    assert "MemoryError: no room" in caplog.text


def test_everything_of_a_user_is_forgotten_also_what_is_at_work(bot, telegram, ann, bob, picture):
    gate = threading.Event()
    with bot():
        for user in (ann, bob):
            user.photo(picture())
            user.wait_for(CHOOSE)
        telegram.faults["file"] = [gate]
        ann.press("Swirls")
        telegram.wait(lambda: telegram.asked("file"))
        ann.say("/forget")
        ann.wait_for("Done: I know nothing of you any more.")
        bob.press("Swirls")
        gate.set()
        bob.wait_for_photos(1)
        ann.press("Engraving")
        ann.wait_for(GONE)
    assert ann.photos() == []


def test_old_orders_are_deleted_also_when_nobody_orders(bot, ann, bob, picture, monkeypatch):
    with bot():
        ann.photo(picture())
        ann.wait_for(CHOOSE)
        monkeypatch.setattr("adain_nodes.bot.queue.KEEP", -1)
        bob.say("/start")  # Telegram answers at once, and not when its long poll ends
        bob.wait_for(HELLO)
        ann.press("Swirls")
        ann.wait_for(GONE)


def test_groups_are_none_of_its_business(bot, telegram, ann, picture):
    group = type(ann)(telegram, -5, "supergroup")
    with bot():
        group.photo(picture())
        group.say("/start")
        ann.say("/start")
        ann.wait_for(HELLO)
    assert group.shown() == []


def test_a_token_that_telegram_does_not_know_ends_it(bot):
    wrong = "9:wrong-wrong"
    with (
        pytest.raises(TokenError, match=r"does not know the token in ADAIN_BOT_TOKEN\. Copy it again") as caught,
        bot(token=wrong) as running,
    ):
        running.join(WAIT)
    assert wrong not in str(caught.value)
    assert caught.value.__suppress_context__
