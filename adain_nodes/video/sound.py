"""What runs beside the pictures: sound and subtitles, as they are where the container takes them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

SOUND = {"webm": ("libopus", 48_000)}
"""How sound is encoded anew, by container; elsewhere as AAC, at the rate that it has."""

LAYOUTS = {1: "mono", 2: "stereo"}
"""What so many channels are, where a file does not say."""


class Track(Protocol):
    """A stream of the result that is fed with the packets of one of the clip."""

    def write(self, packet: Any) -> None:
        """Take the next packet of the clip's stream."""

    def close(self) -> None:
        """Write what is still held back."""


class Copied:
    """A stream whose packets stay as they are."""

    def __init__(self, target: Any, stream: Any) -> None:
        self._target = target
        self._stream = target.add_stream_from_template(stream)

    def write(self, packet: Any) -> None:
        """Take the next packet of the clip's stream."""
        packet.stream = self._stream
        self._target.mux(packet)

    def close(self) -> None:
        """Nothing is held back."""


class Recoded:
    """Sound in a codec that the container takes."""

    def __init__(self, target: Any, stream: Any) -> None:
        codec, rate = SOUND.get(target.format.name, ("aac", stream.codec_context.sample_rate))
        layout = LAYOUTS.get(stream.codec_context.layout.nb_channels, stream.codec_context.layout.name)
        self._target = target
        self._stream = target.add_stream(codec, rate=rate, layout=layout)

    def write(self, packet: Any) -> None:
        """Take the next packet of the clip's stream."""
        for frame in packet.decode():
            self._target.mux(self._stream.encode(frame))

    def close(self) -> None:
        """Write what the encoder still holds back."""
        self._target.mux(self._stream.encode(None))


def open_tracks(target: Any, streams: Iterable[Any]) -> tuple[dict[int, Track], list[str]]:
    """A track of the container ``target`` for each stream of a clip, by its index there, and what was changed.

    Streams are copied where the container has a place for their codec. Other sound is encoded anew, other subtitles
    are left out.
    """
    tracks: dict[int, Track] = {}
    notes: list[str] = []
    for stream in streams:
        codec = stream.codec_context.codec.canonical_name if stream.codec_context else "unknown"
        if codec in target.supported_codecs:
            tracks[stream.index] = Copied(target, stream)
        elif stream.type == "audio" and stream.codec_context:
            tracks[stream.index] = Recoded(target, stream)
            notes.append(f"its sound was encoded anew: {target.format.name} has no place for {codec}")
        else:
            notes.append(f"left out its {stream.type} in {codec}, for which {target.format.name} has no place")
    return tracks, notes
