"""What visitors read when something goes wrong."""

from __future__ import annotations

import gradio as gr
import pytest

from adain_nodes.app.errors import IncompleteError, StoppedError, in_words, sentence
from adain_nodes.core.errors import ImageError


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("/tmp/adain-app-x1/0f3e/photo.jpg is empty, 0 bytes.", "photo.jpg is empty, 0 bytes."),
        (r"C:\Users\me\photo.jpg is empty.", "photo.jpg is empty."),
        ("/tmp/a/<img src=x>.png cannot be decoded.", "&lt;img src=x&gt;.png cannot be decoded."),
        ("Choose 8 or 16, PNG/JPEG.", "Choose 8 or 16, PNG/JPEG."),
        ("alpha is 2; it must lie between 0 and 1.", "alpha is 2; it must lie between 0 and 1."),
    ],
)
def test_folders_and_markup_stay_here(text, shown):
    assert sentence(ImageError(text)) == shown


def test_errors_of_the_project_are_shown_in_their_words():
    with pytest.raises(gr.Error) as shown, in_words():
        raise ImageError("It is empty.", "Save it again.")
    assert (shown.value.message, shown.value.visible, shown.value.print_exception) == (
        "It is empty. Save it again.",
        True,
        False,
    )


@pytest.mark.parametrize("error", [IncompleteError, StoppedError])
def test_what_is_no_fault_is_not_put_before_the_visitor(error):
    with pytest.raises(gr.Error) as shown, in_words():
        raise error("Later.")
    assert not shown.value.visible


def test_what_nobody_expected_is_logged_and_not_shown(caplog):
    with pytest.raises(gr.Error, match="Something went wrong on the server") as shown, in_words():
        raise KeyError("secret")
    assert "secret" not in shown.value.message
    assert "KeyError: 'secret'" in caplog.text


def test_errors_for_visitors_pass():
    with pytest.raises(gr.Error, match="as it is"), in_words():
        raise gr.Error("as it is")
