"""Fine-tuning a decoder in one call, for scripts, the graph node and the web page."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from torch import Tensor

from adain_nodes.checkpoints.networks import load_encoder
from adain_nodes.imaging import find_images
from adain_nodes.models.base import Decoder, Encoder
from adain_nodes.models.vgg import STYLE_LEVELS
from adain_nodes.training.config import TrainingConfig
from adain_nodes.training.data import Source
from adain_nodes.training.loop import Outcome, Progress, train
from adain_nodes.training.objective import at_style_levels
from adain_nodes.training.report import Report

LOSS_NETWORK = "vgg19-normalised"

CACHE_BYTES = 2**30
"""Pictures of folders are kept in memory up to about this size; of larger folders they are read again and again."""


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
    folder: Path | None = None,
    device: str = "auto",
    progress: Callable[[Progress], None] = lambda _: None,
    preview: Callable[[Report], None] = lambda _: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Outcome[Decoder]:
    """Train a copy of ``decoder`` with the paper's objective on a few pictures.

    Contents and styles are pictures, folders, or tensors B×3×H×W in [0, 1]. They are brought to twice the ``crop``,
    in pixels, as in the paper. Adam's rate is a tenth of the paper's: that one suits random weights, and its first
    steps throw a trained decoder far back. The loss network is the normalised VGG-19 of the catalogue unless another
    is given; of a VGG-19 all of the paper's levels are compared, whichever it was loaded with. After each tenth of the
    steps ``preview`` gets a sheet of samples and the curve.

    With a ``folder`` the run is kept there, and goes on where it was stopped when it is called again with the same
    settings, or with more steps; without one no files are left. For every other setting there is ``train``. Raises
    its errors, and MissingWeightsError where the loss network is not on this machine.

    A decoder for one's own paintings::

        encoder, decoder = load_networks("vgg19")
        tuned = finetune_decoder(["photos"], ["paintings"], encoder=encoder, decoder=decoder, style_weight=20)
        save_networks("mine.safetensors", decoder=tuned.decoder)
    """
    judge = load_encoder(LOSS_NETWORK, STYLE_LEVELS) if loss_network is None else at_style_levels(loss_network)
    cache, tenth = _fit_into_memory([*contents, *styles], 2 * crop), max(1, steps // 10)
    config = TrainingConfig(steps=steps, batch=batch, style_weight=style_weight, learning_rate=learning_rate, seed=seed)
    config = replace(config, size=2 * crop, crop=crop, cache=cache, checkpoint_every=tenth, sample_every=tenth)
    run = partial(train, config, contents, styles, encoder=encoder, decoder=decoder, loss_network=judge)
    run = partial(run, device=device, progress=progress, preview=preview, cancelled=cancelled)
    if folder is not None:
        return run(folder=folder, resume=True)
    with TemporaryDirectory(prefix="adain-") as temporary:
        return run(folder=Path(temporary))


DEFAULTS = {name: each.default for name, each in inspect.signature(finetune_decoder).parameters.items()}
"""Of the settings of ``finetune_decoder``, for the shells around it."""


def _fit_into_memory(sources: Sequence[Source], short_side: int) -> bool:
    """Whether the files among the sources may be kept, if they were square."""
    places = [source[0] if isinstance(source, tuple) else source for source in sources]
    files = find_images([place for place in places if not isinstance(place, Tensor)], recursive=True)
    return len(files) * 3 * short_side**2 <= CACHE_BYTES
