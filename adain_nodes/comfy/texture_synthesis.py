"""AdaIN_TextureSynthesis."""

from __future__ import annotations

from typing import Any

from comfy_api.latest import io  # pyright: ignore[reportMissingImports]
from torch import Tensor

from adain_nodes.baselines.optimisation import Schedule
from adain_nodes.baselines.perception import Losses
from adain_nodes.baselines.texture import synthesise, synthesise_by_adain
from adain_nodes.comfy import host, networks
from adain_nodes.comfy import optimisation as shared
from adain_nodes.comfy.schema import AdaINDecoder, AdaINEncoder, node
from adain_nodes.comfy.tensors import from_image, samples
from adain_nodes.comfy.types import LoadedDecoder, LoadedEncoder
from adain_nodes.core.errors import EncoderMismatchError, InvalidValueError
from adain_nodes.core.sizing import Size
from adain_nodes.tiling import Progress

METHODS = ("optimization", "AdaIN")


class TextureSynthesis(io.ComfyNode):
    """A picture becomes another one with the same texture."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """A texture, a size, and how to come to it."""
        return node(
            "TextureSynthesis",
            display_name="Synthesize Texture (AdaIN)",
            description="Make a new picture, of any size, with the texture of another one: by optimising noise (Gatys "
            "et al.), which takes minutes, or by sending noise through AdaIN, which takes a moment. Cancelling keeps "
            "the picture so far in output.",
            search_aliases=["texture", "Gatys", "pattern", "Gram matrix"],
            inputs=[
                io.Image.Input("image", tooltip="The texture: of a batch, the first picture."),
                AdaINEncoder.Input("encoder", tooltip="What sees the texture: best vgg19-normalised."),
                io.Combo.Input(
                    "method",
                    options=list(METHODS),
                    default=METHODS[0],
                    tooltip="By optimization, or by AdaIN, which needs the decoder.",
                ),
                _side("width"),
                _side("height"),
                *shared.schedule_inputs(),
                *shared.loss_inputs(),
                io.Int.Input(
                    "passes",
                    default=3,
                    min=1,
                    max=100,
                    step=1,
                    tooltip="How often noise goes through AdaIN: 3 are enough.",
                ),
                AdaINDecoder.Input("decoder", optional=True, tooltip="The decoder of the encoder, for AdaIN."),
            ],
            outputs=[io.Image.Output(display_name="image", tooltip="The new picture.")],
        )

    @classmethod
    def execute(
        cls,
        image: Tensor,
        encoder: LoadedEncoder,
        method: str,
        width: int,
        height: int,
        passes: int,
        decoder: LoadedDecoder | None = None,
        **settings: Any,
    ) -> io.NodeOutput:
        """One picture."""
        texture, size = samples(from_image(image), slice(1), len(image)), (height, width)
        if method == METHODS[1]:
            made = _by_adain(texture, size, _checked(decoder, encoder), passes, settings["seed"])
        else:
            schedule = Schedule.of(settings)
            onlooker = shared.Onlooker(schedule, 1)
            with shared.optimising(encoder):
                losses = Losses.of(settings)
                texture = shared.placed(texture)
                outcome = synthesise(texture, size, encoder.network, losses, schedule, watch=onlooker.watch)
                made = onlooker.keep(outcome, "texture")
        return io.NodeOutput(host.to_intermediate(made.movedim(1, -1)))


def _side(name: str) -> io.Int.Input:
    return io.Int.Input(name, default=512, min=16, max=8192, step=8, tooltip="Of the new picture in pixels.")


def _checked(decoder: LoadedDecoder | None, encoder: LoadedEncoder) -> LoadedDecoder:
    if decoder is None:
        raise InvalidValueError("Texture through AdaIN needs a decoder.", "Connect one, or choose optimization.")
    if decoder.encoder.fingerprint != encoder.fingerprint:
        raise EncoderMismatchError(
            f"The decoder was loaded for the encoder {decoder.encoder.fingerprint}, not {encoder.fingerprint}.",
            "Connect the encoder that the decoder was loaded with.",
        )
    return decoder


def _by_adain(texture: Tensor, size: Size, decoder: LoadedDecoder, passes: int, seed: int) -> Tensor:
    host.load(decoder.encoder.patcher, decoder.patcher)
    transfer = networks.HostedTransfer(decoder)

    def work(part: slice, progress: Progress) -> Tensor:
        return synthesise_by_adain(texture, size, transfer, passes=passes, seed=seed, progress=progress)

    (made,) = host.stream(work, 1, size)
    return made
