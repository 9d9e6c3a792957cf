"""The plain port in an interpreter of its own, with the settings that PyTorch and the system give it by themselves.

Our commands keep freed memory and have threads wait briefly (``adain_nodes.process``). The plain port's users run it
without, and it gains a quarter and more from the first.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress

import torch

from adain_nodes.backend import choose_backend
from adain_nodes.core.errors import AdaINError
from adain_nodes.evaluation.imitation import vgg_or_imitation
from adain_nodes.evaluation.plain import PlainTransfer
from adain_nodes.evaluation.timing import wait_for
from adain_nodes.process import environment_of_others

_READY = "ready"


class PlainApart:
    """The plain port with a random content and style of ``side``×``side`` px, there to be timed from here.

    It is an interpreter until the context is left. Raises AdaINError when that ends by itself; what it had to say is
    on the standard error.
    """

    def __init__(self, side: int, device: str = "auto") -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(side), device],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment_of_others(),
        )

    def __enter__(self) -> PlainApart:
        self._wait()
        return self

    def __exit__(self, *error: object) -> None:
        self._process.communicate()  # it reads the end of its input, and ends

    def picture(self) -> None:
        """Make a picture in a style that is encoded already."""
        self._ask("picture")

    def picture_with_style(self) -> None:
        """Encode the style, and make a picture."""
        self._ask("picture_with_style")

    def _ask(self, what: str) -> None:
        assert self._process.stdin
        with suppress(BrokenPipeError):  # what has ended is noticed in a moment
            self._process.stdin.write(f"{what}\n")
            self._process.stdin.flush()
        self._wait()

    def _wait(self) -> None:
        assert self._process.stdout
        if self._process.stdout.readline().strip() != _READY:
            self._process.communicate()
            raise AdaINError(
                f"The plain port's interpreter ended with exit status {self._process.returncode}.",
                f"Run `python -m {__name__} 512 cpu` to see what it says.",
            )


def _serve(side: int, device: str) -> None:
    """Make what is asked for, line by line."""
    where = choose_backend(device).device
    vgg, _ = vgg_or_imitation(device=device, dtype="float32")
    port = PlainTransfer(vgg.encoder, vgg.decoder)  # pyright: ignore[reportArgumentType]
    content, style = torch.rand(2, 1, 3, side, side, device=where).unbind()
    encoded = port.encode(style)
    print(_READY, flush=True)
    for line in sys.stdin:
        wait_for(port.stylize(content, encoded if line.strip() == "picture" else port.encode(style)))
        print(_READY, flush=True)


if __name__ == "__main__":
    _serve(int(sys.argv[1]), sys.argv[2])
