"""The page of a survey: questions for those who have its address, and results for those who have the key as well."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import gradio as gr

from adain_nodes.app.errors import sentence
from adain_nodes.app.page import KEEP_SECONDS, Page
from adain_nodes.app.parts import asset
from adain_nodes.app.server import launched, temporary_uploads
from adain_nodes.core.errors import AdaINError, InvalidValueError
from adain_nodes.survey.interview import Interview
from adain_nodes.survey.questions import PAIRS
from adain_nodes.survey.results import csv_text, summarise

Message = dict[str, Any]
"""What a browser sends: anything, so far as anybody knows."""


@contextmanager
def surveying(
    interview: Interview,
    *,
    host: str = "127.0.0.1",
    port: int = 7860,
    auth: Sequence[tuple[str, str]] = (),
    root_path: str = "",
) -> Iterator[tuple[str, str]]:
    """Serve a survey until the block is left; gives its address, and what opens the results when it stands behind it.

    Raters see no results, which would tell them what others think: those lie behind a key that is drawn anew for each
    server. Where a visitor comes from decides nothing, as behind a proxy all come from this machine. Raises AdaINError
    where the port cannot be had.
    """
    key = secrets.token_urlsafe(16)
    with (
        temporary_uploads(),
        launched(
            build(interview, key),
            host=host,
            port=port,
            auth=auth,
            root_path=root_path,
            max_upload_mb=1,  # nobody has anything to upload, but Gradio takes it
            footer_links=(),
        ) as address,
    ):
        yield address, f"#results={key}"


def build(interview: Interview, key: str) -> Page:
    """The page, not yet served."""

    @_in_words
    def ask(message: Message) -> Message:
        rater, number, answer = (message.get(name) for name in ("rater", "number", "answer"))
        if not isinstance(rater, str) or not isinstance(number, int | None) or not isinstance(answer, str | None):
            raise InvalidValueError("That is no question of this page.", "Load it again.")
        if number is None or answer is None:
            return interview.show(rater, number)
        return interview.answer(rater, number, answer)

    summary = lru_cache(1)(summarise)  # those who look ask again and again

    @_in_words
    def results(message: Message) -> Message:
        _check(message, key)
        found = summary(interview.mode, tuple(interview.given()))
        header, rows = found.table()
        return {"caption": found.caption, "note": found.note, "header": header, "rows": rows}

    @_in_words
    def answers(message: Message) -> Message:
        _check(message, key)
        return {"csv": csv_text({interview.mode: interview.given()})}

    with Page(title="Survey", analytics_enabled=False, delete_cache=(60, KEEP_SECONDS)) as page:
        _view("survey", [ask], survey={"pairs": interview.mode == PAIRS, "text": interview.text})
        _view("results", [results, answers])
    return page


def _view(name: str, functions: list[Callable[..., Any]], **props: Any) -> gr.HTML:
    return gr.HTML(
        html_template=asset(f"{name}.html"),
        css_template=asset(f"{name}.css"),
        js_on_load=asset(f"{name}.js"),
        server_functions=functions,
        **props,
    )


def _in_words(answer: Callable[[Message], Message]) -> Callable[[Any], Message]:
    """What goes wrong is said in the reply's ``problem``, which is safe to be shown as HTML."""

    def reply(message: Any) -> Message:
        try:
            if not isinstance(message, dict):
                raise InvalidValueError("That is no question of this page.", "Load it again.")
            return answer(message)
        except AdaINError as error:
            return {"problem": sentence(error)}

    reply.__name__ = answer.__name__  # by which the page calls it
    return reply


def _check(message: Message, key: str) -> None:
    if not secrets.compare_digest(str(message.get("key")).encode(), key.encode()):
        raise InvalidValueError(
            "This is not the address of the results.", "The terminal shows it where the survey was started."
        )
