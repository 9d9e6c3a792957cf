"""Many visitors at once: no error, no picture of another, and memory that stays where it is.

``ADAIN_VISITORS_SECONDS`` makes it longer than the short time that the tests have; the figures are then in the output
of ``pytest -s``.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import NamedTuple

import psutil
import pytest
import torch
from gradio_client import Client, handle_file

from adain_nodes.imaging import read_image, write_image
from adain_nodes.resources import resource

SECONDS = float(os.environ.get("ADAIN_VISITORS_SECONDS", "6"))
VISITORS = 20
SETTLED = 60
"""Seconds after which memory counts: by then everything is loaded and the caches are full."""

GROWTH = 200e6
"""Bytes that memory may grow by after that."""

SWIRLS = resource("examples", "pictures", "style", "swirls.jpg")


class Visit(NamedTuple):
    """When a visitor's answer was there, in seconds since the start, and how long it took."""

    at: float
    took: float


def colour(number: int) -> torch.Tensor:
    """A visitor's own: alpha 0 gives it back nearly as it is, and nobody else's is near."""
    steps = torch.tensor([number % 3, number // 3 % 3, number // 9 % 3])
    return (0.2 + 0.3 * steps).reshape(1, 3, 1, 1)


def come_and_go(client: Client, photo: Path, number: int, started: float, until: float) -> list[Visit]:
    """One visitor, who asks again and again; each answer must be of the visitor's own photograph."""
    visits = []
    while time.monotonic() < until:
        begun = time.monotonic()
        alpha = round(0.3 * torch.rand(()).item(), 2)
        (before, after) = client.predict(
            photo=handle_file(photo), style=handle_file(SWIRLS), alpha=alpha, style_size=64, api_name="/preview"
        )
        now = time.monotonic()
        visits.append(Visit(now - started, now - begun))
        seen = read_image(before).rgb
        assert seen.shape == (1, 3, 96, 96 + number)
        assert (seen.mean((2, 3)) - colour(number).flatten()).abs().max() < 0.02
        assert read_image(after).rgb.shape == seen.shape
    return visits


def memory(server: psutil.Process) -> float:
    return server.memory_info().rss


@pytest.mark.slow
def test_many_visitors_at_once(connect, start, tmp_path):
    served = start()
    (process,) = [each for each in psutil.Process().children() if str(urlport(served.address)) in each.cmdline()]
    photos = [tmp_path / f"{number}.png" for number in range(VISITORS)]
    for number, photo in enumerate(photos):
        write_image(photo, colour(number).expand(1, 3, 96, 96 + number))
    clients = [connect(served.address) for _ in photos]
    started = time.monotonic()
    until = started + SECONDS
    used = []
    with ThreadPoolExecutor(VISITORS) as pool:
        jobs = [
            pool.submit(come_and_go, client, photo, number, started, until)
            for number, (client, photo) in enumerate(zip(clients, photos, strict=True))
        ]
        while time.monotonic() < until:
            time.sleep(min(1, SECONDS / 10))
            used.append((time.monotonic() - started, memory(process)))
        visits = [visit for job in jobs for visit in job.result()]
    took = [visit.took for visit in visits]
    print(f"\n{VISITORS} visitors, {max(visit.at for visit in visits):.0f} s: {len(visits)} previews, ", end="")
    print(f"answer after {median(took):.2f} s in the median and {max(took):.2f} s at most; ", end="")
    print(f"memory {used[0][1] / 1e6:.0f} MB at first, {used[-1][1] / 1e6:.0f} MB at last")
    assert len(visits) >= VISITORS
    late = [bytes for at, bytes in used if at >= SETTLED]
    if len(late) > 1:
        print(f"after {SETTLED} s: between {min(late) / 1e6:.0f} and {max(late) / 1e6:.0f} MB")
        assert max(late) - late[0] < GROWTH


def urlport(address: str) -> int:
    """The port of an address."""
    return int(address.rstrip("/").rpartition(":")[2])
