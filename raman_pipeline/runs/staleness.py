"""Which assets are stale: missing, or older than their inputs, their code or their settings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import dagster as dg

from raman_pipeline.runs.dagster_internals import AssetGraph, input_records, staleness


def stale_assets(
    definitions: dg.Definitions,
    instance: dg.DagsterInstance,
    assets: Iterable[str],
    partition: str | None,
) -> Iterator[str]:
    """Yields those of some assets, of one job, that are stale in a partition.

    An asset is stale if Dagster finds it missing or stale (code version, data versions of
    its inputs), or if it has an input among the stale assets of the job. A multi-asset is
    stale as a whole.
    """
    graph: AssetGraph = definitions.resolve_asset_graph()
    is_stale = staleness(instance, graph)
    wanted = {dg.AssetKey(a) for a in assets}
    stale: set[dg.AssetKey] = set()
    for key in graph.toposorted_asset_keys:
        if key not in wanted:
            continue
        node = graph.get(key)
        itself = is_stale(key, partition) or _has_first_partitions(graph, instance, key)
        if itself or node.parent_keys & stale:
            stale |= node.execution_set_asset_keys
    for key in graph.toposorted_asset_keys:
        if key in stale:
            yield key.to_user_string()


def _has_first_partitions(
    graph: AssetGraph, instance: dg.DagsterInstance, key: dg.AssetKey
) -> bool:
    """Returns whether a partitioned input, which had no partition before, now has one.

    Dagster compares partitions with the last one that existed; without one it finds no
    difference (`CachingStaleStatusResolver._is_dep_updated`, 1.13).
    """
    if graph.get(key).is_partitioned:
        return False
    used = input_records(instance, key)
    return any(
        parent in used
        and used[parent] is None
        and graph.get(parent).is_partitioned
        and instance.get_latest_materialization_event(parent) is not None
        for parent in graph.get(key).parent_keys
    )
