"""Speed: the pipelines of the project beside the plain PyTorch port, on one picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from adain_nodes.backend import choose_backend
from adain_nodes.core.errors import MissingWeightsError
from adain_nodes.evaluation.plain import PlainTransfer
from adain_nodes.evaluation.timing import Progress, median_seconds, silent
from adain_nodes.models.vgg import VGGDecoder, VGGEncoder
from adain_nodes.pipeline import StyleTransfer

PLAIN = "plain vgg19 float32"
RANDOM = "random weights (the real ones are not on this machine): equally fast"


@dataclass(frozen=True)
class SpeedRow:
    """A contender's median time in seconds, and how many times as fast as the plain port it is."""

    name: str
    seconds: float
    ratio: float
    note: str = ""


@dataclass(frozen=True)
class Speed:
    """Times for one picture of ``side``×``side`` px on ``device``, plain port first.

    ``dtype`` is the precision that the device gets by default, ``with_style`` says whether the encoding of a style
    picture of the same size is part of the times.
    """

    side: int
    rounds: int
    device: str
    dtype: str
    with_style: bool
    rows: tuple[SpeedRow, ...]

    def ratio(self, name: str) -> float | None:
        """That of the row ``name``, such as "lite bfloat16"; None when there is no such row."""
        return next((row.ratio for row in self.rows if row.name == name), None)


def measure_speed(
    *,
    side: int = 512,
    rounds: int = 7,
    with_style: bool = False,
    compile: bool = False,
    device: str = "auto",
    progress: Progress = silent,
) -> Speed:
    """Time the plain port, and both models in float32 and in the device's default precision.

    ``compile`` adds the lite model through torch.compile. Raises the errors of ``choose_backend``.
    """
    backend = choose_backend(device)
    default = str(backend.dtype).removeprefix("torch.")
    variants = [(model, dtype, False) for model in ("vgg19", "lite") for dtype in dict.fromkeys(("float32", default))]
    variants += [("lite", default, True)] * compile

    generator = torch.Generator().manual_seed(0)
    content, style = torch.rand(2, 1, 3, side, side, generator=generator).unbind()
    vgg, note = load_or_imitate("vgg19", device=device, dtype="float32")
    plain = PlainTransfer(vgg.encoder, vgg.decoder)  # pyright: ignore[reportArgumentType]
    runs, notes = {PLAIN: _plain_run(plain, content.to(backend.device), style.to(backend.device), with_style)}, [note]
    for model, dtype, compiled in variants:
        transfer, note = load_or_imitate(model, device=device, dtype=dtype, compile=compiled)
        runs[f"{model} {dtype}{' compiled' * compiled}"] = _run(transfer, content, style, with_style)
        notes.append(note)

    seconds = median_seconds(runs, rounds, progress=progress)
    rows = (SpeedRow(name, s, seconds[PLAIN] / s, note) for (name, s), note in zip(seconds.items(), notes, strict=True))
    return Speed(side, rounds, str(backend.device), default, with_style, tuple(rows))


def load_or_imitate(
    model: str, *, device: str, dtype: str = "auto", compile: bool = False
) -> tuple[StyleTransfer, str]:
    """The model and no note; where the weights of "vgg19" are not on this machine, random ones and ``RANDOM``."""
    try:
        return StyleTransfer.from_pretrained(model, device=device, dtype=dtype, compile=compile), ""
    except MissingWeightsError:
        if model != "vgg19":
            raise
        encoder = VGGEncoder()
        decoder = VGGDecoder(encoder=encoder.fingerprint())
        return StyleTransfer(encoder, decoder, device=device, dtype=dtype, compile=compile), RANDOM


def _run(transfer: StyleTransfer, content: Tensor, style: Tensor, with_style: bool) -> Callable[[], object]:
    if with_style:
        return lambda: _wait(transfer.stylize(content, transfer.encode_style(style, size=0)))
    encoded = transfer.encode_style(style, size=0)
    return lambda: _wait(transfer.stylize(content, encoded))


def _plain_run(plain: PlainTransfer, content: Tensor, style: Tensor, with_style: bool) -> Callable[[], object]:
    if with_style:
        return lambda: _wait(plain.stylize(content, plain.encode(style)))
    encoded = plain.encode(style)
    return lambda: _wait(plain.stylize(content, encoded))


def _wait(output: Tensor) -> Tensor:
    """One pixel on the CPU: reading it waits for the device, whichever it is."""
    return output[..., :1, :1].cpu()
