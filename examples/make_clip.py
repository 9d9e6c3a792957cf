"""Make pictures/clip/castle.mp4: two seconds of a camera that glides over the castle, with the noise of a sensor.

python examples/make_clip.py
"""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

PICTURES = Path(__file__).parent / "pictures"
WIDTH, HEIGHT = 384, 256
RATE, FRAMES = 24, 48
NOISE = 2.0
"""Standard deviation of the noise in 8-bit steps."""


def main() -> None:
    """Write the clip; the same picture, seed and version of x264 give the same file."""
    castle = Image.open(PICTURES / "content" / "castle.jpg").convert("RGB")
    rng = np.random.default_rng(0)
    target = PICTURES / "clip" / "castle.mp4"
    target.parent.mkdir(exist_ok=True)
    with av.open(str(target), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=Fraction(RATE), options={"crf": "24", "preset": "slow"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for frame in range(FRAMES):
            share = 0.5 - 0.5 * np.cos(np.pi * frame / (FRAMES - 1))  # sets off and arrives slowly
            zoom = 1 - 0.3 * share
            left, top = 0.1 * share * castle.width, 0.05 * share * castle.height
            window = (left, top, left + zoom * castle.width, top + zoom * castle.height)
            view = castle.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS, box=window)
            pixels = np.asarray(view) + rng.normal(0, NOISE, (HEIGHT, WIDTH, 3))
            picture = av.VideoFrame.from_ndarray(pixels.clip(0, 255).astype(np.uint8), format="rgb24")
            container.mux(stream.encode(picture))
        container.mux(stream.encode())


if __name__ == "__main__":
    main()
