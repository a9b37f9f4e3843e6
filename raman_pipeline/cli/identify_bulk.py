"""`raman-pipeline identify --out`: many spectra into a Parquet data set, with progress."""

from __future__ import annotations

from collections.abc import Sequence

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from raman_pipeline.cli.console import err, out
from raman_pipeline.cli.identify_output import SIMULATED
from raman_pipeline.common.shards import Workers
from raman_pipeline.common.storage import StorePath
from raman_pipeline.learning.identification.bulk import Task, identify_all


def identify_into(
    task: Task, files: Sequence[StorePath], folder: StorePath, workers: Workers
) -> bool:
    """Identifies spectra into a folder and says what was found; returns whether all are usable."""
    columns = (
        TextColumn("identify, parts of some 500 spectra"),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    try:
        with Progress(*columns, console=err) as progress:
            bar = progress.add_task("", total=None)
            found = identify_all(
                task, files, folder, workers,
                lambda made, total: progress.update(bar, completed=made, total=total),
            )  # fmt: skip
    except KeyboardInterrupt:
        err.print("interrupted; finished parts are kept, give the same command to go on")
        raise
    if found.simulated:
        err.print(SIMULATED, soft_wrap=True)
    out.print(
        f"{folder}: {found.known + found.unknown:,} spectra identified, "
        f"{found.unknown:,} of them UNKNOWN; {found.errors:,} files or spectra cannot be "
        "used (column `error`)",
        soft_wrap=True,
    )
    return not found.errors
