"""What is due: missing, or older than its inputs, its code or its settings.

What belongs here: the question to Dagster's record. What does not: running (see
`runner`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import dagster as dg
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from dagster._core.definitions.data_version import (
    CachingStaleStatusResolver,
    StaleStatus,
    extract_data_provenance_from_entry,
)
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


def stale_assets(
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
        stale = stale or _has_first_partitions(graph, instance, key)
        if stale or node.parent_keys & due:
            due |= node.execution_set_asset_keys
    for key in graph.toposorted_asset_keys:
        if key in due:
            yield key.to_user_string()


def _has_first_partitions(
    graph: AssetGraph, instance: dg.DagsterInstance, key: dg.AssetKey
) -> bool:
    """Says whether an input in partitions, of which there were none, now has some.

    Dagster compares partitions from the last one that was there; without one it finds no
    difference (`CachingStaleStatusResolver._is_dep_updated`, 1.13).
    """
    record = instance.get_latest_data_version_record(key)
    if graph.get(key).is_partitioned or record is None:
        return False
    provenance = extract_data_provenance_from_entry(record.event_log_entry)
    before = provenance.input_storage_ids if provenance else {}
    return any(
        parent in before
        and before[parent] is None
        and graph.get(parent).is_partitioned
        and instance.get_latest_materialization_event(parent) is not None
        for parent in graph.get(key).parent_keys
    )
