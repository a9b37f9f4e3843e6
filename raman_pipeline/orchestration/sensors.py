"""Sensors: archives that changed, and the assets that follow up to the folds."""

import json

import dagster as dg

from raman_pipeline.orchestration.jobs import GROUPS, INGEST, request_archive
from raman_pipeline.orchestration.partitions import ARCHIVES
from raman_pipeline.orchestration.resources import Rruff
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


follow_up = dg.AutomationConditionSensorDefinition(
    "follow_up",
    target=dg.AssetSelection.groups(
        *(group for job in ("ingest", "dataset", "folds", "index") for group in GROUPS[job])
    ),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    description="Materialises what depends on a changed archive, up to the folds, and the page of "
    "all results whenever one changed.",
)
