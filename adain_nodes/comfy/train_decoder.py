"""AdaIN_TrainDecoder."""

from __future__ import annotations

import logging
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
from comfy_api.latest import io  # pyright: ignore[reportMissingImports]
from PIL import Image
from torch import Tensor

from adain_nodes.comfy import host, networks
from adain_nodes.comfy.schema import AdaINDecoder, node
from adain_nodes.comfy.tensors import from_image, samples
from adain_nodes.comfy.training_inputs import training_inputs
from adain_nodes.comfy.types import LoadedDecoder, LoadedEncoder
from adain_nodes.core.errors import InvalidValueError
from adain_nodes.core.files import replace_file
from adain_nodes.imaging import find_images, to_tensor
from adain_nodes.models.base import digest
from adain_nodes.training.data import Source
from adain_nodes.training.finetune import finetune_decoder
from adain_nodes.training.loop import Outcome
from adain_nodes.training.report import Report
from adain_nodes.training.run import CURVE, WEIGHTS, sheet_path

log = logging.getLogger("adain_nodes")

PREVIEW_SIZE = 1024
"""Longest side in pixels of what the node shows while it trains."""


class TrainDecoder(io.ComfyNode):
    """Pictures and a decoder become a decoder that suits these pictures better."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """Networks, pictures, and what decides how the decoder learns from them."""
        return node(
            "TrainDecoder",
            display_name="Train AdaIN Decoder",
            description="Train a copy of a decoder on your own pictures. The result goes to models/adain, the run (its "
            "losses, samples and last state) to output/adain_training. Cancelling keeps what was learnt so far; "
            "queue the same settings again, or more steps, and the run goes on where it stopped.",
            search_aliases=["fine-tune", "style transfer training"],
            is_output_node=True,
            inputs=training_inputs(),
            outputs=[
                AdaINDecoder.Output(display_name="decoder", tooltip="The trained decoder, for Decode."),
                io.Image.Output(display_name="loss_plot", tooltip="The losses of all steps so far."),
                io.Image.Output(
                    display_name="samples",
                    tooltip="Some of the contents in some of the styles: beside the originals, what the decoder makes "
                    "of the content alone (alpha 0) and in each style.",
                ),
            ],
        )

    @classmethod
    def fingerprint_inputs(cls, content_folder: str, style_folder: str, **inputs: object) -> str:
        """Another one when pictures in a folder were added, removed or replaced."""
        return _stamps(content_folder, style_folder)

    @classmethod
    def execute(
        cls,
        encoder: LoadedEncoder,
        decoder: LoadedDecoder,
        name: str,
        steps: int,
        content_folder: str,
        style_folder: str,
        content_images: Tensor | None = None,
        style_images: Tensor | None = None,
        loss_encoder: LoadedEncoder | None = None,
        **settings: Any,
    ) -> io.NodeOutput:
        """Train on the host's device, keep the decoder, and only then let a cancelled prompt end."""
        contents = _sources("content", content_images, content_folder)
        styles = _sources("style", style_images, style_folder)
        judge = loss_encoder or encoder
        made_of = (encoder.fingerprint, digest(decoder.network), judge.fingerprint, judge.network.levels)
        pictures = (content_images, style_images, _stamps(content_folder, style_folder))
        key = _key(made_of, sorted(settings.items()), *pictures)
        folder = host.run_folder(name, key)
        watch, reports = host.Watch(steps), list[Report]()

        def show(report: Report) -> None:
            reports[:] = [report]
            watch.show(report.step, _preview(report))

        host.make_room()
        outcome = finetune_decoder(
            contents,
            styles,
            encoder=encoder.network,
            decoder=decoder.network,
            loss_network=judge.network,
            steps=steps,
            folder=folder,
            device=str(host.backend().device),
            progress=lambda now: watch.show(now.step),
            preview=show,
            cancelled=lambda: watch.cancelled,
            **settings,
        )
        file = _keep((folder / WEIGHTS).read_bytes(), name)
        said = _said(outcome, file)
        log.info(said)
        watch.finish()
        (report,) = reports
        shown = [host.shown_image(path) for path in (sheet_path(folder, report.step), folder / CURVE)]
        trained = networks.load_decoder(networks.Stamp.of(file), encoder)
        return io.NodeOutput(trained, _image(report.curve), _image(report.sheet), ui={"text": [said], "images": shown})


def _sources(kind: str, images: Tensor | None, folder: str) -> list[Source]:
    """The pictures of a kind, from the graph and from the folder. Raises InvalidValueError where both are missing."""
    sources: list[Source] = [] if images is None else [samples(from_image(images), slice(None), len(images))]
    if folder.strip():
        sources.append(host.input_path(folder))
    if not sources:
        raise InvalidValueError(
            f"There are no {kind} pictures to train with.",
            f"Connect {kind}_images, or write a folder into {kind}_folder.",
        )
    return sources


def _stamps(*folders: str) -> str:
    """A digest of which files each folder holds, and of their sizes and times."""
    found = [find_images([host.input_path(folder)], recursive=True) if folder.strip() else [] for folder in folders]
    return _key(*([networks.Stamp.of(path) for path in paths] for paths in found))


def _key(*parts: object) -> str:
    """A short digest of values and of the samples of tensors."""
    sha = sha256()
    for part in parts:
        sha.update(part.float().cpu().contiguous().numpy().tobytes() if isinstance(part, Tensor) else b"")
        sha.update(str(part.shape if isinstance(part, Tensor) else part).encode())
    return sha.hexdigest()[:12]


def _preview(report: Report) -> Image.Image:
    """The sheet with the curve below it, small enough for the page."""
    sheet, curve = report.sheet, report.curve
    below = curve.resize((sheet.width, round(curve.height * sheet.width / curve.width)))
    both = Image.new("RGB", (sheet.width, sheet.height + below.height))
    both.paste(sheet, (0, 0))
    both.paste(below, (0, sheet.height))
    both.thumbnail((PREVIEW_SIZE, PREVIEW_SIZE))
    return both


def _keep(weights: bytes, name: str) -> Path:
    """Write the decoder to the model folder under a new name, unless the same one is there already."""
    new = host.new_file(name, host.FOLDER, ".safetensors")
    for file in new.parent.glob("*.safetensors"):
        if file.stat().st_size == len(weights) and file.read_bytes() == weights:
            return file
    replace_file(new, weights)
    return new


def _said(outcome: Outcome, file: Path) -> str:
    losses = ", ".join(f"{name} {value:.4g}" for name, value in outcome.losses.items())
    lines = [f"{outcome.step} steps, {outcome.verdict}: {losses}.", f"Saved as {host.model_name(file)}."]
    if outcome.skipped:
        path, reason = next(iter(outcome.skipped.items()))
        lines.append(f"{len(outcome.skipped)} picture(s) could not be read, {path} for one: {reason}")
    return "\n".join(lines)


def _image(picture: Image.Image) -> Tensor:
    """A picture as the host's IMAGE."""
    return host.to_intermediate(to_tensor(np.asarray(picture)).movedim(1, -1))
