"""Archives as RRUFF publishes them."""

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import dagster as dg
from pydantic import Field

from raman_pipeline.common.storage import StorePath
from raman_pipeline.orchestration import asset_kit as kit
from raman_pipeline.orchestration.partitions import ARCHIVES
from raman_pipeline.orchestration.resources import Rruff
from raman_pipeline.rruff.archive_store import NOT_PUBLISHED, ArchiveRecord
from raman_pipeline.rruff.mirror import DownloadProgress, UpdateRejected

UPDATE_CHECK = "update_accepted"
_PROGRESS_SECONDS = 5.0
_CHECKED_WEEKLY = dg.FreshnessPolicy.time_window(timedelta(days=15), timedelta(days=8))
"""Of `weekly_refresh`: a warning once a week was missed, an error after two."""


class ArchiveConfig(dg.Config):
    """Configuration of a fetch."""

    accept: bool = Field(
        False,
        description="accept the published version even if the archive is gone or much smaller",
    )


@dg.asset(
    partitions_def=ARCHIVES,
    group_name="archives",
    kinds={"file"},
    owners=kit.OWNERS,
    code_version="1",
    freshness_policy=_CHECKED_WEEKLY,
    check_specs=kit.check_specs(
        "rruff_archive",
        {
            "archive_intact": "A published archive is in the store, and every member passed its "
            "CRC.",
            UPDATE_CHECK: "The published version is accepted: not gone, damaged or much smaller.",
        },
    ),
)
def rruff_archive(
    context: dg.AssetExecutionContext, config: ArchiveConfig, rruff: dg.ResourceParam[Rruff]
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """One zip archive of RRUFF, downloaded only when it changed.

    The data version is the SHA-256 of the zip. An archive that was never published (404) is
    recorded as such, which is no error. One that disappears, shrinks or is damaged later does
    not replace the accepted version; the check `update_accepted` fails.
    """
    name = context.partition_key
    progress = _progress_logger(context, name)
    try:
        changed = rruff.fetch(name, progress, config.accept).changed
    except UpdateRejected as error:
        # A failed check without a materialisation: the accepted version is unchanged.
        yield _check(UPDATE_CHECK, False, problem=str(error))
        raise dg.Failure(str(error), allow_retries=False) from error
    record, path = rruff.store.record(name), rruff.store.path(name)
    assert record is not None
    intact = record.status == NOT_PUBLISHED or path is not None
    yield dg.MaterializeResult(
        metadata=_metadata(record, path) | {"changed": changed},
        data_version=dg.DataVersion(record.data_version),
        check_results=[
            _check("archive_intact", intact, members=record.members),
            _check(UPDATE_CHECK, True),
        ],
    )


def _check(name: str, passed: bool, **metadata: Any) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=passed, asset_key="rruff_archive", check_name=name, metadata=metadata
    )


def _metadata(record: ArchiveRecord, path: StorePath | None) -> dict[str, Any]:
    shown = {"status": record.status, "url": record.url, "checked_at": record.checked_at}
    if path is None:
        return shown
    facts = ("sha256", "bytes", "etag", "last_modified", "fetched_at")
    uri = {"dagster/uri": path.as_uri(), "dagster/row_count": record.members}
    return shown | uri | {name: getattr(record, name) for name in facts}


def _progress_logger(context: dg.AssetExecutionContext, name: str) -> DownloadProgress:
    last = 0.0

    def progress(done: int, total: int | None) -> None:
        nonlocal last
        if time.monotonic() - last > _PROGRESS_SECONDS:
            last = time.monotonic()
            of = f" of {total / 1e6:,.1f}" if total else ""
            context.log.info(f"{name}: {done / 1e6:,.1f}{of} MB")

    return progress
