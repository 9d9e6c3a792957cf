"""Replacing files."""

import errno
import io
import os
from pathlib import Path

import pytest

from adain_nodes.core.errors import OutputError
from adain_nodes.core.files import LONGEST, make_folder, replace_file, shortened


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
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.png"]


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"file/a cannot be made: Not a directory\. Choose another folder") as error:
        make_folder(tmp_path / "file" / "a")
    assert error.value.facts["errno"] == errno.ENOTDIR


@pytest.mark.parametrize("letter", ["n", "ü", "絵"])
def test_long_names_are_cut_between_letters(tmp_path: Path, letter: str) -> None:
    assert shortened("photo_style") == "photo_style"
    stem = shortened(letter * 300)
    assert LONGEST - len(letter.encode()) < len(stem.encode()) <= LONGEST
    assert set(stem) == {letter}
    replace_file(tmp_path / f"{stem}-2.png", b"data")


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


def test_full_disk(tiny_disk: Path) -> None:
    target = tiny_disk / "result.png"
    replace_file(target, b"old")
    with pytest.raises(OutputError, match="the disk is full"):
        replace_file(target, bytes(100_000))
    assert target.read_bytes() == b"old"
    assert list(tiny_disk.iterdir()) == [target]
    replace_file(target, bytes(40_000))
    assert target.stat().st_size == 40_000
