"""Sensors: archives that changed, and what follows from them.

What belongs here: what runs because something happened. What does not: training,
which costs hours and runs by backfill.
"""

import json

import dagster as dg

from raman_pipeline.orchestration.jobs import (
    DATASET_ASSETS,
    FOLD_ASSETS,
    INGEST,
    INGEST_ASSETS,
    request_archive,
)
from raman_pipeline.orchestration.partitions import ARCHIVES
from raman_pipeline.orchestration.resources import Rruff
from raman_pipeline.rruff.zip_archive import ArchiveError

_DAY_S = 24 * 3600


@dg.sensor(
    job=INGEST,
    minimum_interval_seconds=_DAY_S,
    default_status=dg.DefaultSensorStatus.STOPPED,
    description="Asks for validators only and fetches the archives whose validators changed.",
)
def changed_archives(
    context: dg.SensorEvaluationContext, rruff: dg.ResourceParam[Rruff]
) -> dg.SensorResult:
    """Requests one run for each archive that is not as the cursor remembers it.

    The cursor is JSON, archive name to validator. An archive whose server does not
    answer keeps its old entry and is asked again next time.
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
    target=dg.AssetSelection.assets(*INGEST_ASSETS[1:], *DATASET_ASSETS, *FOLD_ASSETS),
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=30,
    description="Materialises what follows from a changed archive, up to the folds.",
)
