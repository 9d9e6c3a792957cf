"""The program as a whole: entry points, help, errors, and what it imports."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import adain_nodes
from adain_nodes.cli import main as program
from adain_nodes.core.errors import AdaINError
from adain_nodes.imaging import read_image

COMMANDS = {
    *("stylize", "video", "dataset", "demo", "repeat", "gatys", "swap", "match", "texture", "feedforward"),
    *("styles", "weights"),
    *("evaluate", "benchmark", "figure", "flicker", "train", "experiment", "app", "survey", "bot", "normalize-vgg"),
}
HEAVY = ("torch", "numpy", "PIL", "safetensors", "pyvips", "gradio")


def python(*arguments, **settings):
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=120, **settings)


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_names_every_command(adain, flag):
    status, out, err = adain(flag)
    assert (status, err) == (0, "")
    assert set(re.findall(r"^│ ([\w-]+) ", out, re.MULTILINE)) >= COMMANDS
    assert {command.name for command in program.app.registered_commands} | {
        "styles",
        "weights",
        "figure",
        "survey",
    } == COMMANDS


@pytest.mark.parametrize("command", [*sorted(COMMANDS), "styles save", "styles show", "weights list", "weights pull"])
def test_every_command_explains_itself(adain, command):
    status, out, _ = adain(*command.split(), "--help")
    assert status == 0
    assert re.search(rf"Usage: .*adain {command} ", out)  # ahead of it the program that runs the tests


@pytest.mark.parametrize(("attended", "command"), [(True, "app"), (False, "demo")])
def test_no_arguments_open_the_page_for_a_person_and_make_the_sheet_for_nobody(adain, monkeypatch, attended, command):
    called = []
    monkeypatch.setattr(program.page, "attended", lambda: attended)
    monkeypatch.setattr(program.page, "app", lambda: called.append("app"))
    monkeypatch.setattr(program.show, "demo", lambda: called.append("demo"))
    assert adain() == (0, "", "")
    assert called == [command]


def test_version_is_printed(adain):
    assert adain("--version") == (0, f"adain-nodes {adain_nodes.__version__}\n", "")


@pytest.mark.parametrize("arguments", [["--help"], ["stylize", "--help"], ["--version"], ["weights", "list"]])
def test_answers_that_need_no_network_import_no_heavy_library(arguments):
    """What takes seconds to import is imported when pictures are made."""
    heavy = f"[name for name in {HEAVY} if name in sys.modules]"
    code = (
        f"import sys; sys.argv = ['adain', *{arguments}]\nfrom adain_nodes.cli.main import main\n"
        f"try:\n    main()\nfinally:\n    print('loaded:', {heavy})"
    )
    done = python("-c", code)
    assert done.stdout.endswith("loaded: []\n"), done.stdout + done.stderr


def test_module_runs_as_a_program(folder):
    done = python("-m", "adain_nodes", "stylize", "photos/one.png", "-s", "styles/warm.png", "--style-size", "32")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "1 made: results/one_warm.png\n"
    assert read_image("results/one_warm.png").rgb.shape == (1, 3, 40, 48)


def test_entry_point_ends_errors_in_a_sentence():
    program = Path(sys.executable).with_name("adain")
    if not program.exists():
        pytest.skip(f"the package is not installed beside {sys.executable}")
    done = subprocess.run([program, "weights", "where", "nothing"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith("Error: Nothing is known of the weights 'nothing'. Known: lite (embedded), ")


@pytest.fixture
def replace_app(monkeypatch):
    def replace(error):
        def app():
            raise error

        monkeypatch.setattr(program, "app", app)

    return replace


def test_errors_are_printed_as_they_are(adain, replace_app):
    """No markup is read in them: names of files may have brackets."""
    replace_app(AdaINError("photo[/][red].png is gone.", "Find it."))
    assert adain() == (1, "", "Error: photo[/][red].png is gone. Find it.\n")


def test_interruption_has_its_exit_status(adain, replace_app):
    replace_app(KeyboardInterrupt())
    assert adain() == (130, "", "")


def test_faults_of_the_program_are_not_hidden(adain, replace_app):
    replace_app(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        program.main()


def test_app_can_be_built_into_another_one():
    outer = typer.Typer()
    outer.add_typer(program.app, name="adain")
    assert CliRunner().invoke(outer, ["adain", "--version"]).output == f"adain-nodes {adain_nodes.__version__}\n"
