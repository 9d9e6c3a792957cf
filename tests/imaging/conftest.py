"""Encoders and ICC profiles for the tests of the package."""

import io
import struct
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

Encode = Callable[..., bytes]


@pytest.fixture(scope="session")
def encode() -> Encode:
    """``encode(image, format, **options)``: what Pillow writes, as bytes."""

    def encode(image: Image.Image, format: str, **options: object) -> bytes:
        buffer = io.BytesIO()
        image.save(buffer, format, **options)
        return buffer.getvalue()

    return encode


@pytest.fixture(scope="session")
def samples() -> np.ndarray:
    """24×31×4 random samples, uint8."""
    return np.random.default_rng(0).integers(0, 256, (24, 31, 4), dtype=np.uint8)


def _icc_profile(space: bytes, name: bytes, tags: dict[bytes, bytes]) -> bytes:
    """A version 2 display profile (ICC.1:2001-04, sections 6.1, 6.2 and 6.5.17)."""
    tags = {
        b"desc": b"desc" + bytes(4) + struct.pack(">I", len(name) + 1) + name + bytes(1 + 4 + 4 + 2 + 1 + 67),
        b"cprt": b"text" + bytes(4) + b"CC0\0",
        b"wtpt": _xyz(D50),
        **tags,
    }
    table, body, offset = b"", b"", 128 + 4 + 12 * len(tags)
    for tag, data in tags.items():
        data += bytes(-len(data) % 4)
        table += tag + struct.pack(">II", offset + len(body), len(data))
        body += data
    size = offset + len(body)
    header = struct.pack(">I4sI4s4s4s12x4s", size, bytes(4), 0x02400000, b"mntr", space, b"XYZ ", b"acsp")
    header = (header + bytes(28) + struct.pack(">3i", *np.round(np.array(D50) * 65536).astype(int))).ljust(128, b"\0")
    return header + struct.pack(">I", len(tags)) + table + body


D50 = (0.9642, 1.0, 0.8249)


def _xyz(values: np.ndarray | tuple[float, ...]) -> bytes:
    return b"XYZ " + bytes(4) + struct.pack(">3i", *np.round(np.asarray(values) * 65536).astype(int))


def _gamma(gamma: float) -> bytes:
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))


@pytest.fixture(scope="session")
def display_p3() -> bytes:
    """Display P3 with a plain gamma of 2.2 (stored as 563/256): P3 primaries, white D65 adapted to D50."""
    x, y = np.array([0.680, 0.265, 0.150]), np.array([0.320, 0.690, 0.060])
    primaries = np.stack([x / y, np.ones(3), (1 - x - y) / y])
    white = np.array([0.3127 / 0.3290, 1, (1 - 0.3127 - 0.3290) / 0.3290])
    to_xyz = primaries * np.linalg.solve(primaries, white)
    bradford = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
    adapt = np.linalg.solve(bradford, np.diag(bradford @ D50 / (bradford @ white)) @ bradford)
    columns = (adapt @ to_xyz).T
    tags = {tag: _xyz(column) for tag, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)}
    return _icc_profile(b"RGB ", b"Test P3", tags | dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _gamma(2.2)))


@pytest.fixture(scope="session")
def linear_grey() -> bytes:
    """A grey profile whose samples are proportional to light."""
    return _icc_profile(b"GRAY", b"Linear grey", {b"kTRC": _gamma(1)})


@pytest.fixture(scope="session")
def p3_to_srgb() -> Callable[[np.ndarray], np.ndarray]:
    """What ``display_p3`` samples ...×3 in [0, 1] are in sRGB, clipped to its gamut."""

    def convert(samples: np.ndarray) -> np.ndarray:
        # Linear Display P3 to linear sRGB, both D65: the matrix of CSS Color 4, section 18, multiplied out.
        matrix = np.array(
            [
                [1.2249401762805598, -0.2249401762805597, 0.0],
                [-0.0420569547096881, 1.0420569547096880, 0.0],
                [-0.0196375545903344, -0.0786360455506318, 1.0982736001409663],
            ]
        )
        light = np.clip(samples ** (563 / 256) @ matrix.T, 0, 1)
        return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)

    return convert
