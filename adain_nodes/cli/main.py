"""The command line `adain`: every command unpacks its options, calls the library and prints; nothing more.

Only what reads options is imported here, so that `adain --help` answers at once; PyTorch comes with the commands.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

import adain_nodes
from adain_nodes.cli import app as page
from adain_nodes.cli import (
    baselines,
    bot,
    console,
    dataset,
    experiment,
    feedforward,
    figures,
    measure,
    normalize,
    repeat,
    show,
    styles,
    stylize,
    survey,
    train,
    video,
    weights,
)
from adain_nodes.core.errors import AdaINError
from adain_nodes.process import keep_freed_memory, wait_briefly

app = typer.Typer(
    name="adain",
    help="Arbitrary style transfer with AdaIN: any photograph in the style of any picture.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("stylize")(stylize.stylize)
app.command("video")(video.video)
app.command("dataset")(dataset.dataset)
app.command("demo")(show.demo)
app.command("repeat")(repeat.repeat)
app.command("gatys")(baselines.gatys)
app.command("swap")(baselines.swap)
app.command("match")(baselines.match)
app.command("texture")(baselines.texture)
app.command("feedforward")(feedforward.feedforward)
app.add_typer(styles.app, name="styles")
app.add_typer(weights.app, name="weights")
app.command("evaluate")(measure.evaluate)
app.command("benchmark")(measure.benchmark)
app.add_typer(figures.app, name="figure")
app.command("flicker")(video.flicker)
app.command("train")(train.train)
app.command("experiment")(experiment.experiment)
app.command("app")(page.app)
app.command("bot")(bot.bot)
app.add_typer(survey.app, name="survey")
app.command("normalize-vgg")(normalize.normalize_vgg)


def _version(asked: bool) -> None:
    if asked:
        typer.echo(f"adain-nodes {adain_nodes.__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Arbitrary style transfer with AdaIN: any photograph in the style of any picture.

    Without a command it opens the web page, as `adain app` does. Where nobody sits at a terminal, who could look at it
    and end it, it stylises the example pictures instead, as `adain demo` does.
    """
    if context.invoked_subcommand is None:
        (page.app if page.attended() else show.demo)()


def main() -> None:
    """Entry point: errors of the project end in one sentence and exit status 1, not in a traceback."""
    keep_freed_memory()
    wait_briefly()
    try:
        app()
    except AdaINError as error:
        console.err.print(f"[bold red]Error:[/] {console.escape(str(error))}", soft_wrap=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
