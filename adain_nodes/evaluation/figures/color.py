"""Figure 9: colour control, the style's strokes in the photograph's own colours."""

from PIL import Image

from adain_nodes.evaluation.figures.examples import SIDE, photo, strip, style
from adain_nodes.pipeline import PRESERVE_COLOR, StyleTransfer


def draw_color(transfer: StyleTransfer, side: int = SIDE) -> Image.Image:
    """A photograph, a style, and the result with the style's colours and with the photograph's, by each method."""
    picture, look = photo("kingfisher", side), style("rose_window")
    content = transfer.prepare(picture)
    made = {method: transfer.stylize(content, look, preserve_color=method) for method in PRESERVE_COLOR}
    made = {"the style's colours": made.pop("none"), **made}
    return strip({"content": picture, "style": look, **made})
