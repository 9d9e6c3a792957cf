from __future__ import annotations

import hashlib

import pytest

from adain_nodes.checkpoints.catalogue import WEIGHTS, Published, WeightFile
from adain_nodes.checkpoints.verify import Verdict, verify
from adain_nodes.core.errors import CheckpointError

BODY = b"weights" * 400_000  # more than one block
SAMPLE = WeightFile(
    name="sample",
    filename="sample.pth",
    about="",
    origin="",
    licence="",
    paper="",
    published=Published("https://weights.invalid/sample.pth", len(BODY), hashlib.sha256(BODY).hexdigest()),
    repacks=("sample_cut.pth",),
)


@pytest.mark.parametrize(
    ("filename", "content", "verdict"),
    [
        ("sample.pth", BODY, "ok"),
        ("any name.pth", BODY, "ok"),
        ("sample_cut.pth", BODY, "ok"),
        ("sample.pth", BODY[:-1] + b"?", "a different variant"),
        ("sample.pth", BODY[:-1], "incomplete or corrupt"),
        ("sample.pth", b"", "incomplete or corrupt"),
        ("sample_cut.pth", BODY[:-1], "no published checksum"),
    ],
)
def test_the_verdict_and_its_words(tmp_path, filename, content, verdict):
    path = tmp_path / filename
    path.write_bytes(content)
    result = verify(path, SAMPLE)
    assert result.verdict.value == verdict
    assert (result.path, result.bytes, result.sha256) == (path, len(content), hashlib.sha256(content).hexdigest())
    assert path.read_bytes() == content


def test_embedded_weights_have_no_published_checksum(tmp_path):
    (tmp_path / "lite.safetensors").write_bytes(BODY)
    assert verify(tmp_path / "lite.safetensors", WEIGHTS["lite"]).verdict is Verdict.UNPUBLISHED


def test_a_file_that_cannot_be_read_is_an_error(tmp_path):
    for path in (tmp_path / "absent.pth", tmp_path):
        with pytest.raises(CheckpointError, match=f"{path} cannot be read"):
            verify(path, SAMPLE)


def test_a_real_repack_is_told_from_the_public_file(shared):
    encoder = WEIGHTS["vgg19-normalised"]
    assert verify(shared / "weights" / "vgg_normalised_relu4_1.pth", encoder).verdict is Verdict.UNPUBLISHED
    assert verify(shared / "weights" / "vgg_normalised_conv3_1.pth", encoder).verdict is Verdict.CORRUPT
