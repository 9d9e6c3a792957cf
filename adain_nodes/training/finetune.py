"""Fine-tuning a decoder in one call, for scripts, the graph node and the web page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image

from adain_nodes.checkpoints.networks import load_encoder
from adain_nodes.models.base import Decoder, Encoder
from adain_nodes.models.vgg import STYLE_LEVELS
from adain_nodes.training.config import TrainingConfig
from adain_nodes.training.data import Source
from adain_nodes.training.loop import Outcome, Progress, train

LOSS_NETWORK = "vgg19-normalised"


def finetune_decoder(
    contents: Sequence[Source],
    styles: Sequence[Source],
    *,
    encoder: Encoder,
    decoder: Decoder,
    loss_network: Encoder | None = None,
    steps: int = 500,
    batch: int = 4,
    style_weight: float = TrainingConfig.style_weight,
    learning_rate: float = 1e-5,
    crop: int = TrainingConfig.crop,
    seed: int = 0,
    device: str = "auto",
    progress: Callable[[Progress], None] = lambda _: None,
    preview: Callable[[int, Image.Image], None] = lambda step, sheet: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Train a copy of ``decoder`` with the paper's objective on a few pictures, and keep no files of it.

    Contents and styles are pictures, folders, or tensors B×3×H×W in [0, 1]. They are brought to twice the ``crop``,
    in pixels, as in the paper. Adam's rate is a tenth of the paper's: that one suits random weights, and its first
    steps throw a trained decoder far back. The loss network is the normalised VGG-19 of the catalogue unless another
    is given. ``preview`` gets a sheet of samples after each tenth of the steps. For long runs, and for every other
    setting, there is ``train``, which can be stopped and continued. Raises its errors, and MissingWeightsError where
    the loss network is not on this machine.

    A decoder for one's own paintings::

        encoder, decoder = load_networks("vgg19")
        tuned = finetune_decoder(["photos"], ["paintings"], encoder=encoder, decoder=decoder, style_weight=20)
        save_networks("mine.safetensors", decoder=tuned.decoder)
    """
    config = TrainingConfig(
        steps=steps,
        batch=batch,
        style_weight=style_weight,
        learning_rate=learning_rate,
        size=2 * crop,
        crop=crop,
        seed=seed,
        cache=True,
        sample_every=max(1, steps // 10),
    )
    judge = loss_network or load_encoder(LOSS_NETWORK, STYLE_LEVELS)
    run = partial(train, config, contents, styles, encoder=encoder, decoder=decoder, loss_network=judge)
    with TemporaryDirectory(prefix="adain-") as folder:
        return run(folder=Path(folder), device=device, progress=progress, preview=preview, cancelled=cancelled)
