from __future__ import annotations

import torch
from torch import nn

from adain_nodes.evaluation.work import multiply_adds, peak_rate
from adain_nodes.models.lite import LiteDecoder, LiteEncoder


def test_multiply_adds_of_a_convolution():
    network = nn.Conv2d(3, 8, 3, padding=1)
    assert multiply_adds(lambda: network(torch.rand(2, 3, 10, 12))) == 2 * 3 * 8 * 9 * 10 * 12


def test_multiply_adds_of_a_matrix_product():
    assert multiply_adds(lambda: torch.rand(4, 5) @ torch.rand(5, 6)) == 4 * 5 * 6


def test_lite_has_the_work_that_its_model_card_says():
    encoder, decoder = LiteEncoder(), LiteDecoder()
    with torch.no_grad():
        work = multiply_adds(lambda: decoder(encoder(torch.rand(1, 3, 64, 64)))) / 64**2
    assert 40_000 < work < 60_000


def test_peak_is_a_rate():
    assert 1e7 < peak_rate(torch.device("cpu"), torch.float32, rounds=2, side=1024) < 1e15
