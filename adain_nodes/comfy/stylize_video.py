"""AdaIN_StylizeVideo."""

from __future__ import annotations

import logging
from typing import Any

import torch
from comfy_api.latest import InputImpl, Types, io  # pyright: ignore[reportMissingImports]
from torch import Tensor

from adain_nodes.comfy import host, networks
from adain_nodes.comfy.schema import alpha_input, model_input, node, preserve_color_input, style_size_input
from adain_nodes.comfy.tensors import from_image, samples
from adain_nodes.core.sizing import size_of
from adain_nodes.tiling import Progress
from adain_nodes.video import SMOOTH, FrameStyler, stylize_clip

log = logging.getLogger("adain_nodes")


class StylizeVideo(io.ComfyNode):
    """From a clip to a stylised clip that does not flicker."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        """A video and a picture, and what the pipeline lets one choose."""
        return node(
            "StylizeVideo",
            display_name="Stylize Video (AdaIN)",
            description="Give a video the style of a picture, without flicker and with its sound and frame rate. "
            "Files of any length pass through frame by frame.",
            search_aliases=["video style transfer", "temporal", "flicker", "AdaIN"],
            inputs=[
                io.Video.Input("video", tooltip="The video to stylise."),
                io.Image.Input("style_image", tooltip="The style: one picture, or several, which are blended."),
                alpha_input(),
                preserve_color_input(),
                style_size_input("style_size"),
                io.Float.Input(
                    "smooth",
                    default=SMOOTH,
                    min=0.0,
                    max=10.0,
                    step=0.1,
                    tooltip="Over how many seconds what stands still is averaged before it is stylised, which stops "
                    "the flicker. 0 stylises each frame by itself.",
                ),
                model_input(),
            ],
            outputs=[io.Video.Output(display_name="video", tooltip="The stylised video, with the sound it had.")],
        )

    @classmethod
    def fingerprint_inputs(cls, model: str, **inputs: object) -> list[str | int]:
        """Another one when a weight file was replaced."""
        return networks.stamps(model)

    @classmethod
    def execute(cls, video: Any, style_image: Tensor, model: str, **settings: Any) -> io.NodeOutput:
        """A file becomes a file in the host's folder for them, frames in memory become frames in memory."""
        looks = from_image(style_image)
        style = [samples(looks, slice(i, i + 1), len(looks)) for i in range(len(looks))]
        transfer = networks.load_model(model)
        if isinstance(video, InputImpl.VideoFromFile):
            target = host.new_clip()
            source = video.get_stream_source()
            film = stylize_clip(transfer, source, target, style, progress=host.progress_of_one(), **settings)
            for note in film.notes:
                log.warning("video: %s", note)
            return io.NodeOutput(InputImpl.VideoFromFile(str(target)))
        components = video.get_components()
        images = _frames(FrameStyler(transfer, style, **settings), components.images, float(components.frame_rate))
        return io.NodeOutput(
            InputImpl.VideoFromComponents(
                Types.VideoComponents(images=images, audio=components.audio, frame_rate=components.frame_rate)
            )
        )


def _frames(styler: FrameStyler, images: Tensor, rate: float) -> Tensor:
    """The IMAGE of a video's frames, stylised one after the other."""
    rgb = from_image(images)

    def stylize(part: slice, progress: Progress) -> Tensor:
        numbers = range(part.start, part.stop)
        return torch.cat([styler(samples(rgb, slice(n, n + 1), len(rgb)), n / rate, progress) for n in numbers])

    return host.stream_images(stylize, len(rgb), size_of(rgb))
