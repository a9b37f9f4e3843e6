"""Written reports and data frames as Markdown."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd


def markdown_report(
    title: str, protocol: Mapping[str, object], *parts: str | Sequence[str] | pd.DataFrame
) -> str:
    """Returns a report as Markdown.

    Args:
        title: of the report.
        protocol: facts that every number depends on, in the order to print.
        parts: headings and paragraphs, lists of items, and frames, which become tables; an empty
            one is `None.`.
    """
    lines = []
    facts = [f"{key}: {value}" for key, value in protocol.items()]
    for part in (f"# {title}", "## Protocol", facts, *parts):
        if isinstance(part, pd.DataFrame):
            lines += markdown_table(part) if len(part) else ["None."]
        else:
            lines += [part] if isinstance(part, str) else [f"- {item}" for item in part]
        lines.append("")
    return "\n".join(lines)


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
