"""The command `raman-pipeline export-folds`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from raman_pipeline.cli.console import Profile, fail, local_path, out, profile_settings


def export_folds(
    file: Annotated[Path, typer.Argument(help="CSV to write", parser=local_path, metavar="FILE")],
    profile: Profile = None,
) -> None:
    """Write the folds of all splits to one CSV, to cite them or for RAMAN_PIPELINE_FOLDS."""
    import pyarrow.parquet as pq

    from raman_pipeline.common import atomic
    from raman_pipeline.common.storage import local_copy
    from raman_pipeline.learning.data import fold_export
    from raman_pipeline.learning.data.splits import SPLITS
    from raman_pipeline.orchestration.asset_paths import asset_path

    settings = profile_settings(profile)
    store = settings.asset_store
    paths = {
        s: [asset_path(store, a, s) for a in ("fold_assignment", "dealt_folds")] for s in SPLITS
    }
    lacking = [split for split, files in paths.items() if not all(f.exists() for f in files)]
    if lacking:
        command = f"raman-pipeline run --profile {settings.profile}"
        fail(f"{store}: no folds of {', '.join(lacking)}; make them with `{command}`")
    folds, dealt = (
        {s: pq.read_table(local_copy(files[i])) for s, files in paths.items()} for i in (0, 1)
    )
    text = fold_export.export_folds(folds, dealt)
    with atomic.replacing(file, "name another file") as temporary:
        temporary.write_text(text, encoding="utf-8")
    out.print(f"{file}: {text.count(chr(10)) - 1:,} rows, {len(SPLITS)} splits")
