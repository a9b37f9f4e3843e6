"""All that this project uses of Dagster beyond its public interface.

Dagster may change these names in any release: `test_dagster_internals` states what is expected
of each, and fails first after an upgrade. No other module imports `dagster._core`.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeAlias

import dagster as dg
from alembic.script import ScriptDirectory
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from dagster._core.definitions.assets.graph.asset_graph_subset import AssetGraphSubset
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetNode
from dagster._core.definitions.data_version import (
    CachingStaleStatusResolver,
    StaleStatus,
    extract_data_provenance_from_entry,
    extract_data_version_from_entry,
)
from dagster._core.definitions.partitions.context import partition_loading_context
from dagster._core.execution.backfill import (
    BULK_ACTION_TERMINAL_STATUSES,
    BulkActionsFilter,
    BulkActionStatus,
    PartitionBackfill,
)
from dagster._core.execution.plan.objects import StepFailureData
from dagster._core.launcher import CheckRunHealthResult as WorkerHealth
from dagster._core.launcher import LaunchRunContext, WorkerStatus
from dagster._core.loader import LoadingContext
from dagster._core.storage import local_compute_log_manager
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES
from dagster._core.storage.event_log.sqlite import sqlite_event_log
from dagster._core.storage.runs.sqlite import sqlite_run_storage
from dagster._core.storage.schedules.sqlite import sqlite_schedule_storage
from dagster._core.storage.tags import (
    BACKFILL_ID_TAG,
    HIDDEN_TAG_PREFIX,
    PARTITION_NAME_TAG,
    RETRY_ON_ASSET_OR_OP_FAILURE_TAG,
    RUN_KEY_TAG,
    WILL_RETRY_TAG,
)
from dagster._core.utils import make_new_backfill_id
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import QueuePool

__all__ = [
    "BACKFILL_ID_TAG",
    "HIDDEN_TAG_PREFIX",
    "NOT_FINISHED_STATUSES",
    "PARTITION_NAME_TAG",
    "RETRY_ON_ASSET_OR_OP_FAILURE_TAG",
    "RUN_KEY_TAG",
    "WILL_RETRY_TAG",
    "AssetGraph",
    "BaseAssetNode",
    "IsStale",
    "LaunchRunContext",
    "PartitionBackfill",
    "WorkerHealth",
    "WorkerStatus",
    "assets_of_run",
    "data_version",
    "failure_message",
    "lasting_engines",
    "output_as_it_comes",
    "partition_loading_context",
    "request_backfill",
    "staleness",
    "unfinished_backfills",
]


class _Loading(LoadingContext):
    """The instance and a cache of loaders, as the resolver needs them."""

    def __init__(self, instance: dg.DagsterInstance) -> None:
        self._instance = instance
        self._loaders: dict = {}

    @property
    def instance(self) -> dg.DagsterInstance:
        return self._instance

    @property
    def loaders(self) -> dict:
        return self._loaders


IsStale: TypeAlias = Callable[[dg.AssetKey, str | None], bool]
"""Whether an asset partition is missing or stale."""


def staleness(instance: dg.DagsterInstance, graph: AssetGraph) -> IsStale:
    """Returns a function that says whether an asset partition is missing or stale.

    Dagster compares the code version and the data versions of the inputs with those that were
    recorded; the UI shows the same. Only of a partitioned input that had no partition before and
    now has one it finds no difference (`CachingStaleStatusResolver._is_dep_updated`, 1.13).
    """
    resolver = CachingStaleStatusResolver(instance, graph, _Loading(instance))

    def has_first_partitions(key: dg.AssetKey) -> bool:
        record = (
            None if graph.get(key).is_partitioned else instance.get_latest_data_version_record(key)
        )
        used = extract_data_provenance_from_entry(record.event_log_entry) if record else None
        return used is not None and any(
            used.input_storage_ids.get(parent, 0) is None
            and graph.get(parent).is_partitioned
            and instance.get_latest_materialization_event(parent) is not None
            for parent in graph.get(key).parent_keys
        )

    return lambda key, partition: (
        resolver.get_status(key, partition) != StaleStatus.FRESH or has_first_partitions(key)
    )


def data_version(instance: dg.DagsterInstance, key: dg.AssetKey, partition: str) -> str | None:
    """Returns the data version of an asset partition; None where it was never made."""
    record = instance.get_latest_data_version_record(key, partition_key=partition)
    found = extract_data_version_from_entry(record.event_log_entry) if record else None
    return found.value if found else None


def failure_message(failure: StepFailureData) -> str:
    """Returns why a step failed, in one line of the asset's own words where it has any."""
    if failure.user_failure_data and failure.user_failure_data.description:
        return failure.user_failure_data.description
    error = failure.error
    # Dagster wraps what an asset raises; what lies behind that is for the log.
    if error is not None and error.cause is not None:
        error = error.cause
    text = error.message.strip() if error else "failed"
    return text.split(": ", 1)[-1] if text.startswith("raman_pipeline.") else text


def assets_of_run(context: LaunchRunContext) -> list[BaseAssetNode]:
    """Returns the assets that a run to be launched makes."""
    run = context.dagster_run
    if context.workspace is None:
        return []
    graph = context.workspace.asset_graph
    keys = run.asset_selection or graph.get_materialization_asset_keys_for_job(run.job_name)
    return [graph.get(key) for key in keys if graph.has(key)]


def request_backfill(
    instance: dg.DagsterInstance,
    graph: AssetGraph,
    partitions: Mapping[str, Iterable[str | None]],
    title: str,
) -> str:
    """Requests from the daemon that asset partitions are made; returns the id of the backfill.

    Args:
        instance: whose daemon.
        graph: of the assets.
        partitions: asset to partitions; to None alone where it has no partitions.
        title: shown in the UI.
    """
    keys = {dg.AssetKey(asset): set(chosen) for asset, chosen in partitions.items()}
    subsets, whole = {}, set()
    for key, chosen in keys.items():
        definition = graph.get(key).partitions_def
        if definition is None:
            whole.add(key)
        else:
            subsets[key] = definition.subset_with_partition_keys(sorted(filter(None, chosen)))
    backfill = PartitionBackfill.from_asset_graph_subset(
        backfill_id=make_new_backfill_id(),
        backfill_timestamp=time.time(),
        tags={},
        dynamic_partitions_store=instance,
        asset_graph_subset=AssetGraphSubset(subsets, whole),  # type: ignore[call-arg]
        title=title,
        description=None,
        run_config=None,
    )
    instance.add_backfill(backfill)
    return backfill.backfill_id


def unfinished_backfills(instance: dg.DagsterInstance) -> list[PartitionBackfill]:
    """Returns the backfills that the daemon has not ended."""
    open_ones = [s for s in BulkActionStatus if s not in BULK_ACTION_TERMINAL_STATUSES]
    return list(instance.get_backfills(filters=BulkActionsFilter(statuses=open_ones)))


@contextmanager
def lasting_engines() -> Iterator[None]:
    """Keeps what Dagster makes anew for every statement or run, half of the time of a short step.

    These are the engines and connections of its databases, and the scripts of its migrations. A
    commit waits for the disk only when the write-ahead log is copied: a killed process loses
    nothing, a power failure the last events, whose assets are made again. After an error all
    connections are closed, which removes the logs: on a full disk the end of a failed run could not
    be recorded.
    """
    made: dict[str, Any] = {}

    def engine(url: str, **options: Any) -> Engine:
        if url not in made:
            lasting: Any = create_engine(url, **options | {"poolclass": QueuePool})
            event.listen(lasting, "connect", _write_ahead)
            event.listen(lasting, "handle_error", close_after)
            # Dagster calls it after each event; the UI watches the file for new ones.
            lasting.dispose = partial(os.utime, lasting.url.database)
            made[url] = lasting
        return made[url]

    def close() -> None:
        for lasting in made.values():
            lasting.pool.dispose()

    def close_after(context: ExceptionContext) -> None:
        if isinstance(context.sqlalchemy_exception, OperationalError):
            close()

    patches: list[tuple[Any, str, Any]] = [
        (ScriptDirectory, "from_config", cache(ScriptDirectory.from_config))
    ]
    for module in (sqlite_event_log, sqlite_run_storage, sqlite_schedule_storage):
        patches.append((module, "create_engine", engine))
        patches.append((module, "get_alembic_config", cache(module.get_alembic_config)))
    former = [(owner, name, vars(owner)[name]) for owner, name, _ in patches]
    for patch in patches:
        setattr(*patch)
    try:
        yield
    finally:
        close()
        for patch in former:
            setattr(*patch)


@contextmanager
def output_as_it_comes() -> Iterator[None]:
    """Lets what a run prints go to the terminal as it comes.

    Dagster writes it to two files, which four processes of each run copy to the terminal, and loses
    what was printed last. The files stay empty.
    """

    @contextmanager
    def unchanged(stream: object, path: str) -> Iterator[None]:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).touch()
        yield

    patched: Any = local_compute_log_manager
    former = patched.mirror_stream_to_file
    patched.mirror_stream_to_file = unchanged
    try:
        yield
    finally:
        patched.mirror_stream_to_file = former


def _write_ahead(connection: Any, record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
