"""The inputs of the trainer. Defaults are those of ``finetune_decoder``."""

from __future__ import annotations

from typing import Any

from comfy_api.latest import io  # pyright: ignore[reportMissingImports]

from adain_nodes.comfy.schema import AdaINDecoder, AdaINEncoder
from adain_nodes.training.finetune import DEFAULTS


def training_inputs() -> list[io.Input]:
    """Networks and pictures, then the numbers, each with its range."""
    return [
        AdaINEncoder.Input("encoder", tooltip="The encoder that the decoder belongs to. It stays as it is."),
        AdaINDecoder.Input("decoder", tooltip="The decoder to start with. A copy of it is trained."),
        io.String.Input(
            "name",
            default="decoder",
            tooltip="Start of the name of the trained decoder's file, and name of the run. A / makes a folder.",
        ),
        _int("steps", 1, 1_000_000, 1, "How many batches to learn from. The fewer pictures, the fewer steps."),
        _int("batch", 1, 64, 1, "Pairs of pictures in each step: larger is smoother and takes more memory."),
        _float("style_weight", 0, 1000, 0.5, "More: closer to the style. Less: closer to the content."),
        _float("learning_rate", 1e-6, 1, 1e-6, "How far each step goes. Lower it when the losses jump or rise."),
        _int("crop", 64, 1024, 8, "Side in pixels of the squares to learn from, cut from pictures of twice this size."),
        _int("seed", 0, 2**32 - 1, 1, "Decides which pictures and squares make each step."),
        _folder("content"),
        _folder("style"),
        _images("content", "Photographs like those that will be stylised"),
        _images("style", "Pictures like those whose styles will be used"),
        AdaINEncoder.Input(
            "loss_encoder",
            optional=True,
            tooltip="The network that judges the results: for better pictures vgg19-normalised, from another Load "
            "AdaIN Encoder. Without one the encoder judges its own decoder. For VGG-19 that is the paper's way; for "
            "lite it needs no download, but lite sees less of a style than VGG-19 does.",
        ),
    ]


def _int(name: str, least: int, most: int, step: int, tooltip: str) -> io.Int.Input:
    options: dict[str, Any] = {"control_after_generate": False} if name == "seed" else {}  # a new one trains anew
    return io.Int.Input(name, default=DEFAULTS[name], min=least, max=most, step=step, tooltip=tooltip, **options)


def _float(name: str, least: float, most: float, step: float, tooltip: str) -> io.Float.Input:
    return io.Float.Input(name, default=DEFAULTS[name], min=least, max=most, step=step, tooltip=tooltip)


def _folder(kind: str) -> io.String.Input:
    return io.String.Input(
        f"{kind}_folder",
        default="",
        tooltip=f"A folder of {kind} pictures, with the folders in it: a full path, or one below the input folder. "
        "May be empty when pictures are connected.",
    )


def _images(kind: str, wanted: str) -> io.Image.Input:
    return io.Image.Input(
        f"{kind}_images", optional=True, tooltip=f"{wanted}: one or a batch, in addition to the folder if there is one."
    )
