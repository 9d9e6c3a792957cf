"""Clips of known pictures and a known sound, and what is in the clips that are made of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from adain_nodes.pipeline import StyleTransfer

SOUND_RATE = 44_100
TIME_BASE = Fraction(1, 12_800)


def scene(number: int, height: int, width: int) -> np.ndarray:
    """A picture that tells its number by its light, and which side is up: the top left quarter is red."""
    pixels = np.full((height, width, 3), 40 + 12 * (number % 16), np.uint8)
    pixels[: height // 2, : width // 2] = (220, 20, 20)
    return pixels


def sine(seconds: float) -> np.ndarray:
    """A tone of 440 Hz, 1×samples."""
    return 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * SOUND_RATE)) / SOUND_RATE, dtype=np.float32)[None]


@dataclass
class Facts:
    """What a player finds in a file; ``sound`` is what a decoder makes of it, ``packets`` what it is stored as."""

    size: tuple[int, int]
    pixel_format: str
    codec: str
    rate: Fraction
    rotation: int
    duration: float
    times: list[float]
    pictures: list[np.ndarray]
    streams: list[str]
    sound: np.ndarray
    packets: list[bytes]


def look(path: Path) -> Facts:
    """Everything that the tests ask for."""
    with av.open(str(path)) as file:
        stream = file.streams.video[0]
        frames = list(file.decode(stream))
        streams = [f"{each.type} {each.codec_context.codec.canonical_name}" for each in file.streams]
        duration = float(file.duration / av.time_base)
        facts = [(stream.width, stream.height), stream.pix_fmt, stream.codec_context.codec.canonical_name]
        rate = Fraction(stream.average_rate)
    sound, packets = [], []
    with av.open(str(path)) as file:
        for packet in file.demux(file.streams.audio) if file.streams.audio else ():
            packets.append(bytes(packet))
            sound += [frame.to_ndarray() for frame in packet.decode()]
    return Facts(
        *facts,
        rate=rate,
        rotation=frames[0].rotation,
        duration=duration,
        times=[frame.time for frame in frames],
        pictures=[frame.to_ndarray(format="rgb24") for frame in frames],
        streams=streams,
        sound=np.concatenate(sound, 1) if sound else np.empty((1, 0)),
        packets=[packet for packet in packets if packet],
    )


Make = Callable[..., Path]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """A function that writes a clip of ``pictures``, or of so many scenes, with a tone if there is an audio codec."""

    def make(
        name: str = "clip.mp4",
        pictures: int | list[np.ndarray] = 6,
        *,
        size: tuple[int, int] = (64, 48),
        rate: Fraction | int = 25,
        times: list[float] | None = None,
        codec: str = "libx264",
        pix_fmt: str = "yuv420p",
        rotation: int = 0,
        sound: str = "aac",
        start: float = 0,
        options: dict[str, str] | None = None,
    ) -> Path:
        if isinstance(pictures, int):
            pictures = [scene(number, size[1], size[0]) for number in range(pictures)]
        times = times or [float(number / rate) for number in range(len(pictures))]
        path = tmp_path / name
        with av.open(str(path), "w") as file:
            stream = file.add_stream(codec, rate=rate, options={"crf": "4", "bf": "2"} if options is None else options)
            stream.height, stream.width = pictures[0].shape[:2]
            stream.pix_fmt = pix_fmt
            stream.codec_context.time_base = TIME_BASE
            if rotation:
                stream.set_display_rotation(rotation)
            tone = file.add_stream(sound, rate=SOUND_RATE, layout="mono") if sound else None
            for time, picture in zip(times, pictures, strict=True):
                frame = av.VideoFrame.from_ndarray(picture, "rgb24")
                frame.pts, frame.time_base = round((time + start) / TIME_BASE), TIME_BASE
                frame.duration = round(1 / rate / TIME_BASE)
                file.mux(stream.encode(frame))
            file.mux(stream.encode(None))
            if tone is not None:
                frame = av.AudioFrame.from_ndarray(sine(times[-1] + 1 / rate), "fltp", "mono")
                frame.sample_rate, frame.time_base = SOUND_RATE, Fraction(1, SOUND_RATE)
                frame.pts = round(start * SOUND_RATE)
                file.mux(tone.encode(frame))
                file.mux(tone.encode(None))
        return path

    return make


@pytest.fixture(scope="session")
def transfer() -> StyleTransfer:
    """The embedded model in float32."""
    return StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32")


@pytest.fixture(scope="session")
def probe() -> Callable[[Path], Facts]:
    """What is in a clip."""
    return look
