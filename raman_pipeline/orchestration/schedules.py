"""Schedules: the weekly look at RRUFF.

What belongs here: what runs by the clock.
"""

import dagster as dg

from raman_pipeline.orchestration.jobs import INGEST, ask_for
from raman_pipeline.orchestration.partitions import ARCHIVES


@dg.schedule(
    job=INGEST,
    cron_schedule="0 5 * * 1",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.STOPPED,
    description="Every Monday: ask for every archive, and fetch what changed.",
)
def weekly_refresh(context: dg.ScheduleEvaluationContext) -> list[dg.RunRequest]:
    """Requests one conditional fetch for each archive.

    Off by default, so that nothing is contacted before a person says so; with the
    automation sensor on, what follows up to the folds is materialised too.
    """
    week = context.scheduled_execution_time.strftime("%G-W%V")
    return [ask_for(name, run_key=f"{week}:{name}") for name in ARCHIVES.get_partition_keys()]
