"""Schedules: the weekly check of RRUFF."""

import dagster as dg

from raman_pipeline.orchestration.jobs import INGEST, request_archive
from raman_pipeline.orchestration.partitions import ARCHIVES


@dg.schedule(
    job=INGEST,
    cron_schedule="0 5 * * 1",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every Monday: check every archive, and fetch those that changed.",
)
def weekly_refresh(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest]:
    """Requests one conditional fetch for each archive.

    On from the start where a daemon runs (`make ui`): a week without change costs ten HEAD
    requests. The `sample` profile reads a folder. The sensor `follow_up` requests what
    depends on a changed archive, up to the folds.
    """
    week = context.scheduled_execution_time.strftime("%G-W%V")
    return [
        request_archive(name, run_key=f"{week}:{name}") for name in ARCHIVES.get_partition_keys()
    ]
