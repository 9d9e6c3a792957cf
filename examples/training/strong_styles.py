"""Link the styles of the strongest strokes into a folder of their own, so that a training can draw them more often.

    python strong_styles.py --loss-network vgg_normalised.pth --out strong --count 600 paintings textures
    adain train … --style paintings --style textures --style strong:4

Strength is the mean variance of the channels of relu3_1 over the middle of the picture. Most paintings are soft; the
few hard-edged ones are where a network that has seen them too seldom fails.
"""

import argparse
from pathlib import Path

import torch
from rich.progress import track

from adain_nodes.checkpoints.networks import load_encoder
from adain_nodes.core.errors import ImageError
from adain_nodes.imaging import find_images, read_image, resize
from adain_nodes.models.base import Encoder

LEVEL = "relu3_1"
SIDE = 160  # of the square that is looked at, in pixels


def strength(picture: Path, network: Encoder) -> float:
    """How strong the strokes of a picture are. Raises ImageError for what cannot be read."""
    image = resize(read_image(picture).rgb, SIDE)
    top, left = (image.shape[-2] - SIDE) // 2, (image.shape[-1] - SIDE) // 2
    (features,) = network(image[..., top : top + SIDE, left : left + SIDE])
    return float(features.var((2, 3)).mean())


def main() -> None:
    """See the head of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("styles", nargs="+", help="files, folders or globs")
    parser.add_argument("--loss-network", default="vgg19-normalised", help="a VGG-19 of the catalogue or its file")
    parser.add_argument("--out", type=Path, default=Path("strong"), help="the folder for the links")
    parser.add_argument("--count", type=int, default=600)
    options = parser.parse_args()
    network = load_encoder(options.loss_network, (LEVEL,))
    found: list[tuple[float, Path]] = []
    with torch.inference_mode():
        for picture in track(find_images(options.styles, recursive=True)):
            try:
                found.append((strength(picture, network), picture))
            except ImageError as error:
                print(f"skipped: {error}")
    options.out.mkdir(parents=True, exist_ok=True)
    for _, picture in sorted(found, reverse=True)[: options.count]:
        link = options.out / f"{picture.parent.name}_{picture.name}"
        link.unlink(missing_ok=True)
        link.symlink_to(picture.resolve())


if __name__ == "__main__":
    main()
