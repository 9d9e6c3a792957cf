"""The work of a data set, done by a cluster: Ray Data hands out the items and survives the loss of machines."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from adain_nodes.core.errors import AdaINError
from adain_nodes.dataset.manifest import Row
from adain_nodes.dataset.plan import Item, Job
from adain_nodes.dataset.stylist import Stylist

BLOCK = 16
"""Items that are handed out together, and made again together when a machine is lost."""


def on_ray(
    job: Job,
    items: Sequence[Item],
    *,
    address: str = "auto",
    workers: int = 1,
    device: str = "auto",
    dtype: str = "auto",
) -> Iterator[Row]:
    """The rows of items, made by ``workers`` actors of the Ray cluster at ``address`` ("local" starts one here).

    Each actor takes one core, and one GPU where ``device`` is "cuda". Source, target and styles must be the same
    folders on every machine. What a lost machine was at is made again by another, to the same bytes.
    Raises AdaINError without Ray, or where no cluster answers.
    """
    try:
        import ray
        from ray.data import ActorPoolStrategy
    except ImportError as error:
        raise AdaINError("Work on a cluster needs Ray.", 'Run `pip install "ray[data]"`.') from error
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # a cluster that starts here reports to nobody
    try:
        _knock(address)
        ray.init(address=address, ignore_reinit_error=True, log_to_driver=False)
    except (OSError, ValueError) as error:
        raise AdaINError(
            f"No Ray cluster answers at {address}: {error}.", "Start one with `ray start --head`, or use --ray local."
        ) from error
    data = ray.data.from_items([asdict(item) for item in items], override_num_blocks=max(1, -(-len(items) // BLOCK)))
    rows = data.map(
        _Actor,  # pyright: ignore[reportArgumentType] (typed for functions)
        fn_constructor_args=(job, device, dtype),
        compute=ActorPoolStrategy(size=workers),
        num_cpus=1,
        num_gpus=1 if device == "cuda" else 0,
    )
    yield from rows.iter_rows()


def _knock(address: str) -> None:
    """Raise OSError where nobody listens at HOST:PORT: Ray would try for minutes, and then end the process."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon:
        socket.create_connection((host, int(port)), timeout=10).close()


class _Actor:
    def __init__(self, job: Job, device: str, dtype: str) -> None:
        self._stylist = Stylist(job, device=device, dtype=dtype)

    def __call__(self, item: dict[str, Any]) -> dict[str, Any]:
        return dict(self._stylist(Item(**item)))
