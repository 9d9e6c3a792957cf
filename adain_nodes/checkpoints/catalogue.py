"""The weights that the project knows, as data: where they come from and how to tell that they arrived whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TypeVar

from adain_nodes.core.errors import MissingWeightsError

_ADAIN = "Huang and Belongie, Arbitrary Style Transfer in Real-time with Adaptive Instance Normalization, ICCV 2017"
_VGG = "Simonyan and Zisserman, Very Deep Convolutional Networks for Large-Scale Image Recognition, ICLR 2015"
_RELEASE = "https://github.com/naoto0804/pytorch-AdaIN/releases/download/v0.0.0"


@dataclass(frozen=True)
class Published:
    """A file on a public server, with its size in bytes and the SHA-256 of its content in hexadecimal."""

    url: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class WeightFile:
    """One file of weights.

    ``spellings`` are other names of the same bytes, ``repacks`` names of files that hold the same network in other
    bytes, for which no checksum is published. ``published`` is None for a file that travels with the package.
    """

    name: str
    filename: str
    about: str
    origin: str
    licence: str
    paper: str
    published: Published | None = None
    spellings: tuple[str, ...] = ()
    repacks: tuple[str, ...] = ()

    @property
    def filenames(self) -> tuple[str, ...]:
        """Every name under which the weights are looked for, the official one first."""
        return (self.filename, *self.spellings, *self.repacks)

    @property
    def download_bytes(self) -> int:
        """Bytes to fetch before the weights can be used: 0 when they are embedded."""
        return self.published.bytes if self.published else 0


@dataclass(frozen=True)
class Model:
    """An encoder and the decoder that was trained for it; both may be in one file."""

    name: str
    about: str
    encoder: WeightFile
    decoder: WeightFile

    @property
    def download_bytes(self) -> int:
        """Bytes to fetch before the model can be used: 0 when it is embedded."""
        return sum(file.download_bytes for file in {self.encoder, self.decoder})


_LITE = WeightFile(
    name="lite",
    filename="lite.safetensors",
    about="small pyramid encoder and decoder, AdaIN on three levels",
    origin="trained by this project",
    licence="see the model card beside the file",
    paper=_ADAIN,
)
_VGG19_NORMALISED = WeightFile(
    name="vgg19-normalised",
    filename="vgg_normalised.pth",
    about="the paper's encoder: normalised VGG-19 that takes RGB in [0, 1], used to relu4_1",
    origin="github.com/naoto0804/pytorch-AdaIN, release v0.0.0",
    licence="MIT for the code of the release; none is stated for the VGG weights",
    paper=_VGG,
    published=Published(
        url=f"{_RELEASE}/vgg_normalised.pth",
        bytes=80_102_481,
        sha256="804ca2835ecf7539f0cd2a7ac3c18ce81e6f8468969ae7117ac0c148d286bb4a",
    ),
    spellings=("vgg_normalized.pth",),
    repacks=("vgg_normalised_relu4_1.pth",),
)
_ADAIN_DECODER = WeightFile(
    name="adain-decoder",
    filename="decoder.pth",
    about="the paper's decoder: the mirror of VGG-19 to relu4_1",
    origin="github.com/naoto0804/pytorch-AdaIN, release v0.0.0",
    licence="MIT, the licence of the release",
    paper=_ADAIN,
    published=Published(
        url=f"{_RELEASE}/decoder.pth",
        bytes=14_023_458,
        sha256="379ca41d59f3a37eed3599bbbc2560c19da5c458870a5ffd3a9dd41aa88f9472",
    ),
    spellings=("adain_decoder.pth",),
    repacks=("decoder_relu4_1.pth",),
)
_VGG19_TORCHVISION = WeightFile(
    name="vgg19-torchvision",
    filename="vgg19-dcbb9e9d.pth",
    about="VGG-19 trained on ImageNet (VGG19_Weights.IMAGENET1K_V1): another network than vgg19-normalised, "
    "its input needs ImageNet's mean and standard deviation",
    origin="download.pytorch.org",
    licence="BSD-3-Clause for the code of torchvision; none is stated for the weights",
    paper=_VGG,
    published=Published(
        url="https://download.pytorch.org/models/vgg19-dcbb9e9d.pth",
        bytes=574_673_361,
        sha256="dcbb9e9dad569fff7a846263a77324fc34978fea2bfb039c012d710e1776ae44",
    ),
)

WEIGHTS: Mapping[str, WeightFile] = MappingProxyType(
    {file.name: file for file in (_LITE, _VGG19_NORMALISED, _ADAIN_DECODER, _VGG19_TORCHVISION)}
)
MODELS: Mapping[str, Model] = MappingProxyType(
    {
        model.name: model
        for model in (
            Model("lite", "small and fast, the default", encoder=_LITE, decoder=_LITE),
            Model("vgg19", "the networks of the paper", encoder=_VGG19_NORMALISED, decoder=_ADAIN_DECODER),
        )
    }
)


def weight_file(name: str) -> WeightFile:
    """The catalogue's entry. Raises MissingWeightsError, with the known names, for another one."""
    return _entry(WEIGHTS, name, "weights")


def model(name: str) -> Model:
    """The catalogue's entry. Raises MissingWeightsError, with the known names, for another one."""
    return _entry(MODELS, name, "model")


_Entry = TypeVar("_Entry", WeightFile, Model)


def _entry(entries: Mapping[str, _Entry], name: str, what: str) -> _Entry:
    if name in entries:
        return entries[name]
    known = ", ".join(
        f"{entry.name} ({f'a download of {size / 1e6:.0f} MB' if (size := entry.download_bytes) else 'embedded'})"
        for entry in entries.values()
    )
    raise MissingWeightsError(
        f"Nothing is known of the {what} {name!r}.", f"Known: {known}.", name=name, known=tuple(entries)
    )
