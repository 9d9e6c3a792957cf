"""Clips as they are read: one upright frame after the other, and the packets of the sound between them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np

from adain_nodes.core.errors import InvalidValueError, VideoError
from adain_nodes.core.sizing import Size
from adain_nodes.imaging import MAX_PIXELS
from adain_nodes.imaging.tensors import scaled_size
from adain_nodes.video.library import fraction, library

Source: TypeAlias = "str | os.PathLike[str] | BinaryIO"
"""A clip: the path of its file, or the file opened for reading."""

HD = 720
"""Rows from which a picture that does not say so is taken to have the colours of BT.709, as players do."""

UNSPECIFIED, HDR = 2, (16, 18)
"""FFmpeg's numbers of what a stream does not say, and of the transfer curves PQ and HLG."""


@dataclass(frozen=True, eq=False)
class Frame:
    """A picture H×W×3 uint8, upright, that is shown at ``start`` for ``length``, in units of the clip's time base.

    ``time`` is the start in seconds, ``share`` how much of the clip is over after it.
    """

    pixels: np.ndarray
    start: int
    length: int
    time: float
    share: float


class Clip:
    """A clip that is open for reading, once, from its beginning: iterate for its frames and its other packets.

    ``size`` brings the short side of the frames to so many pixels (the long side to an even number), 0 keeps theirs.
    ``format``, a name of FFmpeg's such as "mov", is the only one to be tried; without it, all are. ``max_seconds`` is
    how long it may be: where that is not known beforehand, the first frame beyond ends the reading.

    ``shape`` is the height and width of the frames, ``rotation`` by how many degrees counter-clockwise they are turned
    to be upright, ``aspect`` the width of a pixel by its height as it is stored, ``rate`` the mean of frames a second,
    ``duration`` in seconds, 0 where nobody knows it. ``tracks`` are the streams whose packets come between the frames:
    sound and subtitles. ``notes`` says, once all is read, what was not as it should be. Raises VideoError for what is
    no clip with pictures or too long, and InvalidValueError for a size below 0.
    """

    def __init__(
        self,
        source: Source,
        *,
        size: int = 0,
        max_pixels: int = MAX_PIXELS,
        max_seconds: float = inf,
        format: str | None = None,
    ) -> None:
        if size < 0:
            raise InvalidValueError(f"A short side of {size} px is not possible.", "Give 1 or more, or 0 to keep it.")
        self._av = library()
        self.name = str(getattr(source, "name", "the clip") if hasattr(source, "read") else source)
        self._max_pixels, self._max_seconds = max_pixels, max_seconds
        self._container = self._open(source, format)
        try:
            self._begin(size)
        except BaseException:
            self._container.close()
            raise

    def __enter__(self) -> Clip:
        return self

    def __exit__(self, *error: object) -> None:
        self._container.close()

    def __iter__(self) -> Iterator[Frame | Any]:
        while self._head:
            yield from self._placed(self._head.pop(0))
        for item in self._items:
            yield from self._placed(item)

    @property
    def notes(self) -> tuple[str, ...]:
        """In sentences, what is not in the frames as it was in the file."""
        found = [text.format(count) for text, count in self._counted.items() if count]
        return (*self._said, *found)

    def _open(self, source: Source, format: str | None) -> Any:
        if isinstance(source, str | os.PathLike):
            if not Path(source).is_file():
                raise VideoError(f"{source} is not there, or no file.", "Name the file of a clip.", path=source)
            source = f"file:{os.fspath(source)}"  # what stands before a colon would be a protocol
        try:
            return self._av.open(source, format=format)
        except (self._av.FFmpegError, OSError) as error:
            raise VideoError(
                f"{self.name} is no clip that can be read: {error.strerror}.",
                "Check that it plays; copy or download it again if it does not.",
                name=self.name,
            ) from error

    def _begin(self, size: int) -> None:
        """Everything that is known before the first frame is asked for, which takes the decoding of one."""
        container, cover = self._container, self._av.stream.Disposition.attached_pic
        pictures = [stream for stream in container.streams.video if not stream.disposition & cover]
        if not pictures:
            raise VideoError(f"{self.name} has no moving pictures.", "Choose a clip that has.", name=self.name)
        self._stream = stream = pictures[0]
        self._check_pixels(stream.width, stream.height)
        stream.thread_type = "AUTO"
        self.tracks: tuple[Any, ...] = (*container.streams.audio, *container.streams.subtitles)
        self.time_base = fraction(stream.time_base) or Fraction(1, 90_000)
        self.rate = fraction(stream.average_rate) or fraction(stream.guessed_rate) or Fraction(25)
        self.aspect = fraction(stream.sample_aspect_ratio) or Fraction(1)
        self.metadata: dict[str, str] = dict(container.metadata)
        self.duration = (container.duration or 0) / self._av.time_base
        self._check_seconds(self.duration)
        self._end = float((stream.duration or 0) * self.time_base) or self.duration
        self._origin = Fraction(container.start_time or 0, self._av.time_base)
        self._said: list[str] = []
        self._counted = dict.fromkeys((BROKEN, DAMAGED, DISORDERED, RESIZED), 0)
        self._last: int | None = None
        self._stamps: dict[str, tuple[int, int]] = {}
        self._position = 0
        self._items = self._decoded()
        self._head: list[Any] = []
        while not (self._head and isinstance(self._head[-1], self._av.VideoFrame)):
            if (item := next(self._items, None)) is None:
                raise VideoError(f"No picture of {self.name} can be decoded.", "Copy or download it again.")
            self._head.append(item)
        self._settle(self._head[-1], size)
        if left := len(container.streams) - 1 - len(self.tracks):
            self._said.append(f"left out {left} of its streams, which are neither sound nor subtitles")

    def _settle(self, first: Any, size: int) -> None:
        """What the first frame decides: how large, which way up and in which colours all of them are."""
        self._stored: Size = first.height, first.width
        height, width = self._stored
        if size:
            height, width = (each if each == size else (each + 1) // 2 * 2 for each in scaled_size(height, width, size))
        self._check_pixels(width, height)
        self._size: Size = height, width
        self.rotation = round(first.rotation / 90) * 90 % 360
        self.shape: Size = (width, height) if self.rotation in (90, 270) else (height, width)
        if self._stream.codec_context.color_trc in HDR:
            self._said.append("its high dynamic range was taken as it is; colours may look pale")

    def _decoded(self) -> Iterator[Any]:
        """Frames as they are decoded, and packets of the tracks, in the order of the file."""
        try:
            for packet in self._container.demux(self._stream, *self.tracks):
                if packet.stream is not self._stream and packet.stream.index != self._stream.index:
                    if packet.dts is not None:  # or it only says that the stream is over
                        yield packet
                    continue
                self._position = max(self._position, packet.pos or 0)
                try:
                    frames = packet.decode()
                except self._av.FFmpegError:
                    self._counted[BROKEN] += 1
                    continue
                yield from frames
        except self._av.FFmpegError as error:
            self._said.append(f"it breaks off before its end: {error.strerror}")

    def _placed(self, item: Any) -> Iterator[Frame | Any]:
        """A frame as it is handed on, if its time has come; or a packet, with its time from the clip's beginning."""
        if not isinstance(item, self._av.VideoFrame):
            shift = round(self._origin / (fraction(item.time_base) or 1))
            item.dts, item.pts = item.dts - shift, None if item.pts is None else item.pts - shift
            yield item
            return
        length = item.duration or round(1 / (self.rate * self.time_base))
        stamp = self._stamp(item)
        expected = 0 if self._last is None else self._last + length
        start = expected if stamp is None else stamp - round(self._origin / self.time_base)
        if self._last is not None and start <= self._last:
            self._counted[DISORDERED] += 1
            return
        self._last = start
        self._counted[DAMAGED] += bool(item.is_corrupt)
        time = float(start * self.time_base)
        self._check_seconds(time)
        yield Frame(self._pixels(item), start, length, time, self._share(time + float(length * self.time_base)))

    def _stamp(self, frame: Any) -> int | None:
        """When a frame is shown, or when it was decoded where those times have been in order more often.

        That is FFmpeg's own rule (libavcodec/decode.c, ``guess_correct_pts``), for containers that know no other.
        """
        for kind, time in (("pts", frame.pts), ("dts", frame.dts)):
            if time is not None:
                faults, latest = self._stamps.get(kind, (0, time - 1))
                self._stamps[kind] = faults + (time <= latest), time
        shown, decoded = (self._stamps.get(kind, (0, 0))[0] for kind in ("pts", "dts"))
        return frame.pts if shown <= decoded else frame.dts

    def _pixels(self, frame: Any) -> np.ndarray:
        self._check_pixels(frame.width, frame.height)
        self._counted[RESIZED] += (frame.height, frame.width) != self._stored
        unsaid = frame.colorspace == UNSPECIFIED
        height, width = self._size
        rgb = frame.reformat(
            width,
            height,
            "rgb24",
            src_colorspace=("ITU709" if frame.height >= HD else "ITU601") if unsaid else None,
            interpolation="LANCZOS",
        )
        return np.ascontiguousarray(np.rot90(rgb.to_ndarray(), self.rotation // 90))

    def _share(self, time: float) -> float:
        if self._end:
            return min(1.0, time / self._end)
        return min(1.0, self._position / self._container.size) if self._container.size else 0.0

    def _check_seconds(self, seconds: float) -> None:
        if seconds > self._max_seconds:
            raise VideoError(
                f"{self.name} is longer than {self._max_seconds / 60:g} minutes.",
                "Shorten it; `adain video` takes clips of any length.",
                name=self.name,
            )

    def _check_pixels(self, width: int, height: int) -> None:
        if width * height > self._max_pixels:
            raise VideoError(
                f"The frames of {self.name} have {width}×{height} px, above the limit of "
                f"{self._max_pixels / 1e6:g} megapixels.",
                "Choose a smaller size, or raise the pixel limit.",
                name=self.name,
            )


BROKEN = "{} of its frames could not be decoded: the ones before them are shown for longer"
DAMAGED = "{} of its frames are damaged and were taken as far as they could be decoded"
DISORDERED = "{} of its frames were left out, because they would be shown before the ones that they follow"
RESIZED = "{} of its frames have another size and were brought to that of the first"
