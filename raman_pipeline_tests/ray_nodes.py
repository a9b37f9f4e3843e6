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

    Its `dashboard` is what RAY_ADDRESS names, `workers` its nodes beside the head; `begin` starts
    another head at the same address after the first was removed, `join` adds a node.
    """
    from ray.cluster_utils import Cluster

    port, agent = _free_port(), _free_port()
    former = dict(os.environ)
    os.environ.update(environment)
    try:
        head = {"include_dashboard": True, "dashboard_port": port, "num_gpus": gpus}
        # The usual one may be that of another cluster; then no job could be sent.
        head["dashboard_agent_listen_port"] = agent
        node = {"num_cpus": 1, "object_store_memory": _STORE}
        cluster = Cluster()
        cluster.dashboard, cluster.workers = f"http://127.0.0.1:{port}", []
        cluster.begin = lambda: cluster.add_node(**head, **node)
        cluster.join = lambda: cluster.workers.append(cluster.add_node(**node))
        cluster.begin()
        for _ in range(count - 1):
            cluster.join()
    finally:
        os.environ.clear()
        os.environ.update(former)
    try:
        yield cluster
    finally:
        cluster.shutdown()


def _free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]
