"""Schedules: the weekly look at RRUFF.

What belongs here: what runs by the clock.
"""

import dagster as dg

from raman_pipeline.orchestration.jobs import INGEST, request_archive
from raman_pipeline.orchestration.partitions import ARCHIVES


@dg.schedule(
    job=INGEST,
    cron_schedule="0 5 * * 1",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Every Monday: ask for every archive, and fetch what changed.",
)
def weekly_refresh(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest]:
    """Requests one conditional fetch for each archive.

    On from the start wherever a daemon runs (`make ui`): who opens the UI of the profile
    that reads from RRUFF has asked for it, and a week without change costs ten HEAD
    requests. The `sample` profile looks into a folder. What follows up to the folds is
    for the sensor `follow_up`.
    """
    week = context.scheduled_execution_time.strftime("%G-W%V")
    return [
        request_archive(name, run_key=f"{week}:{name}") for name in ARCHIVES.get_partition_keys()
    ]
