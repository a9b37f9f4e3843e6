"""The findings that close a run, and the path of the page with all results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.table import Table
from rich.text import Text

from raman_pipeline.cli.console import out

if TYPE_CHECKING:
    from raman_pipeline.settings import Settings


def print_findings(settings: Settings) -> None:
    """Prints what the last page says, a line per finding; nothing before the first page."""
    import pyarrow.parquet as pq

    from raman_pipeline.common.storage import local_copy
    from raman_pipeline.orchestration.asset_paths import asset_path
    from raman_pipeline.report_index.findings import SIMULATED

    file = asset_path(settings.asset_store, "report_index")
    if not file.exists():
        return
    out.print(Text.assemble("\n", ("Findings", "bold"), f", {settings.profile} profile"))
    if settings.simulated:
        out.print(SIMULATED, style="yellow")
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for row in pq.read_table(local_copy(file), columns=["subject", "finding"]).to_pylist():
        table.add_row(Text(row["subject"]), Text(row["finding"]))
    out.print(table)
    out.print(f"\nAll reports, tables, figures and maps: {settings.index_page}", soft_wrap=True)
