"""What assets left in a store: tables, written reports with their protocols, figures, files."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from raman_pipeline.common.storage import StorePath, in_order, local_copy

REPORT = "report.md"


@dataclass(frozen=True)
class Store:
    """The folders of a profile.

    Attributes:
        assets: what assets hold.
        reports: their written reports, figures and files.
    """

    assets: StorePath
    reports: StorePath

    def table(self, name: str) -> pd.DataFrame | None:
        """Returns the table of an asset, all partitions of it; None where it was not made."""
        file = self.assets / f"{name}.parquet"
        files = [file] if file.exists() else in_order((self.assets / name).rglob("[!.]*.parquet"))
        tables = [pq.read_table(local_copy(file)) for file in files]
        return pa.concat_tables(tables).to_pandas() if tables else None

    def rows(self, name: str) -> int:
        """Returns the number of rows of a partitioned table, without reading them."""
        files = (self.assets / name).rglob("[!.]*.parquet")
        return sum(pq.read_metadata(local_copy(file)).num_rows for file in files)

    def report(self, name: str) -> str | None:
        """Returns the written report of an asset as Markdown; None where it was not made."""
        file = self.reports / name / REPORT
        return local_copy(file).read_text("utf-8") if file.exists() else None

    def protocol(self, name: str, *facts: str) -> str:
        """Returns some facts of the protocol of a report, as `fact: value; …`."""
        text = (self.report(name) or "").partition("## Protocol")[2].partition("\n## ")[0]
        found = dict(line[2:].split(": ", 1) for line in text.splitlines() if line.startswith("- "))
        return "; ".join(f"{fact}: {found[fact]}" for fact in facts if fact in found)

    def files(self, name: str) -> list[StorePath]:
        """Returns figures and other files of an asset, all partitions of it, without the report."""
        found = (self.reports / name).rglob("[!.]*.*")
        return in_order(path for path in found if path.name != REPORT)
