"""Networks to time and to weigh where their weights are not on this machine: random ones do the same work."""

from __future__ import annotations

from adain_nodes.baselines.transform import style_swap_transfer
from adain_nodes.core.errors import MissingWeightsError
from adain_nodes.evaluation.methods import SWAP, Method, feature_method, load_method, pipeline_method
from adain_nodes.models.vgg import VGGDecoder, VGGEncoder
from adain_nodes.pipeline import StyleTransfer

RANDOM = "random weights (the real ones are not on this machine): equally fast"


def load_or_imitate(model: str, *, device: str, dtype: str = "auto") -> tuple[Method, str]:
    """The model and no note; where the weights of "vgg19" are not on this machine, random ones and ``RANDOM``.

    So for "swap", which has the same weights.
    """
    if model in ("vgg19", SWAP):
        transfer, note = vgg_or_imitation(device=device, dtype=dtype)
        method = pipeline_method(transfer) if model == "vgg19" else feature_method(style_swap_transfer(transfer))
        return method, note
    return load_method(model, device=device, dtype=dtype), ""


def vgg_or_imitation(*, device: str, dtype: str) -> tuple[StyleTransfer, str]:
    """The pipeline of "vgg19" and no note, or one with random weights and ``RANDOM``."""
    try:
        return StyleTransfer.from_pretrained("vgg19", device=device, dtype=dtype), ""
    except MissingWeightsError:
        encoder = VGGEncoder()
        decoder = VGGDecoder(encoder=encoder.fingerprint())
        return StyleTransfer(encoder, decoder, device=device, dtype=dtype), RANDOM
