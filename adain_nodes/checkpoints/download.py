"""Fetching the published weights of the catalogue."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

from filelock import FileLock

from adain_nodes.checkpoints.catalogue import Published, WeightFile
from adain_nodes.checkpoints.find import user_cache
from adain_nodes.checkpoints.transfer import Partial, Progress, TransientError, fetch, writing
from adain_nodes.checkpoints.verify import Verdict, verify
from adain_nodes.core.errors import DownloadError


def _silent(done: int, total: int) -> None:
    """Progress that nobody watches."""


def download(
    weight: WeightFile,
    folder: Path | None = None,
    *,
    progress: Progress = _silent,
    tries: int = 5,
    timeout: float = 30.0,
    sleep: Callable[[float], None] = time.sleep,
) -> Path:
    """Fetch weights into ``folder`` (the user cache unless given) and return the verified file.

    A file that is there already is verified and kept. An interrupted download goes on where it stopped; a second
    process that wants the same file waits for the first. Failures that may pass are tried again, ``tries`` times in
    all, after 1, 2, 4, … seconds; ``timeout`` is the longest silence of the server in seconds.
    ``ADAIN_WEIGHTS_MIRROR`` replaces the address before the file name, ``ADAIN_OFFLINE=1`` forbids any connection.
    Raises DownloadError when the file cannot be had, is not the catalogue's, or cannot be written.
    """
    published = weight.published
    if published is None:
        raise DownloadError(
            f"The weights {weight.name} are not published: they travel with the package.",
            "There is nothing to download.",
            name=weight.name,
        )
    target = (folder or user_cache()) / weight.filename
    if _is_there(target, weight):
        return target
    url = _address(weight.filename, published)
    lock = FileLock(f"{target}.lock")
    with writing(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
        held = lock.acquire()
    with held:
        if not _is_there(target, weight):
            part = Partial(target)
            _persist(lambda: fetch(url, part, published.bytes, progress, timeout), tries, sleep)
            _accept(part, target, weight, url)
    return target


def _is_there(target: Path, weight: WeightFile) -> bool:
    if not target.is_file():
        return False
    verdict = verify(target, weight).verdict
    if verdict is not Verdict.OK:
        raise DownloadError(
            f"{target} is there already and is {verdict.value}; it is left as it is.",
            "Move it away, then pull again.",
            path=target,
            verdict=verdict,
        )
    return True


def _address(filename: str, published: Published) -> str:
    if os.environ.get("ADAIN_OFFLINE", "0").lower() not in ("", "0", "false", "no", "off"):
        raise DownloadError(
            f"{filename} is not downloaded, because ADAIN_OFFLINE is set.",
            f"Unset it, or fetch {published.url} elsewhere and put it where `adain weights where` looks.",
            url=published.url,
        )
    mirror = os.environ.get("ADAIN_WEIGHTS_MIRROR")
    if not mirror:
        return published.url
    if not mirror.startswith(("https://", "http://")):
        raise DownloadError(
            f"ADAIN_WEIGHTS_MIRROR is {mirror!r}; an address that starts with https:// or http:// was expected.",
            "Correct or unset it.",
            mirror=mirror,
        )
    return f"{mirror.rstrip('/')}/{filename}"


def _persist(attempt: Callable[[], None], tries: int, sleep: Callable[[float], None]) -> None:
    for done in count(1):
        try:
            attempt()
            return
        except TransientError:
            if done >= tries:
                raise
        sleep(2.0 ** (done - 1))


def _accept(part: Partial, target: Path, weight: WeightFile, url: str) -> None:
    """Give a verified download its name; remove one that is not what the catalogue says."""
    found = verify(part.path, weight)
    if found.verdict is not Verdict.OK:
        part.discard()
        raise DownloadError(
            f"What {url} sent is {found.verdict.value}: sha256 {found.sha256}; the catalogue's file is another.",
            "Pull again; if it stays so, the server's file differs: try without ADAIN_WEIGHTS_MIRROR or another one.",
            url=url,
            verdict=found.verdict,
            sha256=found.sha256,
        )
    with writing(target):
        part.path.replace(target)
    part.discard()
