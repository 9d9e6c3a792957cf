from dataclasses import replace

import torch

from adain_nodes import __version__
from adain_nodes.evaluation.machine import Machine, this_machine


def test_this_machine_is_described():
    machine = this_machine()
    assert machine.processor
    assert machine.threads == torch.get_num_threads()
    assert (machine.torch, machine.version) == (torch.__version__, __version__)


def test_in_words():
    machine = Machine("EPYC", None, 2, 8, None, "Linux x86_64", "3.11.7", "2.4.0", "0.1.0")
    words = "EPYC, 2 of 8 processors used; Linux x86_64; Python 3.11.7, PyTorch 2.4.0, adain-nodes 0.1.0"
    assert str(machine) == words
    assert str(replace(machine, accelerator="H200")) == f"H200; {words}"
    assert str(replace(machine, load=5.61)) == words.replace("used", "used, load 5.6")
