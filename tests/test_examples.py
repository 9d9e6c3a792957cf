"""The example pictures: what the folder holds, its credits, and the script that paints the patterns."""

import importlib.util
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from adain_nodes.video import Clip

EXAMPLES = Path(__file__).parents[1] / "examples"
PICTURES = EXAMPLES / "pictures"
FILES = sorted(path.relative_to(PICTURES).as_posix() for path in PICTURES.glob("*/*"))
CLIPS = [name for name in FILES if name.startswith("clip/")]
MASKS = [name for name in FILES if name.startswith("mask/")]


def patterns() -> tuple[Callable[[], Image.Image], ...]:
    spec = importlib.util.spec_from_file_location("make_patterns", EXAMPLES / "make_patterns.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.PATTERNS


def test_credits_list_every_picture_and_no_other() -> None:
    rows = re.findall(r"^\| `([^`]+)` \|(.*)\|$", (PICTURES / "CREDITS.md").read_text("utf-8"), re.MULTILINE)
    assert sorted(name for name, _ in rows) == FILES
    assert all(cell.strip() for _, cells in rows for cell in cells.split("|"))


def test_folder_is_small() -> None:
    assert sum(path.stat().st_size for path in PICTURES.rglob("*") if path.is_file()) <= 2_000_000


@pytest.mark.parametrize("name", CLIPS)
def test_clip_opens_and_is_short(name: str) -> None:
    with Clip(PICTURES / name) as clip:
        frames = list(clip)
    assert len(frames) <= 2 * clip.rate
    assert (PICTURES / name).stat().st_size < 200_000


@pytest.mark.parametrize("name", sorted({*FILES} - {*CLIPS}))
def test_picture_opens_and_is_of_the_promised_kind(name: str) -> None:
    with Image.open(PICTURES / name) as picture:
        picture.load()
        assert picture.mode == ("L" if name in MASKS else "RGB")
        assert 256 <= min(picture.size) <= 640
        assert not picture.getexif()


@pytest.mark.parametrize("name", MASKS)
def test_mask_is_soft_and_fits_its_content(name: str) -> None:
    content = PICTURES / "content" / f"{Path(name).stem.split('_')[0]}.jpg"
    with Image.open(PICTURES / name) as mask, Image.open(content) as picture:
        assert mask.size == picture.size
        levels = mask.histogram()
    assert levels[0] > 0
    assert levels[255] > 0
    assert sum(levels[1:255]) > 0


@pytest.mark.parametrize("paint", patterns(), ids=lambda paint: paint.__name__)
def test_script_paints_the_shipped_pattern(paint: Callable[[], Image.Image]) -> None:
    painted = np.asarray(paint().reduce(2), dtype=float)
    with Image.open(PICTURES / "style" / f"{paint.__name__}.jpg") as picture:
        shipped = np.asarray(picture, dtype=float)
    # JPEG costs 4 to 8 of 255 here; another seed or another pattern differs by more than 30.
    assert np.abs(painted - shipped).mean() < 10
