"""A picture of 4096×4096 px from file to file, with the embedded model: the same as from the untiled computation."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from adain_nodes.core.windows import Window, whole
from adain_nodes.imaging import read_image, write_image
from adain_nodes.pipeline import StyleTransfer
from adain_nodes.recipe import Cook, Recipe

SIDE = 4096
PICTURES = Path(__file__).parents[1] / "examples" / "pictures"
WINDOWS = [Window(top, left, top + 256, left + 256) for top, left in ((0, 0), (1450, 1410), (2900, 30), (3840, 3840))]
"""Two corners, one where four tiles meet, and one at an edge."""


@pytest.mark.slow
def test_4096_pixels_a_side_agree_with_the_untiled_computation(tmp_path: Path) -> None:
    """The statistics are PyTorch's over maps of the whole picture, and the windows are decoded far from every edge."""
    photo, out, style = tmp_path / "photo.tif", tmp_path / "out.tif", PICTURES / "style" / "starry_night.jpg"
    image = F.interpolate(read_image(PICTURES / "content" / "castle.jpg").rgb, (SIDE, SIDE), mode="bilinear")
    write_image(photo, image, compression=0)
    transfer = StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32", max_memory=4_000_000_000)
    cook, recipe = Cook(transfer), Recipe(photo, ((style, 1.0),), style_size=0, depth=16)
    assert not cook.fits(recipe)
    cook.write(recipe, out, compression=0)
    result = read_image(out).rgb

    look = transfer.encode_style(style, size=0)
    with torch.no_grad():
        features = transfer.encoder(read_image(photo).rgb)
        affines = []
        for level, wanted in zip(features, look.levels, strict=True):
            variance, mean = torch.var_mean(level, (2, 3), correction=0)
            scale = wanted.std / (variance + 1e-5).sqrt()
            affines.append((scale[..., None, None], (wanted.mean - mean * scale)[..., None, None]))
        for window in WINDOWS:
            outer = window.grown(128, whole((SIDE, SIDE)).size)
            outer = Window(outer.top // 8 * 8, outer.left // 8 * 8, -(-outer.bottom // 8) * 8, -(-outer.right // 8) * 8)
            levels = tuple(
                outer.cells(stride).of(level) * scale + shift
                for level, stride, (scale, shift) in zip(features, transfer.encoder.strides, affines, strict=True)
            )
            expected = window.inside(outer).of(transfer.decoder.decode(levels, outer.size))
            assert (window.of(result) - expected).abs().max() <= 2e-5 + 0.5 / 65535


PACE = """
import json, sys, time
from pathlib import Path
from adain_nodes.process import keep_freed_memory, wait_briefly
keep_freed_memory(), wait_briefly()  # as every command does
from adain_nodes.pipeline import StyleTransfer
from adain_nodes.recipe import Cook, Recipe

folder, side, style, dtype = Path(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3]), sys.argv[4]
cook = Cook(StyleTransfer.from_pretrained("lite", device="cpu", dtype=dtype, max_memory=2_000_000_000))

def seconds(side):
    recipe = Recipe(folder / f"{side}.tif", ((style, 1.0),), style_size=0)
    assert cook.fits(recipe) == (side == 1000)
    start = time.perf_counter()
    cook.write(recipe, folder / "out.tif", compression=0)
    return time.perf_counter() - start

alone, large = [], []
for _ in range(2):
    alone += [seconds(1000) for _ in range(6)][2:]  # the first calls ready the networks
    large.append(seconds(side))
print(json.dumps([alone, large]))
"""


def pace(folder: Path, side: int, dtype: str) -> tuple[list[float], float]:
    """Seconds from file to file in a process as the command line's: of one megapixel, and of one of a large picture."""
    castle = read_image(PICTURES / "content" / "castle.jpg").rgb
    for each in (1000, side):
        write_image(folder / f"{each}.tif", F.interpolate(castle, (each, each), mode="bilinear"), compression=0)
    command = [sys.executable, "-c", PACE, str(folder), str(side), str(PICTURES / "style" / "starry_night.jpg"), dtype]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    alone, large = json.loads(done.stdout)
    return alone, min(large) / (side / 1000) ** 2


@pytest.mark.slow
def test_a_megapixel_of_a_large_picture_takes_hardly_longer_than_one_alone(tmp_path: Path) -> None:
    """On a machine that may be busy."""
    alone, large = pace(tmp_path, 3600, "float32")
    assert large < 1.5 * min(alone)


@pytest.mark.slow
@pytest.mark.usefixtures("at_rest")
def test_a_megapixel_of_a_huge_picture_takes_at_most_15_percent_longer(tmp_path: Path) -> None:
    """The project's bar, in the dtype that the processor has by itself."""
    alone, large = pace(tmp_path, 8192, "auto")
    assert large < 1.15 * statistics.median(alone)


MEASURE = """
import json, sys, torch
from adain_nodes.core.raster import Raster
from adain_nodes.encoding import Content
from adain_nodes.evaluation.memory import _peak_bytes
from adain_nodes.pipeline import StyleTransfer

transfer = StyleTransfer.from_pretrained("lite", device="cpu", dtype="float32", max_memory=1_000_000_000)
part = torch.rand(1, 3, 1024, 1024)
size = (768, 768 * 48)
picture = Raster(size, lambda window: part[..., :window.size[0], :window.size[1]])
style = transfer.encode_style(part[..., :64, :64], size=0)
peaks = []

def progress(share):
    peaks.append(_peak_bytes())
    if len(peaks) == 24:
        print(json.dumps([peaks[7], peaks[23]]))
        sys.exit()

transfer.stylize(Content(picture, None, transfer._view(picture), transfer.fingerprint), style, progress=progress)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process its peak")
def test_memory_does_not_grow_with_the_number_of_tiles() -> None:
    """Small tensors that stay from each tile would break up the free memory, and the maps find no place in it."""
    done = subprocess.run([sys.executable, "-c", MEASURE], check=True, capture_output=True, text=True)
    early, late = json.loads(done.stdout)
    assert late - early < 50_000_000
