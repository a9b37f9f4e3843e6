"""Rows of numbers: `shift, intensity` or the same with blanks between them.

What belongs here: what a row is, and reading rows one by one. What does not: speed
(see `row_scanner`), what the numbers must satisfy (see `member`).
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from raman_pipeline.rruff.refusals import MemberRefused, RefusalCode

# Possessive quantifiers: a line of a million digits must not cost a million tries. Optional
# groups are not possessive: `re` of Python 3.11.2 then takes the "e" of "1.e" for an exponent.
NUMBER = r"[+-]?(?:(?:\d++\.?+\d*+|\.\d++)(?:[eE][+-]?\d++)?|(?i:nan|inf(?:inity)?))"
ROW = re.compile(rf"^[ \t]*+({NUMBER})(?:[ \t]*+,[ \t]*+|[ \t]++)({NUMBER})[ \t]*+$", re.ASCII)


class Row(NamedTuple):
    """A line that should be a row, with its number in the file (from 1)."""

    line: int
    text: str


def rows_from_lines(
    rows: list[Row],
) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], list[int]]:
    """Reads rows one by one; also returns the line of each.

    Raises:
        MemberRefused: ROW, at the first line that is not exactly two numbers.
    """
    values = np.empty((len(rows), 2), dtype=np.float64)
    for i, row in enumerate(rows):
        match = ROW.match(row.text)
        if match is None:
            raise MemberRefused(RefusalCode.ROW, row.line, row.text.strip())
        values[i] = float(match.group(1)), float(match.group(2))
    with np.errstate(over="ignore"):
        columns = values.astype(np.float32)
    return columns[:, 0].copy(), columns[:, 1].copy(), [row.line for row in rows]
