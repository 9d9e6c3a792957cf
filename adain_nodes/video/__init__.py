"""Clips: read, stylised without flicker, and written with the sound and the time stamps that they had."""

from adain_nodes.video.keys import key_frames
from adain_nodes.video.reading import Clip, Frame
from adain_nodes.video.steady import SMOOTH
from adain_nodes.video.stylize import Film, FrameStyler, stylize_clip
from adain_nodes.video.writing import CONTAINERS

__all__ = ["CONTAINERS", "SMOOTH", "Clip", "Film", "Frame", "FrameStyler", "key_frames", "stylize_clip"]
