"""One attempt to fetch a file over HTTP, going on where an earlier attempt stopped."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import NoReturn
from urllib.error import HTTPError
from urllib.request import Request, build_opener

from adain_nodes.core.errors import DownloadError

Progress = Callable[[int, int], None]
"""Called with the bytes that have arrived and the bytes of the whole file."""

_BLOCK = 1 << 20
_TRY_LATER = {408, 425, 429, 500, 502, 503, 504}
_RANGE_REFUSED = {400, 416, 501}
_CHECK_ADDRESS = "Check ADAIN_WEIGHTS_MIRROR if it is set, or fetch the file by other means (`adain weights where`)."
_CHECK_NETWORK = "Check the connection and HTTPS_PROXY, then pull again: what has arrived is kept."


class TransientError(DownloadError):
    """A failure that another attempt may not meet."""


class Partial:
    """A download in progress: ``<file>.part``, and beside it the ETag of the file that its bytes are of."""

    def __init__(self, target: Path) -> None:
        self.path = target.with_name(f"{target.name}.part")
        self._etag = target.with_name(f"{target.name}.part.etag")

    @property
    def size(self) -> int:
        """Bytes so far."""
        return self.path.stat().st_size if self.path.exists() else 0

    def range_headers(self) -> dict[str, str]:
        """What asks a server for the rest, or for the whole if its file has changed."""
        if not self.size:
            return {}
        etag = {"If-Range": self._etag.read_text()} if self._etag.exists() else {}
        return {"Range": f"bytes={self.size}-", **etag}

    def remember(self, etag: str) -> None:
        """Keep the ETag of a file that starts to arrive; weak ones do not vouch for bytes."""
        if etag.startswith('"'):
            self._etag.write_text(etag)
        else:
            self._etag.unlink(missing_ok=True)

    def discard(self) -> None:
        """Remove both files."""
        self.path.unlink(missing_ok=True)
        self._etag.unlink(missing_ok=True)


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the file system refuses below ``path`` into a DownloadError."""
    try:
        yield
    except OSError as error:
        raise DownloadError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Make room on the disk, or choose another folder with ADAIN_CACHE_DIR.",
            path=path,
        ) from error


def fetch(url: str, part: Partial, size: int, progress: Progress, timeout: float) -> None:
    """Bring the partial file to ``size`` bytes; a silence of ``timeout`` seconds ends the attempt.

    Proxies are those of ``HTTP_PROXY``, ``HTTPS_PROXY`` and ``NO_PROXY``. A server that knows no ranges, or whose
    file has changed, makes the file start over. The content is not verified.
    Raises TransientError for what another attempt may mend, DownloadError for the rest.
    """
    if part.size > size:
        part.discard()
    if part.size == size:
        return
    with _open(url, part, timeout) as response:
        start, total = _announced(response)
        _check_answer(url, response, total, size)
        if start not in (0, part.size):
            part.discard()
            raise TransientError(f"{url} sent another range than was asked for.", _CHECK_NETWORK, url=url)
        with writing(part.path):
            if start == 0:
                part.remember(response.headers.get("ETag", ""))
            with part.path.open("ab" if start else "wb") as file:
                for block in _blocks(url, response):
                    file.write(block)
                    progress(file.tell(), size)
                    if file.tell() > size:
                        break
    if part.size > size:
        part.discard()
        raise DownloadError(f"{url} sends more than the {size:,} bytes of the catalogue.", _CHECK_ADDRESS, url=url)
    if part.size < size:
        raise TransientError(f"{url} stopped after {part.size:,} of {size:,} bytes.", _CHECK_NETWORK, url=url)


def _open(url: str, part: Partial, timeout: float) -> HTTPResponse:
    ranged = part.range_headers()
    try:
        # A fresh opener, because the one of `urlopen` keeps the proxies of its first call.
        return build_opener().open(Request(url, headers={"User-Agent": "adain-nodes", **ranged}), timeout=timeout)
    except HTTPError as error:
        error.close()
        if ranged and error.code in _RANGE_REFUSED:
            part.discard()
            raise TransientError(f"{url} refuses to resume a download.", _CHECK_NETWORK, url=url) from error
        kind, remedy = (TransientError, _CHECK_NETWORK) if error.code in _TRY_LATER else (DownloadError, _CHECK_ADDRESS)
        raise kind(f"{url} answered {error.code} {error.reason}.", remedy, url=url, status=error.code) from error
    except (OSError, HTTPException) as error:
        _interrupted(url, error)


def _announced(response: HTTPResponse) -> tuple[int, int | None]:
    """Where in the file the answer starts (-1: not told) and how many bytes the whole file has (None: not told)."""
    if response.status == 206:
        told = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
        return (int(told[1]), None if told[2] == "*" else int(told[2])) if told else (-1, None)
    length = response.headers.get("Content-Length")
    return 0, int(length) if length else None


def _check_answer(url: str, response: HTTPResponse, total: int | None, size: int) -> None:
    if response.headers.get_content_type() == "text/html":
        raise DownloadError(
            f"{url} answered with a web page in place of the file.",
            "Open the address in a browser: a login or a network portal may be in the way.",
            url=url,
        )
    if total not in (None, size):
        raise DownloadError(
            f"{url} announces {total:,} bytes; the catalogue says {size:,}.", _CHECK_ADDRESS, url=url, bytes=total
        )


def _blocks(url: str, response: HTTPResponse) -> Iterator[bytes]:
    """The body as it arrives: `read1` hands over what came before a stall."""
    try:
        while block := response.read1(_BLOCK):
            yield block
    except (OSError, HTTPException) as error:
        _interrupted(url, error)


def _interrupted(url: str, error: OSError | HTTPException) -> NoReturn:
    reason = getattr(error, "reason", None) or error
    raise TransientError(f"The connection to {url} failed: {reason}.", _CHECK_NETWORK, url=url) from error
