"""The options' defaults and choices are those of the library."""

from __future__ import annotations

import inspect
from dataclasses import fields
from typing import get_args

import pytest
import typer

from adain_nodes import imaging
from adain_nodes.backend import DTYPES, choose_backend
from adain_nodes.checkpoints.catalogue import MODELS
from adain_nodes.checkpoints.networks import load_networks
from adain_nodes.cli import options, repeat, show, styles, stylize
from adain_nodes.core.errors import MissingWeightsError
from adain_nodes.encoding import STYLE_SIZE
from adain_nodes.pipeline import PRESERVE_COLOR, StyleTransfer
from adain_nodes.recipe import Recipe


def defaults(function):
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not inspect.Parameter.empty}


STYLIZE = defaults(stylize.stylize)


def choices(option):
    """The values of a Literal inside Annotated."""
    return get_args(get_args(option)[0])


@pytest.mark.parametrize(
    ("library", "names"),
    [
        (StyleTransfer.stylize, ("alpha", "preserve_color", "size", "style_size")),
        (StyleTransfer.from_pretrained, ("model", "decoder", "device", "dtype", "engine", "max_pixels", "max_memory")),
        (load_networks, ("decoder",)),
        (choose_backend, ("device", "dtype")),
        (imaging.write_image, ("quality", "lossless")),
        (imaging.find_images, ("recursive",)),
        (imaging.read_image, ("max_pixels",)),
        (Recipe, ("alpha", "preserve_color", "size", "style_size", "model", "decoder", "quality", "lossless")),
    ],
)
def test_stylize_has_the_defaults_of_the_library(library, names):
    wanted = defaults(library)
    assert {name: STYLIZE[name] for name in names} == {name: wanted[name] for name in names}


def test_depth_is_the_library_s_as_text():
    assert STYLIZE["depth"] == str(defaults(imaging.write_image)["depth"]) == str(Recipe(None).depth)


def test_constants_of_the_library_are_the_defaults():
    assert STYLIZE["max_pixels"] == imaging.MAX_PIXELS
    assert STYLIZE["style_size"] == STYLE_SIZE
    assert set(Recipe(None).writing) <= {field.name for field in fields(Recipe)}


@pytest.mark.parametrize("command", [show.demo, styles.save, repeat.repeat])
def test_commands_agree_where_they_share_an_option(command):
    shared = {"alpha", "style_size", "model", "decoder", "device", "dtype"} & defaults(command).keys()
    assert shared
    if command is styles.save:
        assert defaults(StyleTransfer.encode_style)["size"] == STYLIZE["style_size"]
    assert {name: defaults(command)[name] for name in shared} == {name: STYLIZE[name] for name in shared}


def test_choices_are_those_of_the_library():
    assert choices(options.PreserveColor) == PRESERVE_COLOR
    assert {f".{name}" for name in choices(options.Format)} <= imaging.OUTPUT_FORMATS.keys()
    assert {imaging.OUTPUT_FORMATS[f".{name}"] for name in choices(options.Format)} == set(
        imaging.OUTPUT_FORMATS.values()
    )


def test_helps_name_what_there_is():
    helps = {name: get_args(getattr(options, name))[1].help for name in ("Dtype", "Model")}
    assert all(name in helps["Dtype"] for name in ("auto", *DTYPES))
    assert all(name in helps["Model"] for name in MODELS)


def test_pipeline_is_loaded_as_asked(monkeypatch):
    asked = []
    monkeypatch.setattr(StyleTransfer, "from_pretrained", lambda *names, **settings: asked.append((names, settings)))
    options.load("vgg19", "mine.pth", "cuda:1", "float16", engine="compile")
    settings = {"decoder": "mine.pth", "device": "cuda:1", "dtype": "float16", "engine": "compile"}
    assert asked == [(("vgg19",), settings)]


def test_loaded_pipeline_runs():
    transfer = options.load("lite", None, "cpu", "bfloat16")
    assert isinstance(transfer, StyleTransfer)
    assert (transfer.encoder.family, transfer.backend.dtype) == ("lite", DTYPES["bfloat16"])
    with pytest.raises(MissingWeightsError, match=r"\[/x\]"):  # no markup, also while waiting
        options.load("[/x]", None, "cpu", "float32")


@pytest.mark.parametrize(
    ("text", "bytes"),
    [("2GB", 2_000_000_000), ("1.5 gb", 1_500_000_000), ("500M", 500_000_000), ("64kB", 64_000), ("123", 123), (0, 0)],
)
def test_amounts_of_memory(text, bytes):
    assert options.memory(text) == bytes


@pytest.mark.parametrize("text", ["much", "-2GB", "2 GiB", "GB", ""])
def test_other_amounts_are_refused(text):
    with pytest.raises(typer.BadParameter, match="is no amount of memory: write 2GB or 500MB"):
        options.memory(text)
