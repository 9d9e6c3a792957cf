"""A training run for processes of their own: ``resumable.py FOLDER CONTENTS STYLES [STEPS …]``."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import torch

from adain_nodes.models.lite import LiteDecoder, LiteEncoder
from adain_nodes.models.vgg import VGGEncoder
from adain_nodes.training.config import TrainingConfig
from adain_nodes.training.loop import Progress, train

CONFIG = TrainingConfig(
    objective="joint",
    batch=4,
    accumulate=2,
    size=40,
    crop=32,
    flip=True,
    clip=5.0,
    average=0.8,
    warmup=3,
    noise_weight=1.0,
    reconstruction_weight=1.0,
    checkpoint_every=4,
    sample_every=7,
)


def main(folder: Path, contents: str, styles: str, *steps: str) -> None:
    """Train, or go on, to each of these numbers of steps in turn, and say after each step which one it was."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    widths = (8, 8, 16)
    encoder, loss_network = LiteEncoder(widths), VGGEncoder(("relu1_1", "relu2_1")).requires_grad_(False)
    decoder = LiteDecoder(widths, encoder.fingerprint())

    def say(now: Progress) -> None:
        print(now.step, flush=True)

    networks = {"encoder": encoder, "decoder": decoder, "loss_network": loss_network}
    for last in steps or ["14"]:
        config = replace(CONFIG, steps=int(last))
        train(config, [contents], [styles], **networks, folder=folder, resume=True, device="cpu", progress=say)


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
