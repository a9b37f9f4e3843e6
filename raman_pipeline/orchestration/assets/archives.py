"""Archives as RRUFF publishes them."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg

from raman_pipeline.orchestration.metadata import OWNERS, blocking_check, check_result
from raman_pipeline.orchestration.partitions import ARCHIVES
from raman_pipeline.orchestration.resources import Rruff
from raman_pipeline.rruff.archive_store import NOT_PUBLISHED, ArchiveRecord
from raman_pipeline.rruff.mirror import DownloadProgress, UpdateRejected

UPDATE_CHECK = "update_accepted"
_PROGRESS_SECONDS = 5.0


class ArchiveConfig(dg.Config):
    """Configuration of a fetch.

    Attributes:
        accept: accept the published version even if the archive is gone or much smaller.
    """

    accept: bool = False


@dg.asset(
    partitions_def=ARCHIVES,
    group_name="archives",
    kinds={"file"},
    owners=OWNERS,
    pool="rruff_site",
    code_version="1",
    check_specs=[
        blocking_check(
            "rruff_archive",
            "archive_intact",
            "A published archive lies in the store, and every member passed its CRC.",
        ),
        blocking_check(
            "rruff_archive",
            UPDATE_CHECK,
            "The published version is accepted: it is not gone, damaged or much smaller.",
        ),
    ],
)
def rruff_archive(
    context: dg.AssetExecutionContext, config: ArchiveConfig, rruff: dg.ResourceParam[Rruff]
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:
    """One zip archive of RRUFF, downloaded only when it changed.

    The data version is the SHA-256 of the zip. An archive that answers 404 from the
    first is recorded as not published, which is no error. One that goes, shrinks or
    breaks later does not replace the version in use; the check `update_accepted` fails.
    """
    name = context.partition_key
    progress = _logger_of_progress(context, name)
    try:
        changed = rruff.fetch(name, progress, config.accept).changed
    except UpdateRejected as error:
        # A failed check, and no materialisation: the version in use is what it was.
        yield check_result("rruff_archive", UPDATE_CHECK, False, problem=str(error))
        raise dg.Failure(str(error), allow_retries=False) from error
    record, path = rruff.store.record(name), rruff.store.path(name)
    assert record is not None
    intact = record.status == NOT_PUBLISHED or path is not None
    yield dg.MaterializeResult(
        metadata=_facts(record, path) | {"changed": changed},
        data_version=dg.DataVersion(record.sha256 or NOT_PUBLISHED.replace(" ", "-")),
        check_results=[
            check_result("rruff_archive", "archive_intact", intact, members=record.members),
            check_result("rruff_archive", UPDATE_CHECK, True),
        ],
    )


def _facts(record: ArchiveRecord, path: Path | None) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "status": record.status,
        "url": record.url,
        "checked_at": record.checked_at,
    }
    if path is not None:
        facts |= {
            "dagster/uri": path.as_uri(),
            "path": dg.MetadataValue.path(path),
            "sha256": record.sha256,
            "bytes": record.bytes,
            "dagster/row_count": record.members,
            "etag": record.etag,
            "last_modified": record.last_modified,
            "fetched_at": record.fetched_at,
        }
    return facts


def _logger_of_progress(context: dg.AssetExecutionContext, name: str) -> DownloadProgress:
    last = 0.0

    def progress(done: int, total: int | None) -> None:
        nonlocal last
        if time.monotonic() - last > _PROGRESS_SECONDS:
            last = time.monotonic()
            of = f" of {total / 1e6:,.1f}" if total else ""
            context.log.info(f"{name}: {done / 1e6:,.1f}{of} MB")

    return progress
