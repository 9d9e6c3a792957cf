"""Print the figures of the model card that `adain evaluate` has not: what must not be in a picture.

    python lite_bars.py --content eval/content --style eval/style --model lite

Pictures are brought to 256 px (short side) and cut to the middle. Noise: two frames with sensor noise of deviation
0.02, of every photograph in every fourth style. Alternation: the Nyquist lines of the spectrum against those beside
them. Frame: steps between the outermost pixels and their neighbours against all others.
"""

import argparse
from statistics import mean

import torch
from torch import Tensor

from adain_nodes.core.losses import halo_loss
from adain_nodes.evaluation.gallery import Gallery
from adain_nodes.evaluation.methods import load_method

SIDE, NOISE = 256, 0.02


def alternation(grey: Tensor) -> float:
    """Power on the Nyquist lines of a square picture H×H, against that of the lines 2 to 5 below."""
    power, half = torch.fft.fft2(grey - grey.mean()).abs().square(), len(grey) // 2
    lines, beside = (power[at].mean() + power[:, at].mean() for at in (half, slice(half - 6, half - 2)))
    return float(lines / beside)


def frame(grey: Tensor) -> float:
    """Steps at the four edges of a picture H×H, against those 4 pixels and more away from them."""
    across, down = grey.diff(dim=1).abs().mean(0), grey.diff(dim=0).abs().mean(1)
    edges = torch.stack((across[0], across[-1], down[0], down[-1])).mean()
    return float(edges / torch.stack((across[4:-4].mean(), down[4:-4].mean())).mean())


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--content", action="append", required=True)
    parser.add_argument("--style", action="append", required=True)
    parser.add_argument("--model", default="lite")
    arguments = parser.parse_args()
    contents, styles = Gallery.read(arguments.content, SIDE), Gallery.read(arguments.style, SIDE)
    method = load_method(arguments.model, device="cpu", dtype="float32")
    looks = [method.encode_style(style) for style in styles]
    generator = torch.Generator().manual_seed(0)
    found: dict[str, list[float]] = {"noise out / in": [], "alternation": [], "frame": []}
    for number, content in enumerate(contents):
        for look in looks[number % 4 :: 4]:
            frames = [(content + NOISE * torch.randn(content.shape, generator=generator)).clamp(0, 1) for _ in range(2)]
            made = [method.stylize(each, look).clamp(0, 1) for each in frames]
            grey = made[0][0].mean(0)
            noise = (made[0] - made[1]).std() / (frames[0] - frames[1]).std()
            for name, value in zip(found, (float(noise), alternation(grey), frame(grey)), strict=True):
                found[name].append(value)
    found["halo"] = [float(halo_loss(method.stylize(c, look).clamp(0, 1), c)) for c in contents for look in looks]
    found["halo, photographs"] = [float(halo_loss(content, content)) for content in contents]
    for name, values in found.items():
        print(f"{name}: {mean(values):.4f} in the mean, {max(values):.4f} at most")


if __name__ == "__main__":
    main()
