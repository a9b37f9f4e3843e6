"""The status of every asset, from Dagster's record."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import dagster as dg

from raman_pipeline.common.storage import StorePath, in_order
from raman_pipeline.orchestration import jobs
from raman_pipeline.orchestration.asset_paths import asset_files
from raman_pipeline.orchestration.build import build_definitions
from raman_pipeline.orchestration.dagster_internals import (
    PARTITION_NAME_TAG,
    BaseAssetNode,
    partition_loading_context,
)
from raman_pipeline.report_index.store import Store
from raman_pipeline.runs.instance import open_instance
from raman_pipeline.settings import Settings

_MAX_EVENTS = 5000


@dataclass(frozen=True)
class AssetState:
    """The status of one asset.

    Attributes:
        asset: its key.
        group: its group.
        partitions: number of partitions; 1 if it is not partitioned.
        materialized: number of materialised partitions.
        failed: number of partitions that failed when last tried.
        rows: over all partitions; None if it has none.
        refused: members refused or rows left out; None if that has no meaning.
        bytes: on disk, over all partitions.
        last_time: of the latest materialisation, ISO 8601 in UTC; None before the first.
        where: its report, else its file, else the folder of its partitions.
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
    """A failed run: its assets, its partition, and when it ended."""

    run_id: str
    assets: frozenset[dg.AssetKey]
    partition: str | None
    ended: float

    def outdates(self, record: dg.EventLogRecord) -> bool:
        """Returns whether this run ended after a materialisation of another run."""
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


def leftovers(settings: Settings, assets: Iterable[str]) -> list[StorePath]:
    """Returns files and folders of the store that belong to no asset, by name.

    Earlier versions of this package made them under names of assets that were since renamed.

    Args:
        settings: of the profile.
        assets: names of all assets.
    """
    known = set(assets)
    return [
        path
        for folder in (settings.asset_store, settings.figure_store)
        if folder.is_dir()
        for path in in_order(folder.iterdir())
        if not path.name.startswith(".")
        and path.name.split(".")[0] not in known
        and path != settings.index_page
    ]


def profiles(settings: Settings) -> set[str]:
    """Returns the profiles that the reports of the store name, which may not be that in use."""
    store = Store(settings.asset_store, settings.figure_store)
    written = [path.parent.name for path in settings.figure_store.glob("*/report.md")]
    return {store.protocol(name, "profile").partition(": ")[2] for name in written} - {""}


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
                run.tags.get(PARTITION_NAME_TAG),
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
        where=_where(settings, node.key.to_user_string()) if newest else None,
    )


def _total(metadata: list, *names: str) -> int | None:
    values = [int(m[name].value) for m in metadata for name in names if name in m]
    return sum(values) if values else None


def _where(settings: Settings, asset: str) -> str:
    report = settings.figure_store / asset / "report.md"
    if report.exists():
        return str(report)
    if asset == "rruff_archive":
        return str(settings.archive_store)
    files = asset_files(settings.asset_store, asset)
    return str(files.get(None, settings.asset_store / asset))
