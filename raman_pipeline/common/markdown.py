"""Markdown of tables, for written reports.

What belongs here: how a frame becomes lines of Markdown. What does not: what the reports
say.
"""

from __future__ import annotations

import numpy as np
import pandas as pd


def markdown_table(frame: pd.DataFrame) -> list[str]:
    """Returns a frame as the lines of a Markdown table; empty cells for missing values."""
    names = [str(c).replace("_", " ") for c in frame.columns]
    lines = [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
    for row in frame.astype(object).where(frame.notna(), "").itertuples(index=False):
        cells = [_cell(value) for value in row]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _cell(value: object) -> str:
    if isinstance(value, int | float | np.number) and float(value) == int(value):
        return f"{int(value):,}"
    return str(value).replace("|", "/").replace("\n", " ")
