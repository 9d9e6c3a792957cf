"""Paint the project's own style pictures into pictures/style, each from a fixed seed, at twice its size and halved."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Field = NDArray[np.float64]
SIZE = 1024  # of the drawing, in pixels
Y, X = np.mgrid[0:SIZE, 0:SIZE] / SIZE


def noise(rng: np.random.Generator, cells: int, octaves: int = 4) -> Field:
    """Smooth fractal noise of SIZE×SIZE, stretched to 0..1: each octave halves the cells and their height."""
    total = np.zeros((SIZE, SIZE))
    for octave in range(octaves):
        side = cells * 2**octave + 3
        grid = Image.fromarray(rng.random((side, side)).astype(np.float32))
        total += np.asarray(grid.resize((SIZE, SIZE), Image.Resampling.BICUBIC)) / 2**octave
    return (total - total.min()) / (total.max() - total.min())


def ramp(position: Field, colours: str) -> Field:
    """Colours (`rrggbb`, blank between) blended along positions from 0 to 1: H×W to H×W×3 in 0..255."""
    table = np.array([list(bytes.fromhex(colour)) for colour in colours.split()], dtype=float)
    place = position * (len(table) - 1)
    return np.stack([np.interp(place, range(len(table)), channel) for channel in table.T], axis=-1)


def picture(colours: Field) -> Image.Image:
    """SIZE×SIZE×3 colours, cut to 0..255, as a picture."""
    return Image.fromarray(colours.clip(0, 255).astype(np.uint8))


def hills(rng: np.random.Generator, count: int) -> NDArray[np.int64]:
    """Which range of hills each pixel shows, from the far 1 to the near `count`; 0 is the sky."""
    layer = np.zeros((SIZE, SIZE), dtype=np.int64)
    for index in range(1, count + 1):
        crest = 0.3 + 0.62 * index / count - (0.34 - 0.26 * index / count) * noise(rng, 3)[0]
        layer[crest < Y] = index
    return layer


def swirls() -> Image.Image:
    """Oil strokes around eddies, bristle by bristle, from ultramarine through turquoise to gold and vermilion."""
    rng = np.random.default_rng(4)
    stream = 0.6 * Y
    for x, y, size, spin in zip(*rng.random((2, 26)), rng.uniform(0.05, 0.2, 26), rng.normal(0, 1, 26), strict=True):
        stream += spin * size * 3 * np.exp(-((X - x) ** 2 + (Y - y) ** 2) / size**2)
    rise_y, rise_x = np.gradient(stream)
    flow = (rise_y - 1j * rise_x) / np.hypot(rise_x, rise_y)
    hue = 0.5 + 0.9 * (stream - np.median(stream)) + 0.3 * (noise(rng, 5) - 0.5)
    colours = ramp(hue, "0d1450 16307f 1d5fb4 23a6b5 bfe3c0 f8e39a f7b32b e8542a a31d33")
    image = picture(colours * 0.8)
    draw = ImageDraw.Draw(image)
    for width in (44, 28, 18):
        for x, y in rng.random((1 + 2 * (SIZE // width) ** 2, 2)) * SIZE:
            tone = colours[int(y), int(x)] * rng.uniform(0.8, 1.2) + rng.normal(0, 16, 3)
            path = [complex(x, y)]
            for _ in range(6):
                path.append(path[-1] + 0.6 * width * flow[int(path[-1].imag) % SIZE, int(path[-1].real) % SIZE])
            across = 1j * (path[-1] - path[-2]) / (0.6 * width)
            for offset in np.arange(-width / 2, width / 2, 4):
                shade = (tone * rng.uniform(0.72, 1.18)).clip(0, 255).astype(int)
                draw.line([(point.real, point.imag) for point in np.add(path, across * offset)], tuple(shade), width=5)
    return image


def rose_window() -> Image.Image:
    """Stained glass: panes on rings around a centre, one jewel colour for each ring in turn, in dark leading."""
    rng = np.random.default_rng(5)
    first, second, hue = np.full((3, SIZE, SIZE), 9.0)  # squared distances to the nearest two panes
    for ring in range(10):
        panes = max(1, 8 * ring)
        for pane in range(panes):
            radius = 0.08 * (ring + rng.uniform(-0.12, 0.12))
            theta = (pane + 0.5 * (ring % 2) + rng.uniform(-0.15, 0.15)) * 2 * np.pi / panes
            distance = (X[:1] - 0.5 - radius * np.cos(theta)) ** 2 + (Y[:, :1] - 0.5 - radius * np.sin(theta)) ** 2
            second = np.minimum(second, np.maximum(first, distance))
            hue[distance < first] = 0.55 + 0.36 * ring + 0.5 * (pane % 2) * (ring % 3 == 1) + rng.uniform(-0.07, 0.07)
            first = np.minimum(first, distance)
    first, second = np.sqrt((first, second))
    jewels = ramp(hue % 1, "10186a 1b4fd0 0a94a0 f6cf3c f08a1c c4122f 6a1a86 10186a")
    glass = jewels * (0.45 + 0.9 * noise(rng, 20))[..., None] + 50 * (1 - first / 0.05).clip(0, 1)[..., None]
    lead = ((second - first - 0.006) / 0.008).clip(0, 1)[..., None]
    return picture(glass * lead + 16 * (1 - lead))


def ink_waves() -> Image.Image:
    """A woodblock sea: striped swells in Prussian blue, one behind the other, foam on their crests, a red sun."""
    rng = np.random.default_rng(12)
    sky = ramp(Y * 1.6 + 0.15 * noise(rng, 3), "d9a766 efd6a0 f7ecd0 f3dfb6 c8d2c6")
    sky[np.hypot(X - 0.66, Y - 0.2) < 0.12] = (206, 56, 38)
    image = picture(sky)
    for depth in np.linspace(0, 1, 9):
        turns = X[0] * (3.2 - 1.4 * depth) + rng.random()
        swell = (0.5 - 0.5 * np.cos(2 * np.pi * (turns + 0.12 * np.sin(2 * np.pi * turns)))) ** 1.6
        crest = 0.38 + 0.66 * depth - (0.08 + 0.12 * depth) * swell
        below, wander = Y - crest, noise(rng, 4, 2)
        bands = 0.5 + 0.5 * np.sin(below.clip(0) ** 0.8 * (190 - 70 * depth) + 9 * wander)
        water = ramp(bands * (0.35 + 0.9 * wander), "0b1f4d 143a7c 2c66a4 9dbfcf f4f1e0")
        image.paste(picture(water), mask=Image.fromarray(((below > 0) * 255).astype(np.uint8)))
        draw = ImageDraw.Draw(image)
        for x in np.sort(rng.integers(0, SIZE, 420)):
            if rng.random() < swell[x] ** 2:
                r = rng.uniform(3, 7 + 9 * depth)
                cx, cy = x + rng.normal(0, 6), crest[x] * SIZE + rng.normal(0, 5 + 16 * swell[x] * depth)
                draw.ellipse((cx - r, cy - r, cx + r, cy + r), "#faf5e4", "#143a7c", 2)
    return image


def sunset_dots() -> Image.Image:
    """A sunset over hills in dots of divided colour, large ones first."""
    rng = np.random.default_rng(8)
    sun = np.hypot(X - 0.62, Y - 0.3)
    colours = ramp(1.5 * sun + 0.15 * noise(rng, 4), "fff6d0 ffdf80 fbb35c ee8468 c0708f 7c6bab 4a5598")
    layer = hills(rng, 5)
    tints = "6f5f9c c48fb0 3a4f90 86a6cc 1f5f78 7dbfae 2b6b46 b9c75a 203f38 e8a838"  # dark and light of each range
    colours = np.where(layer[..., None] > 0, ramp((2 * layer - 2 + noise(rng, 8)) / 9, tints), colours)
    image = picture(colours)
    draw = ImageDraw.Draw(image)
    for r in (13, 10, 8):
        for x, y in rng.random(((SIZE // r) ** 2, 2)) * SIZE:
            tone = colours[int(y), int(x)] + rng.normal(0, 10) + rng.normal(0, 24, 3)
            draw.ellipse((x - r, y - r, x + r, y + r), tuple(tone.clip(0, 255).astype(int)))
    return image


def engraving() -> Image.Image:
    """A landscape in ink lines that swell where it lies in shade: rings around the sun, hatching on the hills."""
    rng = np.random.default_rng(6)
    layer, bump = hills(rng, 6), noise(rng, 6)
    sun = np.hypot(X - 0.3, Y - 0.22)
    shade = np.where(layer == 0, 0.05 + 0.8 * sun.clip(0, 0.8), 0.15 + 0.75 * bump)
    shade[sun < 0.09] = 0
    lean = layer * 1.9 + 0.4
    run = np.where(layer == 0, sun * 70, (X * np.cos(lean) + Y * np.sin(lean)) * 80 + 7 * bump)
    across = (X * np.cos(lean + 1.1) + Y * np.sin(lean + 1.1)) * 80
    ink = np.maximum(shade - np.abs(run % 1 - 0.5) * 2, (shade - 0.5) * (layer > 0) - np.abs(across % 1 - 0.5) * 2)
    paper = ramp(noise(rng, 60, 2), "ecd9b0 f9efd8")
    return picture(paper + (np.array([26, 22, 54]) - paper) * (ink / 0.1).clip(0, 1)[..., None])


PATTERNS = (swirls, rose_window, ink_waves, sunset_dots, engraving)

if __name__ == "__main__":
    for paint in PATTERNS:
        paint().reduce(2).save(Path(__file__).parent / "pictures" / "style" / f"{paint.__name__}.jpg", quality=86)
