"""What goes wrong, said to a visitor in one sentence: no traceback, no markup, no path of the server."""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from adain_nodes.core.errors import AdaINError, InvalidValueError

log = logging.getLogger("adain_nodes")

_FOLDERS = re.compile(r"(?:/|[A-Za-z]:\\)(?:[^\s/\\]+[/\\])+")
"""The folders of an absolute path."""


class StoppedError(AdaINError):
    """The work was ended by the visitor who had asked for it."""


class IncompleteError(InvalidValueError):
    """A picture is still missing. The page waits for it in silence; callers of the API are told."""


@contextmanager
def in_words() -> Iterator[None]:
    """Turn whatever is raised inside into an error that the page shows; what nobody expected is logged in full."""
    try:
        yield
    except gr.Error:
        raise
    except AdaINError as error:
        visible = not isinstance(error, IncompleteError | StoppedError)
        raise gr.Error(sentence(error), visible=visible, print_exception=False) from error
    except Exception as error:
        log.exception("An error that no handler expected")
        raise gr.Error("Something went wrong on the server; its log says what.", print_exception=False) from error


def sentence(error: AdaINError) -> str:
    """The error's text with the names of files and not their folders, safe to be shown as HTML."""
    return html.escape(_FOLDERS.sub("", str(error)), quote=False)
