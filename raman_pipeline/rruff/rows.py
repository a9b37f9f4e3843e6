"""Rows of numbers: `shift, intensity` or the same with blanks between them.

What belongs here: turning row text into arrays, exactly. What does not: what the
numbers must satisfy (see `member`).
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyarrow import csv

from raman_pipeline.rruff.refusals import MemberRefused, RefusalCode

NUMBER = r"[+-]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?|(?i:nan|inf(?:inity)?))"
ROW = re.compile(rf"^[ \t]*({NUMBER})(?:[ \t]*,[ \t]*|[ \t]+)({NUMBER})[ \t]*$")

_READ = csv.ReadOptions(column_names=["x", "y"], use_threads=False)
_PARSE = csv.ParseOptions(delimiter=",", quote_char=False, ignore_empty_lines=False)
_CONVERT = csv.ConvertOptions(
    column_types={"x": pa.float64(), "y": pa.float64()}, null_values=[], strings_can_be_null=False
)

Columns = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]


class Row(NamedTuple):
    """A line that should be a row, with its number in the file (from 1)."""

    line: int
    text: str


def parse_rows(block: str) -> Columns | None:
    """Reads a block of comma-separated rows in one go, or returns None.

    None means that the block is not of the plain form: whether it is sound in
    another form (blanks between the numbers, empty lines) or wrong, and where, is
    for `rows_from_lines` to say. pyarrow's reader is strict about two numbers a line.
    """
    try:
        table = csv.read_csv(pa.py_buffer(block.encode()), _READ, _PARSE, _CONVERT)
    except pa.ArrowInvalid:
        return None
    with np.errstate(over="ignore"):
        return tuple(  # pyright: ignore[reportReturnType]
            table.column(i).to_numpy().astype(np.float32) for i in (0, 1)
        )


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
