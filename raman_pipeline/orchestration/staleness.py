"""What "current" means, for the command line and for the UI alike.

An asset is stale if Dagster finds it missing or older than its code version or its inputs. The code
version holds a hash of the settings and of the files that the asset reads (`Settings.version_of`).
An asset that stands in for something that could not be had is tried again. The command line runs
what `stale_assets` yields, and the sensor `follow_up` requests the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import dagster as dg

from raman_pipeline.orchestration.dagster_internals import (
    AssetGraph,
    IsStale,
    input_records,
    staleness,
)

STAND_IN = "stand_in"
"""Metadata of an unpartitioned asset: whether it holds a substitute for what could not be had."""


def stale_assets(
    graph: AssetGraph,
    instance: dg.DagsterInstance,
    assets: Iterable[str],
    partition: str | None,
    is_stale: IsStale | None = None,
) -> Iterator[str]:
    """Yields those of some assets, of one job, that are stale in a partition.

    Besides the stale ones themselves, these are all that have an input among the stale assets of
    the job; what depends on a stand-in alone is stale once that was replaced. A multi-asset is
    stale as a whole.

    Args:
        graph: of the assets.
        instance: where they are recorded.
        assets: names.
        partition: of the job, None if it has none.
        is_stale: `staleness`, shared by calls between which nothing runs: it caches what it
            read.
    """
    is_stale = is_stale or staleness(instance, graph)
    wanted = {dg.AssetKey(a) for a in assets}
    stale: set[dg.AssetKey] = set()
    for key in graph.toposorted_asset_keys:
        if key not in wanted:
            continue
        node = graph.get(key)
        itself = is_stale(key, partition) or _has_first_partitions(graph, instance, key)
        if itself or node.parent_keys & stale:
            stale |= node.execution_set_asset_keys
    stand_ins = {key for key in wanted if is_stand_in(graph, instance, key)}
    for key in graph.toposorted_asset_keys:
        if key in stale | stand_ins:
            yield key.to_user_string()


def is_stand_in(graph: AssetGraph, instance: dg.DagsterInstance, key: dg.AssetKey) -> bool:
    """Returns whether an asset holds a substitute for something that could not be had."""
    if graph.get(key).is_partitioned:
        return False
    event = instance.get_latest_materialization_event(key)
    made = event.asset_materialization if event else None
    return made is not None and STAND_IN in made.metadata and bool(made.metadata[STAND_IN].value)


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
