"""The options of the commands, each spelled once. Their defaults are the library's; a test compares them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from adain_nodes.cli.console import waiting

if TYPE_CHECKING:
    from adain_nodes.pipeline import StyleTransfer


def option(*names: str, help: str, panel: str | None = None, metavar: str | None = None) -> Any:
    """A Typer option, under the heading ``panel`` of the help."""
    return typer.Option(*names, help=help, rich_help_panel=panel, metavar=metavar)


# What to do
Photos = Annotated[list[str], typer.Argument(metavar="PHOTO…", help="Files, folders or globs.")]
Styles = Annotated[
    list[str],
    option(
        "--style",
        "-s",
        metavar="STYLE[:WEIGHT]",
        help="A picture or a saved style. Several are blended; a folder or a glob makes one result for each picture.",
    ),
]
Masks = Annotated[
    list[str],
    option(
        "--mask", metavar="MASK:STYLE", help="A style for the white part of a mask; --style, if given, fills the rest."
    ),
]
Alpha = Annotated[float, option("--alpha", "-a", help="From 0 (the photograph) to 1 (the full style).")]
PreserveColor = Annotated[
    Literal["none", "coral", "mean-std", "histogram", "luminance"],
    option("--preserve-color", help="Keep the photograph's colours, by this method."),
]
Size = Annotated[int, option("--size", help="Short side of the result in pixels; 0 keeps the photograph's.")]
StyleSize = Annotated[
    int, option("--style-size", help="Short side of the style in pixels: larger means larger strokes; 0 keeps it.")
]

# Files
_FILES = "Files"
Out = Annotated[Path, option("--out", "-o", panel=_FILES, help="A folder, or a file for a single result.")]
Format = Annotated[
    Literal["png", "jpg", "webp", "tiff"], option("--format", panel=_FILES, help="Format of results in a folder.")
]
Depth = Annotated[Literal["8", "16"], option("--depth", panel=_FILES, help="Bits per channel; 16 for PNG and TIFF.")]
Quality = Annotated[int, option("--quality", panel=_FILES, help="Of JPEG and WebP, 1 to 100.")]
Lossless = Annotated[bool, option("--lossless", panel=_FILES, help="Lossless WebP.")]
Recursive = Annotated[bool, option("--recursive", "-r", panel=_FILES, help="Look into folders inside folders.")]
SkipExisting = Annotated[bool, option("--skip-existing", panel=_FILES, help="Leave results that are there already.")]
MaxPixels = Annotated[
    int, option("--max-pixels", panel=_FILES, help="Refuse larger pictures (a guard against decompression bombs).")
]


def memory(text: str | int) -> int:
    """The bytes of "2GB", "500 MB" or "2000000000"; raises BadParameter for anything else."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)B?", str(text).strip().upper())
    if not found:
        raise typer.BadParameter(f"{text!r} is no amount of memory: write 2GB or 500MB.")
    return int(float(found[1]) * 1000 ** " KMGT".index(found[2] or " "))


MaxMemory = Annotated[
    int,
    typer.Option(
        "--max-memory",
        parser=memory,
        metavar="SIZE",
        rich_help_panel=_FILES,
        show_default="half of what is free",
        help="About how much memory to take, such as 2GB; larger pictures are made in parts, with the same result.",
    ),
]

# Model
_MODEL = "Model"
Model = Annotated[
    str, option("--model", "-m", panel=_MODEL, help="A model's name (lite, vgg19) or the path of a weight file.")
]
DecoderFile = Annotated[
    str | None, option("--decoder", panel=_MODEL, help="Another decoder than the model's: a weight file.")
]
Device = Annotated[str, option("--device", panel=_MODEL, help="auto, cpu, cuda, cuda:1 or mps.")]
Dtype = Annotated[str, option("--dtype", panel=_MODEL, help="Precision: auto, float32, bfloat16 or float16.")]
Engine = Annotated[
    str,
    option("--engine", panel=_MODEL, help="torch; compile takes a while at first, and is faster then."),
]


def load(model: str, decoder: str | None, device: str, dtype: str, **more: Any) -> StyleTransfer:
    """The pipeline that the model options describe; ``more`` are further arguments of ``from_pretrained``."""
    with waiting(f"Loading {model} …"):
        from adain_nodes.pipeline import StyleTransfer

        return StyleTransfer.from_pretrained(model, decoder=decoder, device=device, dtype=dtype, **more)
