"""Finding, reading and replacing files."""

import errno
import io
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from adain_nodes.core.errors import ImageError, OutputError
from adain_nodes.imaging.files import find_images, read_bytes, replace_file


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


def test_replace_file_leaves_only_the_file(tmp_path: Path) -> None:
    target = tmp_path / ("n" * 200 + ".png")
    replace_file(target, b"old")
    replace_file(target, b"new")
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.skipif(os.name == "nt", reason="needs POSIX permissions and links")
def test_replace_file_follows_links_and_the_umask(tmp_path: Path) -> None:
    (tmp_path / "real.png").write_bytes(b"old")
    (tmp_path / "link.png").symlink_to(tmp_path / "real.png")
    before = os.umask(0o022)
    try:
        replace_file(tmp_path / "link.png", b"new")
    finally:
        os.umask(before)
    assert (tmp_path / "link.png").is_symlink()
    assert (tmp_path / "real.png").read_bytes() == b"new"
    assert (tmp_path / "real.png").stat().st_mode & 0o777 == 0o644


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(OutputError, match=r"its folder is a file\. Choose another folder"):
        replace_file(tmp_path / "file" / "a.png", b"data")
    with pytest.raises(OutputError, match=r"its folder does not exist\. Create the folder"):
        replace_file(tmp_path / "missing" / "a.png", b"data")
    with pytest.raises(OutputError, match="it is a folder"):
        replace_file(tmp_path / "folder.png", b"data")
    with pytest.raises(OutputError, match="cannot be written") as error:
        replace_file(tmp_path / ("n" * 300), b"data")
    assert error.value.facts["errno"] == errno.ENAMETOOLONG
    assert sorted(names(list(tmp_path.iterdir()))) == ["file", "folder.png"]


class FailingFile(io.FileIO):
    """A file whose disk gives up after three bytes."""

    code = errno.ENOSPC

    def write(self, data: bytes) -> int:
        super().write(data[:3])
        raise OSError(self.code, os.strerror(self.code))


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (errno.ENOSPC, r"the disk is full\. Free some space"),
        (errno.EACCES, "may not be written to"),
        (errno.EROFS, "its disk is read-only"),
        (errno.EIO, os.strerror(errno.EIO)),
    ],
)
def test_failed_write_keeps_the_old_file_and_no_partial_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, text: str
) -> None:
    target = tmp_path / "result.png"
    target.write_bytes(b"old")
    monkeypatch.setattr(FailingFile, "code", code)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "open", lambda path, mode: FailingFile(path, mode))
        with pytest.raises(OutputError, match=text):
            replace_file(target, b"new and longer")
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 KiB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount, unmount = shutil.which("mount"), shutil.which("umount")
    command = [mount or "mount", "-t", "tmpfs", "-o", "size=64k", "none", str(disk)]
    if not mount or not unmount or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("NO TINY DISK: mounting one needs root on Linux; the full disk is only imitated")
    yield disk
    subprocess.run([unmount, str(disk)], check=True)


def test_full_disk(tiny_disk: Path) -> None:
    target = tiny_disk / "result.png"
    replace_file(target, b"old")
    with pytest.raises(OutputError, match="the disk is full"):
        replace_file(target, bytes(100_000))
    assert target.read_bytes() == b"old"
    assert list(tiny_disk.iterdir()) == [target]
    replace_file(target, bytes(40_000))
    assert target.stat().st_size == 40_000
