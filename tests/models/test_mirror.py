from __future__ import annotations

import pytest
import torch

from adain_nodes.core.errors import InvalidValueError
from adain_nodes.models.base import Encoder
from adain_nodes.models.lite import LiteEncoder
from adain_nodes.models.mirror import mirror_decoder
from adain_nodes.models.vgg import VGGEncoder


@pytest.mark.parametrize("encoder", [LiteEncoder((8, 8, 16)), VGGEncoder(("relu2_1",)), VGGEncoder(("relu3_1",))])
def test_it_fits_the_encoder(encoder: Encoder) -> None:
    decoder = mirror_decoder(encoder)
    decoder.check_encoder(encoder)
    assert decoder.encoder == encoder.fingerprint()
    assert decoder.decode(encoder(torch.rand(1, 3, 40, 32)), (40, 32)).shape == (1, 3, 40, 32)


def test_several_levels_of_a_vgg_have_no_mirror() -> None:
    with pytest.raises(InvalidValueError, match="no decoder that mirrors the vgg19-normalised encoder at relu1_1, rel"):
        mirror_decoder(VGGEncoder(("relu1_1", "relu2_1")))
