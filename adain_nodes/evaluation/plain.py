"""The paper's pipeline as the common public PyTorch port runs it: the baseline of every speed figure.

Follows naoto0804/pytorch-AdaIN in what it computes and how (net.py: flat ``nn.Sequential`` networks with padding
modules; function.py: statistics by ``view`` and ``var``; test.py: encode, AdaIN, blend, decode): eager float32 in
the default memory layout.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

from adain_nodes.models.vgg import VGGDecoder, VGGEncoder, starts_block


class PlainTransfer:
    """A VGG encoder and decoder of ours, rebuilt the plain way with copies of their weights, on their device."""

    def __init__(self, encoder: VGGEncoder, decoder: VGGDecoder) -> None:
        self.encoder = plain_encoder(encoder)
        self.decoder = _plain_decoder(decoder)

    @torch.no_grad()
    def encode(self, image: Tensor) -> Tensor:
        """Features B×512×⌈H/8⌉×⌈W/8⌉ of B×3×H×W pictures, RGB in [0, 1]."""
        return self.encoder(image)

    @torch.no_grad()
    def stylize(self, content: Tensor, style: Tensor, alpha: float = 1.0) -> Tensor:
        """B×3×H'×W' of B×3×H×W contents and the style's features: not clamped, H' and W' the next multiples of 8."""
        features = self.encode(content)
        target = _adain(features, style)
        return self.decoder(target * alpha + features * (1 - alpha))


def plain_encoder(encoder: VGGEncoder) -> nn.Sequential:
    """The encoder as one list of layers, with copies of its weights: padding, convolution, ReLU, and the poolings."""
    layers: list[nn.Module] = [_copy(encoder.preprocess)]
    for name, conv in encoder.convs.items():
        if starts_block(name) and name != "conv1_1":
            layers.append(nn.MaxPool2d(2, ceil_mode=True))
        layers += [nn.ReflectionPad2d(1), _copy(conv), nn.ReLU()]
    return nn.Sequential(*layers)


def _plain_decoder(decoder: VGGDecoder) -> nn.Sequential:
    layers: list[nn.Module] = []
    for name, conv in decoder.convs.items():
        layers += [nn.ReflectionPad2d(1), _copy(conv), nn.ReLU()]
        if starts_block(name):
            layers.append(nn.Upsample(scale_factor=2, mode="nearest"))
    return nn.Sequential(*layers[:-2])  # conv1_1 is the last layer: neither ReLU nor ×2 follow


def _copy(module: nn.Module) -> nn.Conv2d:
    """A plain convolution with the same weights, in the default memory layout whatever that of ours."""
    conv = cast("nn.Conv2d", module)
    plain = nn.Conv2d(conv.in_channels, conv.out_channels, cast("tuple[int, int]", conv.kernel_size))
    plain.load_state_dict(conv.state_dict())
    return plain.to(conv.weight.device)


def _mean_std(features: Tensor, eps: float = 1e-5) -> tuple[Tensor, Tensor]:
    batch, channels = features.shape[:2]
    flat = features.view(batch, channels, -1)
    std = (flat.var(dim=2) + eps).sqrt().view(batch, channels, 1, 1)
    return flat.mean(dim=2).view(batch, channels, 1, 1), std


def _adain(content: Tensor, style: Tensor) -> Tensor:
    style_mean, style_std = _mean_std(style)
    mean, std = _mean_std(content)
    normalised = (content - mean.expand_as(content)) / std.expand_as(content)
    return normalised * style_std.expand_as(content) + style_mean.expand_as(content)
