"""The decoder that mirrors an encoder, with random weights: where training from scratch begins."""

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.models.base import Decoder, Encoder
from adain_nodes.models.lite import LiteDecoder, LiteEncoder
from adain_nodes.models.vgg import VGGDecoder, VGGEncoder


def mirror_decoder(encoder: Encoder) -> Decoder:
    """A decoder for ``encoder``, untrained; raises InvalidValueError for a family of which none is known."""
    if isinstance(encoder, LiteEncoder):
        return LiteDecoder(encoder.widths, encoder.fingerprint())
    if isinstance(encoder, VGGEncoder) and len(encoder.levels) == 1:
        return VGGDecoder(encoder.levels[0], encoder.fingerprint())
    raise InvalidValueError(
        f"There is no decoder that mirrors the {encoder.family} encoder at {', '.join(encoder.levels)}.",
        "Take a lite encoder, or a VGG-19 with one level.",
        levels=encoder.levels,
    )
