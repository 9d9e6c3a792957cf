"""What commands print with."""

from __future__ import annotations

import io
import logging

from rich.console import Console

from adain_nodes.cli import console


def test_notes_of_the_library_are_shown_once(capsys):
    for _ in range(2):
        console.explain_notes()
    logging.getLogger("adain_nodes").warning("photo[b].png: mask resized")
    out, err = capsys.readouterr()
    assert (out, err.strip()) == ("", "photo[b].png: mask resized")


def test_results_and_everything_else_go_different_ways(capsys):
    console.out.print("made")
    with console.waiting("Loading [/x] …"), console.progress("pictures") as bar:
        bar.advance(bar.add_task("Stylising", total=1))
    console.err.print("said")
    made, said = capsys.readouterr()
    assert made == "made\n"
    assert said == "said\n"


def test_bars_and_spinners_move_on_a_terminal(monkeypatch):
    screen = io.StringIO()
    monkeypatch.setattr(console, "err", Console(file=screen, force_terminal=True))
    with console.waiting("Loading lite …"):
        pass
    with console.progress("pictures") as bar:
        bar.advance(bar.add_task("Stylising", total=2))
        bar.refresh()
    assert "Loading lite …" in screen.getvalue()
    assert "1/2" in screen.getvalue()
