"""The survey's page in a real browser. ``ADAIN_SCREENSHOTS`` names a folder for pictures of it, to be looked at."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import socket
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from adain_nodes.survey.interview import Interview
from adain_nodes.survey.questions import PAIRS, RATE

if importlib.util.find_spec("gradio") is None:
    pytest.skip("NOT TESTED: the web page needs gradio", allow_module_level=True)

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Response

PATIENCE = 60_000
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}


def check_fit(rater: Rater, name: str) -> None:
    """Nothing is wider or lower than the screen, buttons are as large as fingers, and screen readers know them all."""
    assert rater.page.evaluate("window.innerWidth") == rater.page.viewport_size["width"]
    lowest = rater.page.locator(".skip").bounding_box()
    assert lowest["y"] + lowest["height"] <= rater.page.viewport_size["height"]
    heights = "all => all.map(each => each.getBoundingClientRect().height).filter(Boolean)"
    assert min(rater.page.eval_on_selector_all(".survey button", heights)) >= 44
    nameless = "all => all.filter(each => !(each.alt || each.ariaLabel || each.innerText.trim())).length"
    assert rater.page.eval_on_selector_all(".survey :is(img, .ask button, footer button)", nameless) == 0
    shoot(rater, name)


def shoot(rater: Rater, name: str) -> None:
    """A picture of the page, for people."""
    if folder := os.environ.get("ADAIN_SCREENSHOTS"):
        rater.page.screenshot(path=Path(folder) / f"survey_{name}.png", full_page=True)


class Rater:
    """Somebody at the page, what the server has sent, and what went wrong."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.context, self.address = context, address
        self.received, self.troubles = list[str](), list[str]()
        self.page: Page = context.new_page()
        self.page.on("response", self._received)
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.goto(address)

    def _received(self, response: Response) -> None:
        if not response.url.startswith((self.address.partition("#")[0], "data:", "blob:")):
            self.troubles.append(f"asked {response.url}")
        self.received += [response.url, str(response.headers)]
        if "/assets/" not in response.url:  # Gradio's own
            with suppress(Exception):  # a stream that is not at its end
                self.received.append(response.text())

    def at(self, number: int, total: int) -> None:
        """Wait for a question."""
        self.page.locator(".progress", has_text=re.compile(f"^{number} of {total}$")).wait_for(timeout=PATIENCE)

    def thanked(self) -> None:
        """Wait for the end."""
        self.page.get_by_role("heading", name="Thank you!").wait_for(timeout=PATIENCE)

    def results(self, server: Any) -> None:
        """Wait until the results are about all answers."""
        kept = [answer for _, answer in server.given() if answer != "skip"]
        self.page.get_by_text(f" raters, {len(kept)} answers, ").wait_for(timeout=PATIENCE)

    def pictures(self) -> list[str]:
        """The addresses of what is to be judged."""
        return self.page.eval_on_selector_all(".pictures img", "images => images.map(image => image.src)")

    def pressed(self) -> list[str]:
        """What is marked as the answer that was given."""
        return self.page.locator("[aria-pressed=true]").all_inner_texts()


@pytest.fixture
def visit(chromium: Browser) -> Iterator[Callable[..., Rater]]:
    """A function that opens a page; every visit must end without errors or requests to other machines.

    Of what a rater has got, nothing may name a method, a picture or a folder, or give the key of the results.
    """
    raters: list[tuple[Rater, Any]] = []

    def visit(server: Any, *, owner: bool = False, **settings: object) -> Rater:
        context = chromium.new_context(**DESKTOP | settings)
        raters.append((Rater(context, server.results if owner else server.address), server))
        return raters[-1][0]

    yield visit
    for rater, server in raters:
        assert rater.troubles == []
        if rater.address == server.address:
            everything = "\n".join([*rater.received, rater.page.content()])
            assert "data:image/jpeg;base64" in everything
            names = (path.stem for path in (server.folder / server.methods[0]).iterdir())
            for word in (*server.methods, *names, str(server.folder.parent), server.results.partition("=")[2]):
                assert word not in everything
        rater.context.close()


def test_rating_with_the_keyboard_alone(servers, visit):
    server = servers(RATE)
    rater = visit(server)
    rater.at(1, 6)
    first = rater.pictures()
    check_fit(rater, "rate_desktop")
    rater.page.set_viewport_size(PHONE["viewport"])
    check_fit(rater, "rate_phone")
    rater.page.set_viewport_size(DESKTOP["viewport"])
    rater.page.keyboard.press("7")
    rater.at(2, 6)
    second = rater.pictures()
    rater.page.keyboard.press("Backspace")
    rater.at(1, 6)
    assert (rater.pictures(), rater.pressed()) == (first, ["7"])
    rater.page.keyboard.press("0")
    rater.at(2, 6)
    assert rater.pictures() == second
    rater.page.reload()
    rater.at(2, 6)
    assert (rater.pictures(), rater.pressed()) == (second, [])
    rater.page.keyboard.press("s")
    for number, key in enumerate("1359", 3):
        rater.at(number, 6)
        rater.page.keyboard.press(key)
    rater.thanked()
    rater.page.keyboard.press("5")  # is no answer to anything
    shoot(rater, "thanks")
    me = rater.page.evaluate("localStorage.adainRater")
    given = [answer for who, answer in server.given() if who == me]
    assert given == ["10", "skip", "1", "3", "5", "9"]
    rater.page.get_by_role("button", name="Back").click()
    rater.at(6, 6)
    assert rater.pressed() == ["9"]


def test_choosing_on_a_phone(servers, visit):
    server = servers(PAIRS)
    rater = visit(server, **PHONE)
    for number, letter in enumerate("ABB", 1):
        rater.at(number, 3)
        upper, lower = (rater.page.get_by_role("button", name=f"Choose picture {each}") for each in "AB")
        assert upper.bounding_box()["y"] + upper.bounding_box()["height"] <= lower.bounding_box()["y"]
        check_fit(rater, "pairs_phone")
        rater.page.get_by_role("button", name=f"Choose picture {letter}").tap()
    rater.thanked()
    me = rater.page.evaluate("localStorage.adainRater")
    assert [answer for who, answer in server.given() if who == me] == ["first", "second", "second"]


def test_two_at_once_do_not_meet_and_only_the_key_shows_what_they_say(servers, visit, tmp_path):
    server = servers(RATE)
    ann, bob, owner = visit(server), visit(server), visit(server, owner=True)
    for number in range(1, 7):
        for rater in (ann, bob):
            rater.at(number, 6)
        if number == 3:
            owner.results(server)
        for rater, key in ((ann, "2"), (bob, "8")):
            rater.page.keyboard.press(key)
    ann.thanked()
    bob.thanked()
    given = server.given()
    for rater, answer in ((ann, "2"), (bob, "8")):
        me = rater.page.evaluate("localStorage.adainRater")
        assert [rated for who, rated in given if who == me] == [answer] * 6
    owner.results(server)  # new ones, without a reload
    assert not owner.page.locator(".survey").is_visible()
    assert {*owner.page.locator("td:first-child").all_inner_texts()} == {*server.methods}
    shoot(owner, "results")
    with owner.page.expect_download() as download:
        owner.page.get_by_role("button", name="Download the answers as CSV").click()
    download.value.save_as(tmp_path / "answers.csv")
    header, *lines = (tmp_path / "answers.csv").read_text().splitlines()
    assert (header, len(lines)) == ("mode,rater,number,picture,first,second,answer,at", len(given))
    owner.page.goto(f"{server.address}#results=guess")
    owner.page.get_by_text("This is not the address of the results.").wait_for(timeout=PATIENCE)
    assert owner.page.locator("td").count() == 0


@pytest.mark.parametrize(
    ("function", "message", "said"),
    [
        ("ask", {"rater": 7}, "That is no question of this page."),
        ("ask", "what", "That is no question of this page."),
        ("ask", {"rater": "a" * 32, "number": [1]}, "That is no question of this page."),
        ("ask", {"rater": "a" * 32, "number": 10**6, "answer": "5"}, "There is no question 1000000."),
        ("ask", {"rater": "'; drop table answers; --"}, "The page does not say who answers."),
        ("results", {"key": None}, "This is not the address of the results."),
        ("answers", {}, "This is not the address of the results."),
    ],
)
def test_what_a_browser_may_send_besides(servers, function, message, said):
    server = servers(RATE)
    with urllib.request.urlopen(f"{server.address}config", timeout=30) as reply:
        (component,) = (
            each["id"] for each in json.load(reply)["components"] if function in each["props"].get("server_fns", [])
        )
    body = {"session_hash": "x", "component_id": component, "fn_name": function, "data": message}
    address, kind = f"{server.address}gradio_api/component_server/", {"Content-Type": "application/json"}
    request = urllib.request.Request(address, json.dumps(body).encode(), kind)
    with urllib.request.urlopen(request, timeout=30) as reply:
        assert json.load(reply)["problem"].startswith(said)


def test_what_strangers_upload_is_small_and_goes_with_the_server(make_survey, upload_status, tmp_path, monkeypatch):
    from adain_nodes.app.survey import surveying

    room = tmp_path / "room"
    room.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(room))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with surveying(Interview(make_survey(), RATE, 4), port=port) as (address, _):
        assert upload_status(address, 2_000_000) == 413
        assert upload_status(address, 1000) == 200
        assert [file.name for file in room.rglob("*") if file.is_file()] == ["a.png"]
    assert list(room.iterdir()) == []


def test_a_killed_server_loses_no_answer_and_goes_on(servers, visit):
    server = servers(PAIRS)
    rater = visit(server, color_scheme="dark")
    rater.at(1, 3)
    check_fit(rater, "pairs_dark")
    rater.page.keyboard.press("ArrowLeft")
    rater.at(2, 3)
    shown, before = rater.pictures(), server.given()
    server.kill()
    assert server.given() == before
    rater.page.keyboard.press("ArrowRight")
    rater.page.get_by_text("The server does not answer. What you have answered is kept: try again.").wait_for()
    assert rater.pictures() == shown
    server.start()
    rater.page.keyboard.press("ArrowRight")
    rater.at(3, 3)
    rater.page.reload()
    rater.at(3, 3)
    rater.page.keyboard.press("s")
    rater.thanked()
    me = rater.page.evaluate("localStorage.adainRater")
    assert [answer for who, answer in server.given() if who == me] == ["first", "second", "skip"]
