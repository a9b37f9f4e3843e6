"""Collects results of the synthetic tasks from several stores; trainings take hours.

    python -m benchmarks.synthetic_table [STORE ...]

adds the `synthetic_report` of each store to docs/synthetic.json (rows of the same task, method and
seed are replaced), prints the table and the conclusions for docs/synthetic.md, and plots
docs/synthetic.png.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from raman_pipeline.common.markdown import markdown_table
from raman_pipeline.learning.synthetic_tasks.report import conclusions, summary, wide
from raman_pipeline.plots.synthetic import error_rates

DOCS = Path(__file__).parents[1] / "docs"
_KEY = ["seed", "task", "method", "part", "components", "at_least"]


def main() -> None:
    """Merges and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stores", type=Path, nargs="*")
    kept = DOCS / "synthetic.json"
    parts = [pd.read_json(kept, orient="records")] if kept.exists() else []
    for store in parser.parse_args().stores:
        parts.append(pq.read_table(store / "assets" / "synthetic_report.parquet").to_pandas())
    runs = pd.concat(parts, ignore_index=True).drop_duplicates(_KEY, keep="last").sort_values(_KEY)
    runs = runs[[*_KEY, "n", "accuracy", "setting"]].assign(accuracy=runs["accuracy"].round(6))
    kept.write_text(runs.to_json(orient="records", indent=0) + "\n", encoding="utf-8")
    table = summary(runs)
    print("\n".join([*markdown_table(wide(table)), "", *conclusions(table)]))
    error_rates(table).savefig(DOCS / "synthetic.png", dpi=110)


if __name__ == "__main__":
    main()
