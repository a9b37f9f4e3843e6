"""Notices: a message to a webhook about runs and checks that failed, and updates that wait.

What belongs here: what is sent, once each. What does not: what is done about it (see `sensors`).
"""

import json
import os

import dagster as dg
import httpx

from raman_pipeline.orchestration.assets.archives import UPDATE_CHECK
from raman_pipeline.orchestration.dagster_internals import PARTITION_NAME_TAG, failure_message
from raman_pipeline.settings import Settings

WEBHOOK = "RAMAN_PIPELINE_WEBHOOK"
_EVENTS = dg.DagsterEventType
_ENDS = (_EVENTS.RUN_FAILURE, _EVENTS.RUN_SUCCESS)
_MOST = 20
"""Messages of one tick."""
_TIMEOUT_S = 10.0


@dg.sensor(
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=f"Sends {WEBHOOK} what failed and which update waits to be accepted.",
)
def notices(
    context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
) -> dg.SkipReason:
    """Posts one JSON message, `{"text": …}`, for each run that failed or has failed checks.

    The cursor is JSON, kind of end to the last run that was sent, so that what a silent receiver
    missed is sent later. What ended before the first tick is not.
    """
    address, instance = os.environ.get(WEBHOOK), context.instance
    if not address:
        return dg.SkipReason(f"{WEBHOOK} is not set")
    last: dict[str, str] = json.loads(context.cursor) if context.cursor else {}
    sent, problem = 0, ""
    for end in _ENDS:
        if end.value not in last:
            last[end.value] = instance.fetch_run_status_changes(end, 1).cursor
        while sent < _MOST and not problem:
            next_one = instance.fetch_run_status_changes(end, 1, last[end.value], ascending=True)
            if not next_one.records:
                break
            text = _text(instance, next_one.records[0].run_id, settings.profile)
            try:
                if text:
                    httpx.post(address, json={"text": text}, timeout=_TIMEOUT_S).raise_for_status()
                    sent += 1
            except httpx.HTTPError as error:
                # Without its message, which holds the address: a secret.
                problem = f"; {WEBHOOK} did not take the next: {type(error).__name__}"
                break
            last[end.value] = next_one.cursor
    context.update_cursor(json.dumps(last))
    return dg.SkipReason(f"{sent} messages sent{problem}")


def _text(instance: dg.DagsterInstance, run_id: str, profile: str) -> str | None:
    """Returns the message on a run; None where nothing failed."""
    run = instance.get_run_by_id(run_id)
    if run is None:  # deleted since
        return None
    logs = instance.all_logs(run_id, of_type={_EVENTS.STEP_FAILURE, _EVENTS.ASSET_CHECK_EVALUATION})
    events = [entry.dagster_event for entry in logs if entry.dagster_event]
    failures = [
        f"{event.step_key}: {failure_message(event.step_failure_data)}"
        for event in events
        if event.is_step_failure
    ]
    checks = [
        event.asset_check_evaluation_data
        for event in events
        if event.event_type == _EVENTS.ASSET_CHECK_EVALUATION
    ]
    failed = [check for check in checks if not check.passed]
    if run.status == dg.DagsterRunStatus.SUCCESS and not failed:
        return None
    waits = any(check.check_name == UPDATE_CHECK for check in failed)
    title = "an update waits" if waits else "a run failed" if failures else "a check failed"
    what = ", ".join(filter(None, (run.job_name, run.tags.get(PARTITION_NAME_TAG))))
    named = [f"check {c.check_name} of {c.asset_key.to_user_string()} failed" for c in failed]
    return "\n".join(
        [f"raman_pipeline, {profile} profile: {title} ({what}, run {run_id})", *failures, *named]
    )
