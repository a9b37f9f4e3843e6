"""Data frames as Markdown tables."""

from __future__ import annotations

import numpy as np
import pandas as pd


def markdown_table(frame: pd.DataFrame, rows: int | None = None) -> list[str]:
    """Returns a frame as the lines of a Markdown table; missing values are empty cells.

    Args:
        frame: any frame; its index is not shown.
        rows: show at most this many rows, and the number of the others; all rows if None.
    """
    names = [str(c).replace("_", " ") for c in frame.columns]
    lines = [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
    shown = frame if rows is None else frame.head(rows)
    for row in shown.astype(object).where(shown.notna(), "").itertuples(index=False):
        cells = [_cell(value) for value in row]
        lines.append(f"| {' | '.join(cells)} |")
    if len(shown) < len(frame):
        lines.append(f"| … and {len(frame) - len(shown):,} more |" + " |" * (len(names) - 1))
    return lines


def _cell(value: object) -> str:
    if isinstance(value, int | float | np.number) and float(value) == int(value):
        return f"{int(value):,}"
    return str(value).replace("|", "/").replace("\n", " ")
