"""Stage 1: archives as RRUFF publishes them."""

import time

import dagster as dg

from raman_pipeline.orchestration.metadata import OWNERS, check_result, promise_check
from raman_pipeline.orchestration.partitions import ARCHIVES
from raman_pipeline.orchestration.resources import Rruff
from raman_pipeline.rruff.archive_store import NOT_PUBLISHED, PUBLISHED

_PROGRESS_SECONDS = 5.0


@dg.asset(
    partitions_def=ARCHIVES,
    group_name="archives",
    kinds={"file"},
    owners=OWNERS,
    pool="rruff_site",
    code_version="1",
    check_specs=[
        promise_check(
            "rruff_archive",
            "archive_intact",
            "A published archive lies in the store, and every member passed its CRC.",
        )
    ],
)
def rruff_archive(
    context: dg.AssetExecutionContext, rruff: dg.ResourceParam[Rruff]
) -> dg.MaterializeResult:
    """One zip archive of RRUFF, downloaded only when it changed.

    The data version is the SHA-256 of the zip. An archive that answers 404 is recorded
    as not published, which is no error: ratings move and archives come and go.
    """
    name = context.partition_key
    last = 0.0

    def progress(done: int, total: int | None) -> None:
        nonlocal last
        if time.monotonic() - last > _PROGRESS_SECONDS:
            last = time.monotonic()
            of = f" of {total / 1e6:,.1f}" if total else ""
            context.log.info(f"{name}: {done / 1e6:,.1f}{of} MB")

    fetched = rruff.fetch(name, progress)
    record = fetched.record
    path = rruff.store.path(name)
    metadata: dict = {
        "status": record.status,
        "changed": fetched.changed,
        "url": record.url,
        "checked_at": record.checked_at,
    }
    if record.status == PUBLISHED and path is not None:
        metadata |= {
            "dagster/uri": path.as_uri(),
            "path": dg.MetadataValue.path(path),
            "sha256": record.sha256,
            "bytes": record.bytes,
            "dagster/row_count": record.members,
            "etag": record.etag,
            "last_modified": record.last_modified,
            "fetched_at": record.fetched_at,
        }
    intact = record.status == NOT_PUBLISHED or path is not None
    return dg.MaterializeResult(
        metadata=metadata,
        data_version=dg.DataVersion(record.sha256 or NOT_PUBLISHED.replace(" ", "-")),
        check_results=[
            check_result("rruff_archive", "archive_intact", intact, members=record.members)
        ],
    )
