"""Figure 8: between four styles, by equation 15."""

import torch
from PIL import Image

from adain_nodes.core.style import corner_weights
from adain_nodes.evaluation.figures.examples import SIDE, photo, style
from adain_nodes.imaging import contact_sheet
from adain_nodes.pipeline import StyleTransfer

STYLES = ("starry_night", "rose_window", "ink_waves", "cafe_terrace")
"""At the upper left, the upper right, the lower left and the lower right."""

STEPS = 5

CELL = 125


def draw_interpolation(transfer: StyleTransfer, side: int = SIDE) -> Image.Image:
    """A square of one photograph in blends of four styles, which stand beside its corners."""
    content = transfer.prepare(photo("castle", side))
    pictures = [style(name) for name in STYLES]
    styles = [transfer.encode_style(picture) for picture in pictures]
    shares = [step / (STEPS - 1) for step in range(STEPS)]
    blank = torch.ones(1, 3, 1, 1)
    rows = []
    for down in shares:
        made = [transfer.stylize(content, styles, weights=corner_weights(across, down)) for across in shares]
        left, right = {0.0: pictures[:2], 1.0: pictures[2:]}.get(down, [blank, blank])
        rows.append([left, *made, right])
    return contact_sheet(rows, cell=CELL)
