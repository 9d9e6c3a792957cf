from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from PIL import Image

from adain_nodes.core.errors import ImageError, InvalidValueError, ShapeError
from adain_nodes.imaging import read_image
from adain_nodes.training.config import TrainingConfig
from adain_nodes.training.data import Batch, Pairs, Pictures, batches, warn_if_few

Configure = Callable[..., TrainingConfig]
Folders = tuple[Path, Path]


def pairs(folders: Folders, config: TrainingConfig, **options: bool) -> Pairs:
    contents, styles = (Pictures([folder], config.size, **options) for folder in folders)
    return Pairs(contents, styles, config)


def same(one: Batch, other: Batch) -> bool:
    return torch.equal(one.content, other.content) and torch.equal(one.style, other.style)


def test_batch(folders: Folders, config: Configure) -> None:
    batch = pairs(folders, config(batch=3))[0]
    assert batch.content.shape == batch.style.shape == (3, 3, 32, 32)
    assert batch.content.dtype == torch.float32
    assert 0 <= batch.content.min() < 0.1 < 0.9 < batch.content.max() <= 1
    assert batch.noisy is None
    assert batch.skipped == {}
    assert not torch.equal(batch.content[0], batch.content[1])


@pytest.mark.parametrize("cache", [False, True])
def test_a_batch_depends_on_seed_and_step_alone(folders: Folders, config: Configure, cache: bool) -> None:
    one, other = (pairs(folders, config(), cache=cache) for _ in range(2))
    in_turn = [one[step] for step in range(4)]
    torch.manual_seed(99)
    assert same(other[3], in_turn[3])  # asked for first, and with another global seed
    assert same(one[1], in_turn[1])  # asked for again
    assert not same(in_turn[0], in_turn[1])
    assert not same(pairs(folders, config(seed=1))[0], in_turn[0])


def test_a_picture_stays_what_it_is_in_a_longer_batch(folders: Folders, config: Configure) -> None:
    short, long = (pairs(folders, config(batch=size))[5] for size in (2, 4))
    assert torch.equal(short.content, long.content[:2])


def test_views_are_the_same_cuts_again(folders: Folders, config: Configure) -> None:
    seen: dict[str, dict[int, torch.Tensor]] = {"content": {}, "style": {}}
    again = 0
    one = pairs(folders, config(views=2, steps=30, flip=True))
    for step in range(30):
        batch = one[step]
        for kind, pictures, views in zip(seen, (batch.content, batch.style), batch.views, strict=True):
            for picture, view in zip(pictures, views.tolist(), strict=True):
                again += view in seen[kind]
                assert torch.equal(seen[kind].setdefault(view, picture), picture)
    assert again
    assert {kind: max(cuts) < 2 * count for (kind, cuts), count in zip(seen.items(), (6, 5), strict=True)}
    assert len({cut.numpy().tobytes() for cut in seen["content"].values()}) == len(seen["content"])
    assert pairs(folders, config())[0].views == (None, None)


@pytest.mark.parametrize("views", [0, 3])
def test_parts_of_a_batch(folders: Folders, config: Configure, views: int) -> None:
    batch = pairs(folders, config(batch=4, views=views, noise_weight=1.0))[0]
    parts = batch.parts(2)
    assert torch.equal(torch.cat([part.style for part in parts]), batch.style)
    assert torch.equal(torch.cat([part.noisy for part in parts]), batch.noisy)
    for kind in range(2):
        found = [part.views[kind] for part in parts]
        assert (found == [None, None]) if not views else torch.equal(torch.cat(found), batch.views[kind])


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_workers_change_nothing(folders: Folders, config: Configure) -> None:
    alone, helped = (list(batches(pairs(folders, config(steps=5, workers=workers)), 2)) for workers in (0, 2))
    assert len(alone) == len(helped) == 3
    assert all(same(*both) for both in zip(alone, helped, strict=True))


def test_crops_are_parts_of_the_picture(tmp_path: Path, config: Configure) -> None:
    rows, columns = np.mgrid[:40, :50]
    Image.fromarray(np.stack((rows, columns, 0 * rows), -1).astype(np.uint8)).save(tmp_path / "ramp.png")
    pictures = Pictures([tmp_path], 40)
    lefts, mirrored = set(), set()
    for step in range(40):
        crop = (Pairs(pictures, pictures, config(flip=True, batch=1))[step].content[0] * 255).round()
        top, left, right = crop[0, 0, 0], crop[1, 0, 0], crop[1, 0, -1]
        assert torch.equal(crop[0], (top + torch.arange(32.0))[:, None].expand(32, 32))
        assert abs(right - left) == 31
        lefts.add(int(min(left, right)))
        mirrored.add(bool(left > right))
    assert mirrored == {True, False}
    assert min(lefts) <= 2
    assert max(lefts) >= 16  # 18 is the last place


def test_noise(folders: Folders, config: Configure) -> None:
    batch = pairs(folders, config(noise_weight=1.0, noise=0.05, batch=8))[0]
    assert batch.noisy is not None
    inside = (batch.content > 0.2) & (batch.content < 0.8)
    assert (batch.noisy - batch.content)[inside].std() == pytest.approx(0.05, rel=0.05)
    assert batch.noisy.min() >= 0
    assert batch.noisy.max() <= 1


def test_weights(folders: Folders) -> None:
    pictures = Pictures([(folders[0], 1.0), (folders[1], 3.0)], 40)
    assert len(pictures) == 11
    drawn, random = 0, Random(0)
    first = [pictures.read(path) for path in sorted(folders[0].iterdir())]
    for _ in range(600):
        picture = pictures.draw(random)[1]
        drawn += any(np.array_equal(picture, other) for other in first)
    assert drawn / 600 == pytest.approx(6 / (6 + 3 * 5), abs=0.06)


def test_folders_inside_and_files(folders: Folders) -> None:
    assert len(Pictures([folders[0].parent], 40)) == 11
    assert len(Pictures([folders[0] / "0.png"], 40)) == 1


def test_pictures_in_memory(folders: Folders) -> None:
    """They are resized as files are, and drawn beside them."""
    file = folders[0] / "3.png"
    image = read_image(file).rgb
    memory, files = Pictures([image], 40), Pictures([file], 40)
    assert np.array_equal(memory.draw(Random(0))[1], files.draw(Random(0))[1])
    mixed = Pictures([folders[1], (torch.zeros(2, 3, 50, 60), 5.0)], 40)
    assert len(mixed) == 5 + 2
    black = sum(not mixed.draw(random)[1].any() for random in [Random(1)] * 300)
    assert black / 300 == pytest.approx(10 / 15, abs=0.08)
    with pytest.raises(ShapeError, match=r"B×3×H×W, not \(1, 40, 40, 3\)"):
        Pictures([torch.zeros(1, 40, 40, 3)], 40)


def test_corrupt_pictures_are_named_and_replaced(folders: Folders, config: Configure) -> None:
    broken = folders[0] / "broken.png"
    broken.write_bytes((folders[0] / "0.png").read_bytes()[:200])
    one, other = pairs(folders, config()), pairs(folders, config())
    taken = [one[step] for step in range(12)]
    assert list(taken[-1].skipped) == [broken]
    assert "broken.png" in taken[-1].skipped[broken]
    assert same(other[11], taken[11])  # whoever came across it first


def test_nothing_but_corrupt_pictures(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")
    with pytest.raises(ImageError, match=r"1 of 1 pictures cannot be read, .*a\.png"):
        Pictures([tmp_path], 40).draw(Random(0))


def test_wrong_sources(tmp_path: Path, folders: Folders) -> None:
    with pytest.raises(InvalidValueError, match="no pictures to train with"):
        Pictures([], 40)
    with pytest.raises(ImageError, match="No picture matches"):
        Pictures([tmp_path / "nowhere"], 40)
    with pytest.raises(InvalidValueError, match=r"weight of source 2 is 0; it must be more than 0"):
        Pictures([folders[1], (folders[0], 0.0)], 40)


def test_cache_reads_once(folders: Folders) -> None:
    pictures = Pictures([folders[0]], 40, cache=True)
    path = folders[0] / "0.png"
    before = pictures.read(path)
    path.unlink()
    assert np.array_equal(pictures.read(path), before)


def test_few_pictures_are_warned_about(folders: Folders, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "adain_nodes"):
        warn_if_few(*(Pictures([folder], 40) for folder in folders))
    assert [record.getMessage()[:25] for record in caplog.records] == [
        "Only 6 content picture(s)",
        "Only 5 style picture(s): ",
    ]


@pytest.mark.parametrize("size", [(500, 20), (20, 500)])
def test_of_very_long_pictures_the_middle_is_kept(tmp_path: Path, size: tuple[int, int]) -> None:
    pixels = np.zeros((size[1], size[0], 3), np.uint8)
    pixels[size[1] // 2 - 9 : size[1] // 2 + 9, size[0] // 2 - 9 : size[0] // 2 + 9] = 255
    Image.fromarray(pixels).save(tmp_path / "long.png")
    read = Pictures([tmp_path], 10).read(tmp_path / "long.png")
    assert sorted(read.shape[:2]) == [10, 40]
    assert read[read.shape[0] // 2, read.shape[1] // 2].min() == 255


def test_filling_the_cache_reads_every_picture_once(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    (folders[0] / "broken.png").write_bytes(b"no picture")
    kept, unkept = Pictures([folders[0]], 40, cache=True), Pictures([folders[0]], 40)
    for pictures in (kept, unkept):
        pictures.fill()
    assert list(kept.skipped) == [folders[0] / "broken.png"]
    assert not unkept.skipped  # nothing is kept there: nothing is read
    read = []
    monkeypatch.setattr("adain_nodes.training.data.read_image", read.append)
    kept.sample(Random(0), 3)
    assert not read
