"""Finding and reading files."""

from pathlib import Path

import pytest

from adain_nodes.core.errors import ImageError
from adain_nodes.imaging.files import find_images, read_bytes


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    names = [
        "p10.png",
        "p2.PNG",
        "p1.jpeg",
        "notes.txt",
        ".hidden.png",
        "sub/p3.webp",
        "sub/deep/p4.tif",
        ".dark/p5.png",
    ]
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.png").mkdir()
    return tmp_path


def names(paths: list[Path]) -> list[str]:
    return [path.name for path in paths]


def test_folder_gives_its_pictures_in_natural_order(folder: Path) -> None:
    assert names(find_images([folder])) == ["p1.jpeg", "p2.PNG", "p10.png"]
    assert names(find_images([str(folder)], recursive=True)) == ["p1.jpeg", "p2.PNG", "p10.png", "p4.tif", "p3.webp"]


def test_folder_and_order_of_any_spelling(tmp_path: Path) -> None:
    folder = tmp_path / "holiday [2024] *"
    folder.mkdir()
    for name in ("B1.png", "a2.png", "b01.png", "C.png"):
        (folder / name).touch()
    assert names(find_images([folder])) == ["a2.png", "B1.png", "b01.png", "C.png"]


def test_glob_gives_the_pictures_that_match(folder: Path) -> None:
    assert names(find_images([folder / "p1*"])) == ["p1.jpeg", "p10.png"]
    assert names(find_images([folder / "*"])) == ["p1.jpeg", "p2.PNG", "p10.png"]
    assert names(find_images([folder / "**" / "*.[tw]*"])) == ["p4.tif", "p3.webp"]


def test_patterns_keep_their_order_and_files_come_once(folder: Path) -> None:
    patterns = [folder / "p2.PNG", folder, folder / "sub" / ".." / "p10.png", folder / "sub"]
    assert names(find_images(patterns)) == ["p2.PNG", "p1.jpeg", "p10.png", "p3.webp"]


def test_named_file_is_taken_as_it_is(folder: Path) -> None:
    odd = folder / "odd [1]*.png"
    odd.touch()
    assert find_images([folder / "notes.txt", folder / ".hidden.png", odd]) == [
        folder / "notes.txt",
        folder / ".hidden.png",
        odd,
    ]


def test_home_folder_is_known(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.setenv("USERPROFILE", str(folder))
    assert names(find_images(["~/p2.*"])) == ["p2.PNG"]


@pytest.mark.parametrize("pattern", ["nothing.png", "*.gif", "folder.png", ".dark/*.jpg"])
def test_pattern_without_a_match_is_named(folder: Path, pattern: str) -> None:
    with pytest.raises(ImageError, match="No picture matches") as error:
        find_images([folder, folder / pattern])
    assert error.value.facts["pattern"] == folder / pattern
    assert ".webp" in error.value.remedy


def test_read_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    assert read_bytes(tmp_path / "a") == b"content"
    with pytest.raises(ImageError, match="does not exist"):
        read_bytes(tmp_path / "b")
