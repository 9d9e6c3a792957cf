"""A real Ray cluster of two nodes on this machine, one of which is killed in the middle."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from adain_nodes.core.errors import AdaINError
from adain_nodes.dataset.cluster import on_ray
from adain_nodes.dataset.manifest import read_manifest
from adain_nodes.dataset.plan import plan, styles_of
from adain_nodes.dataset.run import Summary, stylize_dataset
from adain_nodes.dataset.stylist import Stylist

pytestmark = pytest.mark.filterwarnings(  # Ray's own
    "ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::ResourceWarning"
)


@pytest.fixture
def cluster() -> Iterator[Any]:
    """A node that cannot be spared, and one that can; each has one core to give."""
    pytest.importorskip("ray", reason="NOT TESTED ON A CLUSTER: Ray is not installed")
    import ray
    from ray.cluster_utils import Cluster

    node = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=node)
    cluster.spare = cluster.add_node(**node)
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@pytest.mark.slow
def test_lost_machine_changes_nothing(job, cluster, tmp_path):
    job = replace(job, copies=40)

    def make(items) -> Iterator[Any]:
        rows = on_ray(job, items, address=cluster.address, workers=2)
        for number, row in enumerate(rows):
            if number == 20:
                cluster.remove_node(cluster.spare, allow_graceful=False)
            yield row

    assert stylize_dataset(job, make) == Summary(made=240)
    rows = read_manifest(job.target)
    assert len({each["out"] for each in rows}) == len(rows) == 240
    alone = Stylist(replace(job, target=tmp_path / "alone"))
    expected = {item.out: alone(item)["sha256"] for item in plan(job, styles_of(job))}
    assert {each["out"]: each["sha256"] for each in rows} == expected


def test_cluster_that_does_not_answer_is_an_error(job):
    pytest.importorskip("ray", reason="NOT TESTED ON A CLUSTER: Ray is not installed")
    with pytest.raises(AdaINError, match=r"No Ray cluster answers at auto.*ray start --head"):
        stylize_dataset(job, partial(on_ray, job))


def test_ray_that_is_missing_is_named(job, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(AdaINError, match=r"Work on a cluster needs Ray\. Run `pip install"):
        stylize_dataset(job, partial(on_ray, job))
