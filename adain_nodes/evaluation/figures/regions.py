"""Figure 10: spatial control, a style of its own for each region."""

from PIL import Image

from adain_nodes.core.regions import feather
from adain_nodes.evaluation.figures.examples import SIDE, mask, photo, strip, style
from adain_nodes.pipeline import StyleTransfer

SOFTNESS = 8
"""Pixels of transition at the edge of the mask."""


def draw_regions(transfer: StyleTransfer, side: int = SIDE) -> Image.Image:
    """A photograph, a mask, the styles inside and outside it, and the result."""
    picture, sky = photo("castle", side), mask("castle_sky", side)
    inside, outside = style("starry_night"), style("rose_window")
    made = transfer.stylize(picture, outside, masks=[(feather(sky, SOFTNESS), inside)])
    shown = {"content": picture, "mask": sky.expand(-1, 3, -1, -1), "inside": inside, "outside": outside}
    return strip({**shown, "result": made})
