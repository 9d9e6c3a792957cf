"""Ended in the middle, by a kill or on request: what was in line is answered, once."""

from __future__ import annotations

import signal
import stat
import threading
from pathlib import Path

from standin import TOKEN

from adain_nodes.bot.conversation import CHOOSE


def test_a_killed_bot_goes_on_with_what_was_in_line(start, telegram, ann, bob, picture, painter, tmp_path):
    gate = threading.Event()
    telegram.faults["file"] = [gate]
    killed = start()
    for user in (ann, bob):
        user.photo(picture())
        user.wait_for(CHOOSE)
    ann.press("Swirls")
    telegram.wait(lambda: telegram.asked("file"))
    bob.press("Engraving")
    bob.wait_for("You are number 2 in line.")
    telegram.wait(lambda: not telegram.updates)  # Telegram will not repeat them
    assert killed.end(signal.SIGKILL) == -signal.SIGKILL
    gate.set()
    program = start()
    results = [*ann.wait_for_photos(1), *bob.wait_for_photos(1)]
    command = Path(f"/proc/{program.process.pid}/cmdline")
    assert not command.exists() or TOKEN.encode() not in command.read_bytes()
    assert program.end(signal.SIGTERM) == 130
    wanted = [painter.paint(picture(), name, 100) for name in ("swirls", "engraving")]
    assert [each["photo"] for each in results] == wanted
    assert [call.photo for call in telegram.asked("sendPhoto")] == wanted
    log = program.log.read_text("utf-8")
    assert log.count("The bot is at work; 2 in line.") == 1
    assert not [word for word in (TOKEN.split(":")[1], "Ann", str(ann.chat), "file", "Traceback") if word in log]
    assert {file.name for file in tmp_path.rglob("*") if file.is_file()} == {"log.txt", "queue.sqlite"}
    assert stat.S_IMODE((tmp_path / "data" / "queue.sqlite").stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


def test_news_that_come_again_are_known(bot, telegram, ann, picture):
    """Killed before it could confirm them, the bot is given them once more."""
    with bot():
        ann.photo(picture(seed=1))
        ann.photo(picture(seed=2))
        ann.wait_for_photos(1)
    telegram.updates = list(telegram.pushed)
    with bot():
        ann.say("/start")
        ann.wait_for("Hello!")
    assert len(telegram.asked("sendPhoto")) == 1
    assert len(ann.texts()) == 2


def test_what_is_at_work_when_the_bot_is_stopped_comes_after_the_next_start(bot, telegram, ann, picture):
    gate = threading.Event()
    telegram.faults["file"] = [gate]
    with bot():
        ann.photo(picture())
        ann.wait_for(CHOOSE)
        ann.press("Swirls")
        telegram.wait(lambda: telegram.asked("file"))
    assert ann.photos() == []
    gate.set()
    with bot():
        ann.wait_for_photos(1)
