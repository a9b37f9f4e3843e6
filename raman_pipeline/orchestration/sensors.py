"""Sensors: archives that changed, and the assets that follow, short of training."""

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import date

import dagster as dg

from raman_pipeline.orchestration.dagster_internals import (
    NOT_FINISHED_STATUSES,
    RUN_KEY_TAG,
    AssetGraph,
    WorkerStatus,
    staleness,
)
from raman_pipeline.orchestration.jobs import INGEST, JOBS, assets_of, request_archive
from raman_pipeline.orchestration.partitions import ARCHIVES
from raman_pipeline.orchestration.resources import Rruff
from raman_pipeline.orchestration.staleness import is_stand_in, stale_assets
from raman_pipeline.rruff.zip_archive import ArchiveError

_DAY_S = 24 * 3600


@dg.sensor(
    job=INGEST,
    minimum_interval_seconds=_DAY_S,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Requests a fetch of the archives whose HTTP validators changed.",
)
def changed_archives(
    context: dg.SensorEvaluationContext, rruff: dg.ResourceParam[Rruff]
) -> dg.SensorResult:
    """Requests one run for each archive that differs from the cursor.

    The cursor is JSON, archive name to validator. An archive whose server does not
    answer keeps its old entry and is checked again next time.
    """
    seen: dict[str, str] = json.loads(context.cursor) if context.cursor else {}
    requests, silent = [], []
    for name in ARCHIVES.get_partition_keys():
        try:
            fingerprint = rruff.check_remote(name).fingerprint
        except ArchiveError as error:
            context.log.warning(str(error))
            silent.append(name)
            continue
        if seen.get(name) != fingerprint:
            requests.append(request_archive(name, run_key=f"{name}:{fingerprint}"))
            seen[name] = fingerprint
    if silent and len(silent) == len(ARCHIVES.get_partition_keys()):
        return dg.SensorResult(skip_reason=f"no answer from {rruff.settings.archives.location}")
    return dg.SensorResult(run_requests=requests, cursor=json.dumps(seen, sort_keys=True))


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Fails runs whose process was lost before it began, so that they are repeated.",
)
def lost_starts(context: dg.SensorEvaluationContext) -> dg.SkipReason:
    """Looks after runs that are starting: Dagster's daemon checks those that have begun."""
    instance, count = context.instance, 0
    launcher = instance.run_launcher
    if launcher.supports_check_run_worker_health:
        for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTING])):
            health = launcher.check_run_worker_health(run)
            if health.status == WorkerStatus.FAILED:
                instance.report_run_failed(run, health.msg or "its process was lost")
                count += 1
    return dg.SkipReason(f"{count} starting runs were lost")


FOLLOWED = ("ingest", "dataset", "folds", "features", "labelled", "library", "dataset_reports")
"""Jobs of every run, in their order: what needs no folds comes after them."""


def follow_up(definitions: Callable[[], dg.Definitions]) -> dg.SensorDefinition:
    """Returns the sensor that requests what is stale, as the command line does.

    That is everything short of training, and the page of all results.

    Args:
        definitions: builds them anew, so that changed files are seen without a reload.
    """

    @dg.sensor(
        name="follow_up",
        jobs=[job for job in JOBS if job.name in (*FOLLOWED, "index")],
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Requests what is stale, short of training, and the page of all results.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> list[dg.RunRequest] | dg.SkipReason:
        """Requests the stale assets of the first job that has any, unless one is running.

        What failed is requested again once its code, its settings or its inputs changed; a
        stand-in, once a day.
        """
        current, instance = definitions(), context.instance
        graph = current.resolve_asset_graph()
        members = {
            job: {*assets_of(current, job)} - {"rruff_archive"} for job in (*FOLLOWED, "index")
        }
        for run in instance.get_runs(dg.RunsFilter(statuses=NOT_FINISHED_STATUSES)):
            chosen = {key.to_user_string() for key in run.asset_selection or ()}
            if run.job_name in members or chosen & set().union(*members.values()):
                return dg.SkipReason(f"run {run.run_id} is not finished")
        fetched = instance.get_materialized_partitions(dg.AssetKey("rruff_archive"))

        is_stale = staleness(instance, graph)

        def stale(job: str) -> dict[str | None, list[str]]:
            keys = current.resolve_job_def(job).partitions_def
            partitions = keys.get_partition_keys() if keys else [None]
            found = {
                partition: list(stale_assets(graph, instance, members[job], partition, is_stale))
                for partition in partitions
                if job != "ingest" or partition in fetched
            }
            return {partition: assets for partition, assets in found.items() if assets}

        def waits_for_nothing(job: str) -> bool:
            names = {name for assets in due[job].values() for name in assets}
            return all(is_stand_in(graph, instance, dg.AssetKey(name)) for name in names)

        due = {job: stale(job) for job in members}
        # A stand-in is tried again beside the rest, which need not wait for the real thing.
        beside = [job for job in FOLLOWED if due[job] and waits_for_nothing(job)]
        first = [job for job in FOLLOWED if due[job] and job not in beside][:1]
        return [
            _request(graph, instance, job, partition, assets)
            for job in (*beside, *first, "index")
            for partition, assets in due[job].items()
        ]

    return sensor


def _request(
    graph: AssetGraph,
    instance: dg.DagsterInstance,
    job: str,
    partition: str | None,
    assets: Sequence[str],
) -> dg.RunRequest:
    """Returns a request whose key changes with code, settings and records of the inputs.

    A run that was killed, and did not fail in a step, is requested once more.
    """
    keys = [dg.AssetKey(asset) for asset in assets]

    def state(key: dg.AssetKey) -> tuple[str, str | float | None]:
        event = instance.get_latest_materialization_event(key)
        stands_in = is_stand_in(graph, instance, key)
        day = date.today().isoformat()
        return key.to_user_string(), day if stands_in else event and event.timestamp

    around = set(keys).union(*(graph.get(key).parent_keys for key in keys))
    versions = [graph.get(key).code_version for key in sorted(around)]
    about = [job, partition, assets, versions, [state(key) for key in sorted(around)]]
    run_key = hashlib.sha256(json.dumps(about).encode()).hexdigest()[:16]
    failed = dg.RunsFilter(tags={RUN_KEY_TAG: run_key}, statuses=[dg.DagsterRunStatus.FAILURE])
    if any(
        not instance.get_run_stats(run.run_id).steps_failed for run in instance.get_runs(failed)
    ):
        run_key += "-again"
    return dg.RunRequest(
        run_key=run_key, job_name=job, partition_key=partition, asset_selection=keys
    )
