"""`adain survey`: what the raters of `adain app --survey` have said."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from adain_nodes.cli.console import escape, out

app = typer.Typer(help="Look at what raters of `adain app --survey DIR` have said.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Makes the command's name needed, though there is one."""


@app.command("results")
def results(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder of the survey.")],
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write the answers there, a line for each.")
    ] = None,
) -> None:
    """Print mean ratings or Bradley–Terry strengths with their intervals, also while raters answer."""
    from rich.table import Table

    from adain_nodes.core.files import replace_file
    from adain_nodes.survey.results import csv_text, read_answers, summarise

    answers = read_answers(folder)
    for found in (summarise(mode, given) for mode, given in answers.items() if given):
        header, rows = found.table()
        table = Table(title=escape(found.caption), caption=escape(found.note), caption_justify="left")
        for name in header:
            table.add_column(name, justify="left" if name == header[0] else "right")
        for row in rows:
            table.add_row(*map(escape, row))
        out.print(table)
    if csv:
        replace_file(csv, csv_text(answers).encode())
        out.print(escape(str(csv)), soft_wrap=True)
