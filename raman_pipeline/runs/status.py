"""The state of every asset, from Dagster's record.

What belongs here: what `raman-pipeline status` and the closing table of a run tell.
What does not: printing (see `raman_pipeline.cli.main`).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import dagster as dg
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetNode
from dagster._core.definitions.partitions.context import partition_loading_context

from raman_pipeline.definitions import build_definitions
from raman_pipeline.orchestration import jobs
from raman_pipeline.orchestration.asset_paths import asset_path
from raman_pipeline.runs.instance import open_instance
from raman_pipeline.settings import Settings

_MAX_EVENTS = 5000


@dataclass(frozen=True)
class AssetState:
    """One asset: how far it is and where it lies.

    Attributes:
        asset: its key.
        group: its group.
        partitions: how many it has; 1 where it is not partitioned.
        materialized: how many are there.
        failed: how many failed when last tried.
        rows: over all partitions; None where it has none.
        refused: members refused or rows left out; None where that has no meaning.
        bytes: on disk, over all partitions.
        last_time: of the newest materialisation, ISO 8601 in UTC; None before the first.
        where: a file, or the folder of the partitions.
    """

    asset: str
    group: str
    partitions: int
    materialized: int
    failed: int
    rows: int | None
    refused: int | None
    bytes: int | None
    last_time: str | None
    where: str | None

    def as_json(self) -> dict[str, object]:
        """Returns plain data."""
        return asdict(self)


@dataclass(frozen=True)
class _FailedRun:
    """A run that failed: what it was to make, in which partition, until when."""

    run_id: str
    assets: frozenset[dg.AssetKey]
    partition: str | None
    ended: float

    def outdates(self, record: dg.EventLogRecord) -> bool:
        """Whether this came after a materialisation and did not make it itself."""
        return record.timestamp < self.ended and record.run_id != self.run_id


def asset_states(settings: Settings) -> list[AssetState]:
    """Returns the state of every asset, in the order of the graph."""
    definitions = build_definitions(settings)
    graph = definitions.resolve_asset_graph()
    with open_instance(settings) as instance, partition_loading_context():
        failed_runs = _failed_runs(definitions, instance)
        return [
            _state(settings, instance, failed_runs, graph.get(key))
            for key in graph.toposorted_asset_keys
        ]


def _failed_runs(definitions: dg.Definitions, instance: dg.DagsterInstance) -> list[_FailedRun]:
    failures = dg.RunsFilter(statuses=[dg.DagsterRunStatus.FAILURE])
    found = []
    for record in instance.get_run_records(filters=failures, limit=_MAX_EVENTS):
        run = record.dagster_run
        named = [dg.AssetKey(a) for a in jobs.assets_of(definitions, run.job_name)]
        found.append(
            _FailedRun(
                run.run_id,
                frozenset(run.asset_selection or named),
                run.tags.get("dagster/partition"),
                record.end_time or record.update_timestamp.timestamp(),
            )
        )
    return found


def _state(
    settings: Settings,
    instance: dg.DagsterInstance,
    failed_runs: list[_FailedRun],
    node: BaseAssetNode,
) -> AssetState:
    keys = node.partitions_def.get_partition_keys() if node.partitions_def else [None]
    newest: dict[str | None, dg.EventLogRecord] = {}
    records = instance.fetch_materializations(node.key, limit=_MAX_EVENTS).records
    for record in records:  # newest first
        if record.partition_key in keys:
            newest.setdefault(record.partition_key, record)
    failed = {
        run.partition
        for run in failed_runs
        if node.key in run.assets
        and run.partition in keys
        and (run.partition not in newest or run.outdates(newest[run.partition]))
    }
    metadata = [
        r.asset_materialization.metadata for r in newest.values() if r.asset_materialization
    ]
    last = max((r.timestamp for r in newest.values()), default=None)
    return AssetState(
        asset=node.key.to_user_string(),
        group=node.group_name,
        partitions=len(keys),
        materialized=len(newest),
        failed=len(failed),
        rows=_total(metadata, "dagster/row_count"),
        refused=_total(metadata, "refused", "excluded"),
        bytes=_total(metadata, "bytes"),
        last_time=datetime.fromtimestamp(last, UTC).isoformat(timespec="seconds") if last else None,
        where=_where(settings, node, metadata) if newest else None,
    )


def _total(metadata: list, *names: str) -> int | None:
    values = [int(m[name].value) for m in metadata for name in names if name in m]
    return sum(values) if values else None


def _where(settings: Settings, node: BaseAssetNode, metadata: list) -> str:
    for preferred in ("report.md", "path"):
        if not node.is_partitioned and preferred in metadata[0]:
            return str(metadata[0][preferred].value)
    if node.key.to_user_string() == "rruff_archive":
        return str(settings.archive_store)
    return str(asset_path(settings.asset_store, node.key.to_user_string(), extension=""))
