"""Makes showcase.jpg, the picture in the README, from the example pictures with the embedded model.

python examples/make_showcase.py
"""

from pathlib import Path

import numpy as np

from adain_nodes import StyleTransfer, read_image, write_image
from adain_nodes.imaging import contact_sheet, to_tensor

HERE = Path(__file__).parent
PICTURES = HERE / "pictures"
CONTENTS = ("bridge", "castle", "kingfisher")
STYLES = ("cafe_terrace", "swirls", "rose_window", "ink_waves", "starry_night")


def main() -> None:
    """Stylise every content with every style and lay them out."""
    transfer = StyleTransfer.from_pretrained("lite")
    contents = [PICTURES / "content" / f"{name}.jpg" for name in CONTENTS]
    styles = [PICTURES / "style" / f"{name}.jpg" for name in STYLES]
    looks = [transfer.encode_style(style, size=320) for style in styles]
    sheet = contact_sheet(
        [[transfer.stylize(content, look, size=384) for look in looks] for content in contents],
        contents=[read_image(content).rgb for content in contents],
        styles=[read_image(style).rgb for style in styles],
        cell=280,
    )
    write_image(HERE / "showcase.jpg", to_tensor(np.asarray(sheet)), quality=82)


if __name__ == "__main__":
    main()
