"""Ray nodes of one's own on this machine; no process of another cluster is touched."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
_STORE = 80 * 2**20


@contextmanager
def ray_nodes(count: int, environment: dict[str, str], gpus: int = 0) -> Iterator:
    """Starts a head and more nodes of one CPU each, with an environment; yields the cluster.

    Its `dashboard` is what RAY_ADDRESS names, `workers` its nodes beside the head.
    """
    from ray.cluster_utils import Cluster

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    former = dict(os.environ)
    os.environ.update(environment)
    try:
        head = {"include_dashboard": True, "dashboard_port": port, "num_gpus": gpus}
        node = {"num_cpus": 1, "object_store_memory": _STORE}
        cluster = Cluster(initialize_head=True, head_node_args=head | node)
        cluster.dashboard = f"http://127.0.0.1:{port}"
        cluster.workers = [cluster.add_node(**node) for _ in range(count - 1)]
    finally:
        os.environ.clear()
        os.environ.update(former)
    try:
        yield cluster
    finally:
        cluster.shutdown()
