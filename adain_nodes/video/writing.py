"""Clips as they are written: with the time stamps, size, orientation and sound of the one that they are made of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from adain_nodes.core.errors import InvalidValueError, OutputError
from adain_nodes.video.library import library
from adain_nodes.video.reading import Clip, Frame
from adain_nodes.video.sound import open_tracks

CONTAINERS = {".mp4": "mp4", ".m4v": "mp4", ".mov": "mov", ".mkv": "matroska", ".webm": "webm"}
"""What can be written, by the ending of the file's name."""

CODECS = {"webm": ("libvpx-vp9", {"crf": "24", "b": "0", "deadline": "good", "cpu-used": "4", "row-mt": "1"})}
"""Codec and its options, by container; ``H264`` elsewhere."""

H264 = ("libx264", {"crf": "18"})

BT709, LIMITED = 1, 1
"""FFmpeg's numbers of the colours, and of the range of their samples, that results have."""


def container_of(path: Path) -> str:
    """FFmpeg's name of the container that a file's name asks for; InvalidValueError for one that is not written."""
    if path.suffix.lower() not in CONTAINERS:
        raise InvalidValueError(
            f"{path.name} is not the name of a clip that can be written.",
            f"End it in {', '.join(CONTAINERS)}.",
            path=path,
        )
    return CONTAINERS[path.suffix.lower()]


class ClipWriter:
    """A clip that is being written to ``path``, in a container of FFmpeg's, like the ``clip`` that it is made of.

    Frames keep their time stamps. Their size is kept in any case: H.264 stores odd ones without subsampling colours.
    Those that were turned to be upright are stored as they were and marked to be turned by the player, or stay
    upright where the mark cannot be written. ``notes`` says what could not be kept.
    """

    def __init__(self, path: Path, container: str, clip: Clip) -> None:
        self._av = library()
        self.notes: list[str] = []
        options = {"movflags": "faststart"} if container in ("mp4", "mov") else {}
        self._target = self._av.open(str(path), "w", format=container, options=options)
        self._target.metadata.update(clip.metadata)
        codec, settings = CODECS.get(container, H264)
        self._stream = stream = self._target.add_stream(codec, rate=clip.rate, options=settings)
        self._turns = 0
        if clip.rotation and hasattr(stream, "set_display_rotation"):
            stream.set_display_rotation(clip.rotation)
            self._turns = -clip.rotation // 90
        elif clip.rotation:
            self.notes.append("its frames were turned upright, instead of being marked to be turned")
        height, width = clip.shape if self._turns % 2 == 0 else clip.shape[::-1]
        odd = bool(height % 2 or width % 2)
        stream.height, stream.width = height, width
        stream.pix_fmt = "yuv444p" if odd and codec == H264[0] else "yuv420p"
        if odd and codec == H264[0]:
            self.notes.append(
                f"{width}×{height} px, which is odd, was stored as H.264 4:4:4; not every player shows that"
            )
        context = stream.codec_context
        context.time_base = self._time_base = clip.time_base
        context.sample_aspect_ratio = clip.aspect
        context.colorspace = context.color_primaries = context.color_trc = BT709
        context.color_range = LIMITED
        self._tracks, said = open_tracks(self._target, clip.tracks)
        self.notes += said

    def __enter__(self) -> ClipWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        with self._explained() if kind is None else suppress(self._av.FFmpegError):
            if kind is None:
                self._finish()
            self._target.close()

    def write(self, item: Frame | Any) -> None:
        """Take the next frame, or the next packet of one of the clip's tracks.

        Raises OSError where the file cannot take it, and OutputError where the encoder cannot.
        """
        with self._explained():
            if isinstance(item, Frame):
                self._target.mux(self._stream.encode(self._stored(item)))
            elif track := self._tracks.get(item.stream.index):
                track.write(item)

    def _stored(self, item: Frame) -> Any:
        """A frame as the encoder takes it."""
        pixels = np.ascontiguousarray(np.rot90(item.pixels, self._turns))
        frame = self._av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(
            format=self._stream.pix_fmt, dst_colorspace="ITU709", src_color_range="JPEG", dst_color_range="MPEG"
        )
        frame.pts, frame.duration, frame.time_base = item.start, item.length, self._time_base
        return frame

    def _finish(self) -> None:
        """What is still held back."""
        self._target.mux(self._stream.encode(None))
        for track in self._tracks.values():
            track.close()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except self._av.FFmpegError as error:
            if isinstance(error, OSError):
                raise
            raise OutputError(
                f"The clip cannot be encoded: {error.strerror}.", "Choose another size or another container."
            ) from error
