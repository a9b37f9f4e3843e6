"""What is due: missing, or older than its inputs, its code or its settings.

What belongs here: the question to Dagster's record. What does not: running (see
`runner`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import dagster as dg
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContext


class _Loading(LoadingContext):
    """What the resolver asks for: the instance and a cache of loaders."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._loaders: dict = {}

    @property
    def instance(self) -> dg.DagsterInstance:
        return self._instance

    @property
    def loaders(self) -> dict:
        return self._loaders


def due_assets(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    assets: Iterable[str],
    partition: str | None,
) -> Iterator[str]:
    """Yields those of some assets, of one job, that are due in a partition.

    An asset is due where it is missing or stale by Dagster's own reckoning (code
    version, data versions of its inputs), and where another due asset of the job feeds
    it. A multi-asset is due as a whole.
    """
    graph: AssetGraph = definitions.resolve_asset_graph()
    resolver = CachingStaleStatusResolver(instance, graph, _Loading(instance))
    wanted = {dg.AssetKey(a) for a in assets}
    due: set[dg.AssetKey] = set()
    for key in graph.toposorted_asset_keys:
        if key not in wanted:
            continue
        node = graph.get(key)
        stale = resolver.get_status(key, partition) != StaleStatus.FRESH
        if stale or node.parent_keys & due:
            due |= node.execution_set_asset_keys
    for key in graph.toposorted_asset_keys:
        if key in due:
            yield key.to_user_string()
