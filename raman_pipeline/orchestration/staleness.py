"""What "current" means, for the command line and for the UI alike.

An asset is stale if Dagster finds it missing or older than its code version or its inputs. The code
version holds a hash of the settings and of the files that the asset reads (`Settings.version_of`).
An asset that stands in for something that could not be had is tried again; one that names what is
outdated, once that changed. The command line runs what `stale_assets` yields, and the sensor
`follow_up` requests the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import dagster as dg

from raman_pipeline.orchestration.dagster_internals import AssetGraph, IsStale, staleness

STAND_IN = "stand_in"
"""Metadata of an unpartitioned asset: whether it holds a substitute for what could not be had."""
OUTDATED = "outdated"
"""Metadata of an unpartitioned asset: `outdated_inputs` when it was made."""


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
        named = None if node.is_partitioned else _recorded(instance, key, OUTDATED)
        if (
            is_stale(key, partition)
            or node.parent_keys & stale
            or (named is not None and named != outdated_inputs(graph, instance, key, is_stale))
        ):
            stale |= node.execution_set_asset_keys
    stand_ins = {key for key in wanted if is_stand_in(graph, instance, key)}
    for key in graph.toposorted_asset_keys:
        if key in stale | stand_ins:
            yield key.to_user_string()


def is_stand_in(graph: AssetGraph, instance: dg.DagsterInstance, key: dg.AssetKey) -> bool:
    """Returns whether an asset holds a substitute for something that could not be had."""
    return not graph.get(key).is_partitioned and bool(_recorded(instance, key, STAND_IN))


def outdated_inputs(
    graph: AssetGraph, instance: dg.DagsterInstance, key: dg.AssetKey, is_stale: IsStale
) -> list[str]:
    """Returns the names of inputs that exist and are stale, or come from something that is.

    Of a training's partitions, which are many, the one made last counts: reports tell which ones
    they left out.
    """
    found: set[dg.AssetKey] = set()
    for other in graph.toposorted_asset_keys:
        node, last = graph.get(other), _last_made(instance, other)
        made: set[str | None] = {last.partition} if last else set()
        if last and isinstance(node.partitions_def, dg.StaticPartitionsDefinition):
            done = instance.get_materialized_partitions(other)
            made = {part for part in node.partitions_def.get_partition_keys() if part in done}
        if made and (node.parent_keys & found or any(is_stale(other, part) for part in made)):
            found.add(other)
    return sorted(name.to_user_string() for name in graph.get(key).parent_keys & found)


def _last_made(instance: dg.DagsterInstance, key: dg.AssetKey) -> dg.AssetMaterialization | None:
    event = instance.get_latest_materialization_event(key)
    return event.asset_materialization if event else None


def _recorded(instance: dg.DagsterInstance, key: dg.AssetKey, name: str) -> object:
    """Returns an entry of the metadata of the latest materialisation; None without one."""
    made = _last_made(instance, key)
    return made.metadata[name].value if made and name in made.metadata else None
