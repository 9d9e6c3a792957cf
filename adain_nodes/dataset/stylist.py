"""The worker: a pipeline that makes one result after the other."""

from __future__ import annotations

import errno
import hashlib
from functools import lru_cache

import torch

from adain_nodes.core.errors import AdaINError, OutputError
from adain_nodes.core.files import make_folder
from adain_nodes.core.style import Style
from adain_nodes.dataset.manifest import Row
from adain_nodes.dataset.plan import Item, Job, row
from adain_nodes.imaging import read_bytes, read_image, resize, write_image
from adain_nodes.pipeline import StyleTransfer, recolours

STYLES = 4096
"""How many styles are kept: a few kilobytes each."""


class Stylist:
    """Makes the results of a job, in a process that has no other work.

    On a CPU with one thread: more of them sum in another order, and the results would depend on the number of cores.
    """

    def __init__(self, job: Job, *, device: str = "auto", dtype: str = "auto") -> None:
        torch.set_num_threads(1)
        self.job = job
        self._transfer = StyleTransfer.from_pretrained(
            job.model, decoder=job.decoder, device=device, dtype=dtype, max_pixels=job.max_pixels
        )
        self._style = lru_cache(maxsize=STYLES)(self._encoded)

    def __call__(self, item: Item) -> Row:
        """Make a result and its row. A picture that cannot be read is a row too; a full disk is an OutputError."""
        try:
            return row(item, sha256=self._make(item))
        except OutputError as error:
            if error.facts.get("errno") in (errno.ENOSPC, errno.EDQUOT):
                raise  # everything after it would fail too
            return row(item, error=str(error))
        except (AdaINError, MemoryError, RuntimeError) as error:  # PyTorch reports exhausted memory as a RuntimeError
            return row(item, error=str(error))

    def _make(self, item: Item) -> str:
        job, out = self.job, self.job.target / item.out
        picture = read_image(job.source / item.source, max_pixels=job.max_pixels)
        rgb = self._transfer.stylize(
            picture,
            self._look(item.style),
            alpha=item.alpha,
            preserve_color=job.preserve_color,
            size=job.size,
            style_size=job.style_size,
        )
        alpha = None if picture.alpha is None else resize(picture.alpha, job.size)
        make_folder(out.parent)
        write_image(out, rgb, alpha=alpha, quality=job.quality)
        return hashlib.sha256(read_bytes(out)).hexdigest()

    def _look(self, style: str) -> Style | str:
        if recolours(self.job.preserve_color):
            return str(self.job.styles / style)  # its colours change with every picture
        return self._style(style)

    def _encoded(self, style: str) -> Style:
        return self._transfer.encode_style(self.job.styles / style, size=self.job.style_size)
