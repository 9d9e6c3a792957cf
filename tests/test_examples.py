"""The example pictures: what the folder holds, its credits, and the script that paints the patterns."""

import importlib.util
import re
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image

from adain_nodes.checkpoints.networks import load_encoder
from adain_nodes.checkpoints.save import save_networks
from adain_nodes.models.lite import LiteDecoder
from adain_nodes.models.vgg import VGGEncoder
from adain_nodes.video import Clip

EXAMPLES = Path(__file__).parents[1] / "examples"
PICTURES = EXAMPLES / "pictures"
FILES = sorted(path.relative_to(PICTURES).as_posix() for path in PICTURES.glob("*/*"))
CLIPS = [name for name in FILES if name.startswith("clip/")]
MASKS = [name for name in FILES if name.startswith("mask/")]


def script(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(Path(name).stem, EXAMPLES / name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def patterns() -> tuple[Callable[[], Image.Image], ...]:
    return script("make_patterns.py").PATTERNS


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


def test_the_strongest_styles_are_linked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    weights, styles, links = tmp_path / "vgg.safetensors", tmp_path / "prints", tmp_path / "strong"
    save_networks(weights, VGGEncoder(("relu3_1",)))
    styles.mkdir()
    checks = np.indices((200, 220)).sum(0) // 4 % 2 * 255
    for name, contrast in (("faint", 0.1), ("strong", 1.0), ("plain", 0.0)):
        Image.fromarray((checks * contrast).astype(np.uint8)).save(styles / f"{name}.png")
    (styles / "broken.png").write_bytes(b"no picture")
    words = ["strong_styles.py", "--loss-network", str(weights), "--out", str(links), "--count", "2", str(styles)]
    monkeypatch.setattr("sys.argv", words)
    script("training/strong_styles.py").main()
    assert sorted(link.name for link in links.iterdir()) == ["prints_faint.png", "prints_strong.png"]
    assert (links / "prints_strong.png").samefile(styles / "strong.png")
    assert "skipped" in capsys.readouterr().out


def test_decoders_stand_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sheet, other = tmp_path / "sheet.png", tmp_path / "other.safetensors"
    save_networks(other, None, LiteDecoder(encoder=load_encoder("lite").fingerprint()))
    monkeypatch.setattr("sys.argv", ["decoder_sheet.py", str(sheet), "--model", "lite", "own=", f"untrained={other}"])
    script("training/decoder_sheet.py").main()
    with Image.open(sheet) as picture:
        columns = np.split(np.asarray(picture, dtype=float)[:, : picture.width // 4 * 4], 4, axis=1)
    assert picture.height > 4 * 192
    differences = [np.abs(first - second).mean() for first, second in combinations(columns, 2)]
    assert min(differences) > 5  # all four show something else


def test_the_bars_of_the_model_card_are_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = Path(__file__).parents[1] / "examples" / "pictures"
    content, style = pictures / "content" / "kingfisher.*", pictures / "style" / "s*"
    monkeypatch.setattr("sys.argv", ["lite_bars.py", "--content", str(content), "--style", str(style)])
    script("training/lite_bars.py").main()
    printed = dict(line.split(": ") for line in capsys.readouterr().out.splitlines())
    assert list(printed) == ["noise out / in", "alternation", "frame", "halo", "halo, photographs"]
    assert 0 < float(printed["halo"].split()[0]) < 0.01
