"""Figure 7: the trade-off between content and style, set by alpha when a picture is made."""

from PIL import Image

from adain_nodes.evaluation.figures.examples import SIDE, photo, strip, style
from adain_nodes.pipeline import StyleTransfer

ALPHAS = (0.0, 0.25, 0.5, 0.75, 1.0)


def draw_alpha(transfer: StyleTransfer, side: int = SIDE) -> Image.Image:
    """A photograph, itself at ALPHAS, and the style."""
    picture, look = photo("bridge", side), style("swirls")
    content, known = transfer.prepare(picture), transfer.encode_style(look)
    made = {f"alpha {alpha:g}": transfer.stylize(content, known, alpha=alpha) for alpha in ALPHAS}
    return strip({"content": picture, **made, "style": look})
